//! The folder that nothing leaves.

use crate::errors;
use sluice_contract::{Code, Fault};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The root of a linked service, as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// Reads `host`: an absolute path, or `file:///path`.
    pub(crate) fn parse(host: &str) -> Result<Self, Fault> {
        let refused = |why: &str| Fault::new(Code::PropertyMissing, format!("`host` {host:?}: {why}"));
        let path = host.strip_prefix("file://").unwrap_or(host);
        if host.starts_with(r"\\") || host.starts_with("//") {
            return Err(refused(
                "a share of another machine is served where it is mounted; give the folder of the mount",
            ));
        }
        if !path.starts_with('/') || path.contains('\0') {
            return Err(refused("not an absolute path such as /data or file:///data"));
        }
        Ok(Self(PathBuf::from(path)))
    }

    /// The root itself, links resolved.
    pub(crate) fn real(&self) -> Result<PathBuf, Fault> {
        let real = self
            .0
            .canonicalize()
            .map_err(|error| errors::fault("opening", &self.0, &error))?;
        if !real.is_dir() {
            return Err(Fault::new(
                Code::FileNotFound,
                format!("{} is not a folder", self.0.display()),
            ));
        }
        Ok(real)
    }

    /// Where `path` lies, links resolved as far as it exists. What does not exist yet cannot be a link.
    ///
    /// Between this check and the use of the path, somebody who may write below the root could put a link there; such a person
    /// has the rights to read and write these files anyhow, but gains what the gateway's user may do. Give the gateway a user
    /// of its own.
    ///
    /// # Errors
    /// `SL6006` when it lies outside of the root.
    pub(crate) fn resolve(&self, path: &str) -> Result<PathBuf, Fault> {
        let outside = || {
            let root = self.0.display();
            Fault::new(
                Code::PermissionDenied,
                format!("{path:?} lies outside of {root}, which the linked service names"),
            )
        };
        let root = self.real()?;
        let mut real = root.clone();
        let mut exists = true;
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." || part.contains('\0') {
                return Err(outside());
            }
            real.push(part);
            if !exists {
                continue;
            }
            match real.canonicalize() {
                Ok(found) => real = found,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    match real.symlink_metadata() {
                        // A link that points nowhere yet could point anywhere later.
                        Ok(metadata) if metadata.is_symlink() => return Err(outside()),
                        // Made in between, by another writer of the same copy.
                        Ok(_) => {}
                        Err(_) => exists = false,
                    }
                }
                Err(error) => return Err(errors::fault("opening", &real, &error)),
            }
            if !real.starts_with(&root) {
                return Err(outside());
            }
        }
        Ok(real)
    }

    /// For people.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

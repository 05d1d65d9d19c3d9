//! Where a file is staged, and how it is published: beside the target, and with a rename.
//!
//! A staged file is named `.NAME.TAG.sluice-part`, where TAG is the attempt's [`CommitKey::tag`]. The rules, which need no
//! other file to remember them:
//!
//! * A new attempt removes the staged files of earlier attempts of its job. An attempt that was overtaken therefore finds
//!   nothing to rename, and cannot publish any more (`SL7004`).
//! * An attempt that finds a staged file of a later attempt of its job gives up (`SL7004`).
//! * A commit replaces the target as a whole, so that an attempt that repeats a published one changes nothing but the file's
//!   time. The same stage, asked again, answers from its memory.

use crate::errors;
use crate::root::Root;
use sluice_contract::{Code, Fault};
use sluice_store_core::CommitKey;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const SUFFIX: &str = ".sluice-part";

pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) staged: PathBuf,
    name: String,
    job: String,
    token: u64,
}

impl Place {
    /// # Errors
    /// `SL6006` when the path leaves the root, `SL6013` when it names a folder.
    pub(crate) fn new(root: &Root, path: &str, key: &CommitKey) -> Result<Self, Fault> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        // The name too: a target that is a link out of the root would be replaced and not followed, but it says that something
        // is wrong. `..` is refused with it.
        root.resolve(path)?;
        let folder = root.resolve(folder)?;
        let target = folder.join(name);
        if target.is_dir() {
            return Err(Fault::new(
                Code::PropertyMissing,
                format!("{} is a folder; `fileName` must name a file", target.display()),
            ));
        }
        let tag = key.tag();
        let (job, _) = split_tag(&tag).unwrap_or((&tag, 0));
        Ok(Self {
            staged: folder.join(format!(".{name}.{tag}{SUFFIX}")),
            target,
            folder,
            name: name.to_owned(),
            job: job.to_owned(),
            token: key.token,
        })
    }

    /// Staged files of this target and job: their tokens and paths.
    fn siblings(&self) -> Result<Vec<(u64, PathBuf)>, Fault> {
        let failed = |error| errors::fault("listing", &self.folder, &error);
        let prefix = format!(".{}.", self.name);
        let mut found = Vec::new();
        for item in fs::read_dir(&self.folder).map_err(failed)? {
            let name = item.map_err(failed)?.file_name();
            let tag = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(SUFFIX));
            if let Some((job, token)) = tag.and_then(split_tag)
                && job == self.job
            {
                found.push((token, self.folder.join(&name)));
            }
        }
        Ok(found)
    }

    fn check_latest(&self, siblings: &[(u64, PathBuf)]) -> Result<(), Fault> {
        match siblings.iter().find(|(token, _)| *token > self.token) {
            Some((_, path)) => Err(Fault::new(
                Code::CommitDenied,
                format!("a later attempt of the same job is at work: {}", path.display()),
            )),
            None => Ok(()),
        }
    }

    /// Removes what earlier attempts of the job left.
    pub(crate) fn overtake(&self) -> Result<(), Fault> {
        let siblings = self.siblings()?;
        self.check_latest(&siblings)?;
        for (_, path) in siblings {
            match fs::remove_file(&path) {
                Ok(()) => tracing::info!(path = %path.display(), "Removed what an earlier attempt had staged"),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(errors::fault("removing", &path, &error)),
            }
        }
        Ok(())
    }

    /// Renames the staged file to the target, durably.
    pub(crate) fn publish(&self) -> Result<(), Fault> {
        self.check_latest(&self.siblings()?)?;
        match fs::rename(&self.staged, &self.target) {
            Ok(()) => sync_folder(&self.folder),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Fault::new(
                Code::CommitDenied,
                format!(
                    "{} is gone: a later attempt of the job removed it",
                    self.staged.display()
                ),
            )),
            Err(error) => Err(errors::fault("renaming to", &self.target, &error)),
        }
    }

    /// Removes the staged file.
    pub(crate) fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.staged)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(path = %self.staged.display(), %error, "A staged file could not be removed");
        }
    }
}

/// Job and token of a tag `job_attempt_token`.
fn split_tag(tag: &str) -> Option<(&str, u64)> {
    let (rest, token) = tag.rsplit_once('_')?;
    let (job, _attempt) = rest.rsplit_once('_')?;
    Some((job, token.parse().ok()?))
}

/// Makes a folder's entries durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Fault> {
    let sync = File::open(folder).and_then(|folder| folder.sync_all());
    sync.map_err(|error| errors::fault("syncing", folder, &error))
}

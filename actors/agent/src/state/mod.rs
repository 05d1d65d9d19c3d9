//! The state directory of one node: where its files lie, and how they are read and written.

mod files;
mod lock;
#[cfg(test)]
mod tests;

pub(crate) use files::{read_key, read_public, write_private};
pub(crate) use lock::StateLock;

use sluice_contract::{Code, Fault};
use std::fmt::Display;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Only the owner may enter.
const DIRECTORY_MODE: u32 = 0o700;

/// A node's state directory.
#[derive(Clone, Debug)]
pub(crate) struct StateDir(PathBuf);

impl StateDir {
    /// Makes the directory, and the vault below it, if they are not there, and closes them to others.
    ///
    /// # Errors
    /// `SL8006`.
    pub(crate) fn create(path: &Path) -> Result<Self, Fault> {
        let state = Self(path.to_owned());
        for directory in [path, &state.vault()] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(DIRECTORY_MODE)
                .create(directory)
                .map_err(|e| failed(directory, &e))?;
            close_to_others(directory)?;
        }
        Ok(state)
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Names a directory without touching it.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Who the node is. Its presence means that the node is registered.
    pub(crate) fn gateway_file(&self) -> PathBuf {
        self.0.join("gateway.toml")
    }

    /// The node's private key.
    pub(crate) fn node_key(&self) -> PathBuf {
        self.0.join("node.key")
    }

    /// The node's certificate.
    pub(crate) fn node_certificate(&self) -> PathBuf {
        self.0.join("node.pem")
    }

    /// The message broker and the node's login there, where one carries the control channel.
    pub(crate) fn broker_file(&self) -> PathBuf {
        self.0.join("broker.json")
    }

    /// Where the factory's replicas are reached, as the factory said.
    pub(crate) fn factories_file(&self) -> PathBuf {
        self.0.join("factories.json")
    }

    /// The factory's CA.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// The credential keys.
    pub(crate) fn vault(&self) -> PathBuf {
        self.0.join("vault")
    }

    /// The journal of jobs.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.0.join("ledger.db")
    }

    /// What the copies of this node may use.
    pub(crate) fn limits_file(&self) -> PathBuf {
        self.0.join("limits.json")
    }

    /// The receipts of finished copies.
    pub(crate) fn receipts(&self) -> PathBuf {
        self.0.join("receipts")
    }

    /// Makes the folder of receipts, closed to others like the directory itself.
    ///
    /// # Errors
    /// `SL8006`.
    pub(crate) fn create_receipts(&self) -> Result<PathBuf, Fault> {
        let folder = self.receipts();
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(&folder)
            .map_err(|e| failed(&folder, &e))?;
        close_to_others(&folder)?;
        Ok(folder)
    }

    /// The admin socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join("admin.sock")
    }

    fn lock_file(&self) -> PathBuf {
        self.0.join("lock")
    }
}

fn close_to_others(directory: &Path) -> Result<(), Fault> {
    let metadata = std::fs::metadata(directory).map_err(|e| failed(directory, &e))?;
    if metadata.permissions().mode() & 0o777 == DIRECTORY_MODE {
        return Ok(());
    }
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(DIRECTORY_MODE))
        .map_err(|e| failed(directory, &e))
}

/// A file of the state directory could not be read or written.
fn failed(path: &Path, cause: &dyn Display) -> Fault {
    Fault::new(Code::NodeStateFailed, format!("{}: {cause}", path.display()))
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

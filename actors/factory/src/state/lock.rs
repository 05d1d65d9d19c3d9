//! One factory per state directory, whichever database it uses: the keys in the directory are of one process, and so is
//! the SQLite file.

use crate::pki::failed;
use sluice_contract::{Code, Fault};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Held as long as this process may still do something in the state directory. The operating system releases it even after
/// a kill.
#[derive(Debug)]
pub(crate) struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the lock of a directory.
    ///
    /// # Errors
    /// `SL9015` when another process has it, `SL9001` when the lock file cannot be opened.
    pub(crate) fn take(dir: &Path) -> Result<Self, Fault> {
        let path = dir.join("lock");
        let named = |e: std::io::Error| failed(&path.display().to_string(), e);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(named)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Fault::new(
                Code::StateInUse,
                format!("another factory runs with the state directory {}", dir.display()),
            )),
            Err(TryLockError::Error(e)) => Err(named(e)),
        }
    }
}

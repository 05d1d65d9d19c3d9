//! One agent per state directory.

use super::{StateDir, failed};
use sluice_contract::{Code, Fault};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;

/// Held as long as this process uses the state directory. The operating system releases it even after a kill.
#[derive(Debug)]
pub(crate) struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// `SL2008` when another process has it, `SL8006` when the lock file cannot be opened.
    pub(crate) fn take(state: &StateDir) -> Result<Self, Fault> {
        let path = state.lock_file();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| failed(&path, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Fault::new(
                Code::StateLocked,
                format!("another agent runs with the state directory {}", state.0.display()),
            )),
            Err(TryLockError::Error(e)) => Err(failed(&path, &e)),
        }
    }
}

//! The operating system's errors, by what they mean to a user.

use sluice_contract::{Code, Fault};
use std::io::{Error, ErrorKind};
use std::path::Path;

/// `what` was tried with `path`.
pub(crate) fn fault(what: &str, path: &Path, error: &Error) -> Fault {
    let code = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Code::DiskFull,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Code::PermissionDenied,
        ErrorKind::NotFound | ErrorKind::NotADirectory => Code::FileNotFound,
        ErrorKind::IsADirectory | ErrorKind::InvalidFilename => Code::PropertyMissing,
        _ => Code::StoreFailed,
    };
    Fault::new(code, format!("{what} {}: {error}", path.display()))
}

/// A task that did blocking work ended in a panic or with its runtime.
pub(crate) fn ended(error: impl std::fmt::Display) -> Fault {
    Fault::new(Code::Internal, format!("file work ended: {error}"))
}

/// Runs blocking work where it may block.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Fault>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Fault> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(ended)?
}

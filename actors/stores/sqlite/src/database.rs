//! Opening a database file, and working with it off the async threads.

use crate::errors;
use rusqlite::{Connection, OpenFlags};
use sluice_contract::{Code, Fault};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How long a lock of somebody else is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a database for reading.
///
/// # Errors
/// `SL6005` when there is no such file; other `SL60xx`. No file is ever created.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, false)
}

/// Opens a database for writing, and creates it where `create` says so.
///
/// # Errors
/// `SL6005` when there is no such file or folder; other `SL60xx`.
pub(crate) fn open_to_write(path: &Path, create: bool) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, create)
}

fn open(path: &Path, mode: OpenFlags, create: bool) -> Result<Connection, Fault> {
    let doing = format!("opening {}", path.display());
    let is_file = |path: &Path| path.metadata().is_ok_and(|file| file.is_file());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let can_create = create && !path.exists() && folder.is_none_or(Path::is_dir);
    if !is_file(path) && !can_create {
        return Err(Fault::new(
            Code::FileNotFound,
            format!("{doing}: there is no such file"),
        ));
    }
    // SQLite takes a name that begins with "file:" for more than a name; none that begins at the root does.
    let path =
        &std::path::absolute(path).map_err(|error| Fault::new(Code::FileNotFound, format!("{doing}: {error}")))?;
    let mut flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if can_create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let failed = |error| errors::fault(&doing, &error);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    // Opening reads nothing yet: this shows whether it is a database.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .map_err(failed)?;
    Ok(connection)
}

/// Runs work that blocks.
///
/// # Errors
/// The work's; `SL9002` when it panicked.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Fault::new(
            Code::Internal,
            format!("work on a database ended unexpectedly: {error}"),
        ))
    })
}

/// A connection that several tasks use one after the other.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Connection>>);

impl Shared {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(Arc::new(Mutex::new(connection)))
    }

    /// Waits for the connection.
    pub(crate) async fn lock(&self) -> OwnedMutexGuard<Connection> {
        self.0.clone().lock_owned().await
    }

    /// Runs blocking work on the connection.
    ///
    /// # Errors
    /// The work's; `SL9002` when it panicked.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let mut connection = self.lock().await;
        blocking(move || work(&mut connection)).await
    }
}

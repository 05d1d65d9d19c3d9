//! Several read transactions that see the same.

use crate::database::open_to_read;
use crate::errors;
use rusqlite::Connection;
use sluice_contract::Fault;
use std::path::Path;

/// Begins so often before it settles for one transaction.
const ATTEMPTS: usize = 5;

/// Opens `count` connections and begins a read transaction in each, with no write between the first and the last. When somebody
/// writes all the time, it is one connection.
///
/// # Errors
/// `SL6005`, `SL6014`; other `SL60xx`.
pub(crate) fn take(path: &Path, count: usize) -> Result<Vec<Connection>, Fault> {
    let connections: Result<Vec<Connection>, Fault> = (0..count.max(1)).map(|_| open_to_read(path)).collect();
    let mut connections = connections?;
    let failed = |error| errors::fault("taking a snapshot", &error);
    if connections.len() == 1 {
        begin(&connections[0]).map_err(failed)?;
        return Ok(connections);
    }
    let watcher = open_to_read(path)?;
    for _ in 0..ATTEMPTS {
        let before = version(&watcher).map_err(failed)?;
        for connection in &connections {
            begin(connection).map_err(failed)?;
        }
        if version(&watcher).map_err(failed)? == before {
            return Ok(connections);
        }
        for connection in &connections {
            connection.execute_batch("ROLLBACK").map_err(failed)?;
        }
    }
    tracing::info!("Database is being written all the time: reading it in one partition");
    connections.truncate(1);
    begin(&connections[0]).map_err(failed)?;
    Ok(connections)
}

/// Begins a transaction and makes it take its snapshot, which SQLite does at the first read.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA temp_store = MEMORY; BEGIN")?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Changes whenever another connection commits.
fn version(watcher: &Connection) -> rusqlite::Result<i64> {
    watcher.query_row("PRAGMA data_version", [], |row| row.get(0))
}

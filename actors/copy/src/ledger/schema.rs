//! The ledger's file and tables.

use super::Trouble;
use rusqlite::{Connection, TransactionBehavior};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Every change of the tables, in order. `user_version` counts how many a file has had.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE jobs (
        job TEXT NOT NULL, attempt INTEGER NOT NULL, token INTEGER, state TEXT NOT NULL, spec TEXT NOT NULL,
        received INTEGER NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (job, attempt)
    ) STRICT;
    CREATE TABLE outbox (
        place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, job TEXT NOT NULL, attempt INTEGER NOT NULL,
        envelope TEXT NOT NULL, created INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX outbox_job ON outbox (job, attempt);
    CREATE TABLE cancels (job TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
    CREATE TABLE partitions (
        job TEXT NOT NULL, attempt INTEGER NOT NULL, label TEXT NOT NULL, rows INTEGER NOT NULL,
        finished INTEGER NOT NULL, PRIMARY KEY (job, attempt, label)
    ) STRICT;
",
    "
    DROP TABLE partitions;
    CREATE TABLE checkpoints (
        job TEXT PRIMARY KEY, attempt INTEGER NOT NULL, checkpoint TEXT NOT NULL, kept INTEGER NOT NULL
    ) STRICT;
",
];

pub(super) fn open(path: &Path) -> Result<Connection, Trouble> {
    // SQLite would make the file with the process's umask; its log and index files take over this file's mode.
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), Trouble> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let Some(missing) = usize::try_from(version).ok().and_then(|done| MIGRATIONS.get(done..)) else {
        return Err(Trouble::Newer(version));
    };
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    if !missing.is_empty() {
        transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    }
    transaction.commit()?;
    Ok(())
}

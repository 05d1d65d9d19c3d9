//! The node's durable journal: jobs, outcomes that wait for the factory's acknowledgement, cancels, and where each
//! copy stands.
//!
//! One SQLite file of its own, with `synchronous=FULL` and a write-ahead log: what a call has returned from is on the
//! disk, and a kill or a power loss at any moment leaves whole calls only. Every call blocks on the disk: asynchronous
//! callers use `spawn_blocking`. Times are by the machine's clock, milliseconds since 1970.

mod checkpoints;
mod jobs;
mod outbox;
mod schema;
mod summary;

pub use jobs::{JobState, LedgerJob, Received};
pub use outbox::Outgoing;
pub use summary::LedgerSummary;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use sluice_contract::{Code, Fault};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The open ledger of one node.
pub struct Ledger {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger, and makes it when it is not there. Its file is readable for its owner only.
    ///
    /// # Errors
    /// `SL8001` when it cannot be read and written, is damaged, or was written by a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Fault> {
        let path = path.as_ref().to_owned();
        let connection = schema::open(&path).map_err(|why| failed(&path, &why))?;
        Ok(Self {
            path,
            connection: Mutex::new(connection),
        })
    }

    /// Forgets what is over and older than this: finished jobs whose outcome is acknowledged, with their checkpoints, and
    /// remembered cancels. Says how many jobs that were. Outcomes nobody has acknowledged are never forgotten.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn prune(&self, older_than: DateTime<Utc>) -> Result<usize, Fault> {
        let limit = older_than.timestamp_millis();
        self.write(|transaction| {
            transaction.execute("DELETE FROM cancels WHERE at < ?1", [limit])?;
            let jobs = transaction.execute(
                "DELETE FROM jobs WHERE state = 'done' AND changed < ?1
                 AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.job = jobs.job AND outbox.attempt = jobs.attempt)",
                [limit],
            )?;
            transaction.execute(
                "DELETE FROM checkpoints WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.job = checkpoints.job)",
                [],
            )?;
            Ok(jobs)
        })
    }

    /// One transaction, on the disk when this returns.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Fault> {
        let mut connection = self.lock();
        let all = || {
            // Immediately: a lock that is taken late cannot be waited for.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        all().map_err(|error| failed(&self.path, &Trouble::Sqlite(error)))
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Fault> {
        work(&self.lock()).map_err(|error| failed(&self.path, &Trouble::Sqlite(error)))
    }

    /// Changes a setting of SQLite, to make it fail.
    #[cfg(test)]
    pub(crate) fn pragma(&self, name: &str, value: u32) {
        // Some settings answer with a row.
        self.lock()
            .pragma_update_and_check(None, name, value, |_| Ok(()))
            .unwrap();
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic in between rolled its transaction back when it was dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is wrong with a ledger.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    File(#[from] std::io::Error),
    #[error("it was written by a newer version of Sluice (its schema is {0})")]
    Newer(i64),
}

fn failed(path: &Path, why: &Trouble) -> Fault {
    Fault::new(Code::LedgerFailed, format!("the ledger {}: {why}", path.display()))
}

fn now() -> i64 {
    Utc::now().timestamp_millis()
}

fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

//! Partitions of a running copy that are finished.

use super::Ledger;
use super::now;
use rusqlite::params;
use sluice_contract::{Fault, JobId};

/// A partition that was read and written whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its label.
    pub label: String,
    /// Its rows.
    pub rows: u64,
}

impl Ledger {
    /// Writes down a partition that is in the staging, durable. Doing it again replaces the count.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn partition_finished(&self, job: &JobId, attempt: u32, finished: &Finished) -> Result<(), Fault> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO partitions (job, attempt, label, rows, finished) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET rows = excluded.rows, finished = excluded.finished",
                params![job.as_str(), attempt, finished.label, finished.rows as i64, now()],
            )
        })?;
        Ok(())
    }

    /// The partitions of an attempt that are finished, by label.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn partitions(&self, job: &JobId, attempt: u32) -> Result<Vec<Finished>, Fault> {
        self.read(|connection| {
            let mut query = connection
                .prepare("SELECT label, rows FROM partitions WHERE job = ?1 AND attempt = ?2 ORDER BY label")?;
            let rows = query.query_map(params![job.as_str(), attempt], |row| {
                Ok(Finished {
                    label: row.get(0)?,
                    rows: row.get::<_, i64>(1)? as u64,
                })
            })?;
            rows.collect()
        })
    }
}

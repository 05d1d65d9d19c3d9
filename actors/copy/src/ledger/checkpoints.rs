//! Where copies stand, for the attempts that follow.

use super::{Ledger, now};
use rusqlite::{OptionalExtension, params};
use sluice_contract::job::Checkpoint;
use sluice_contract::{Fault, JobId};

impl Ledger {
    /// Writes down where a job's copy stands. An earlier attempt does not replace a later one.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn keep_checkpoint(&self, job: &JobId, checkpoint: &Checkpoint) -> Result<(), Fault> {
        // Numbers, strings and JSON: serializing cannot fail.
        let text = serde_json::to_string(checkpoint).unwrap_or_default();
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO checkpoints (job, attempt, checkpoint, kept) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET attempt = excluded.attempt, checkpoint = excluded.checkpoint, kept = excluded.kept
                 WHERE excluded.attempt >= checkpoints.attempt",
                params![job.as_str(), checkpoint.attempt, text, now()],
            )
        })?;
        Ok(())
    }

    /// Where a job's copy stood last on this node. One that cannot be read counts as none: the copy starts over.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn checkpoint(&self, job: &JobId) -> Result<Option<Checkpoint>, Fault> {
        let text: Option<String> = self.read(|connection| {
            let mut query = connection.prepare("SELECT checkpoint FROM checkpoints WHERE job = ?1")?;
            query.query_row([job.as_str()], |row| row.get(0)).optional()
        })?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

//! Outcomes that the factory has not acknowledged yet.

use super::{Ledger, now, time};
use chrono::{DateTime, Utc};
use rusqlite::params;
use sluice_contract::{Code, Envelope, Fault, JobId};

/// An outcome on its way to the factory.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The envelope, with the id under which it will be acknowledged.
    pub envelope: Envelope,
    /// When it was written down.
    pub created: DateTime<Utc>,
    /// How often it was sent.
    pub attempts: u32,
}

impl Ledger {
    /// Ends a job: its state and its outcome are written in one transaction, so that neither is there without the other.
    /// Doing it twice with the same envelope changes nothing.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn finish(&self, job: &JobId, attempt: u32, outcome: &Envelope) -> Result<(), Fault> {
        self.finish_in_parts(job, attempt, &[], outcome)
    }

    /// The same for an outcome whose output goes before it, in these parts.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn finish_in_parts(
        &self,
        job: &JobId,
        attempt: u32,
        parts: &[Envelope],
        outcome: &Envelope,
    ) -> Result<(), Fault> {
        let text = |envelope: &Envelope| {
            let text =
                serde_json::to_string(envelope).map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
            Ok((envelope.id.clone(), text))
        };
        let messages = parts
            .iter()
            .chain([outcome])
            .map(text)
            .collect::<Result<Vec<_>, Fault>>()?;
        self.write(|transaction| {
            transaction.execute(
                "UPDATE jobs SET state = 'done', changed = ?3 WHERE job = ?1 AND attempt = ?2",
                params![job.as_str(), attempt, now()],
            )?;
            let mut insert = transaction.prepare(
                "INSERT INTO outbox (id, job, attempt, envelope, created) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
            )?;
            messages.iter().try_for_each(|(id, text)| {
                insert
                    .execute(params![id, job.as_str(), attempt, text, now()])
                    .map(drop)
            })
        })?;
        Ok(())
    }

    /// What has to be sent, oldest first. An entry that cannot be read is left where it is and logged.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn outbox(&self) -> Result<Vec<Outgoing>, Fault> {
        let rows: Vec<(String, String, i64, u32)> = self.read(|connection| {
            let mut query = connection.prepare("SELECT id, envelope, created, attempts FROM outbox ORDER BY place")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            rows.collect()
        })?;
        let parsed = rows
            .into_iter()
            .filter_map(|(id, text, created, attempts)| match serde_json::from_str(&text) {
                Ok(envelope) => Some(Outgoing {
                    envelope,
                    created: time(created),
                    attempts,
                }),
                Err(error) => {
                    tracing::error!(envelope = %id, %error, "An outcome in the ledger cannot be read");
                    None
                }
            });
        Ok(parsed.collect())
    }

    /// Counts that these envelopes were sent once more.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn sent(&self, ids: &[String]) -> Result<(), Fault> {
        self.write(|transaction| {
            let mut update = transaction.prepare("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?1")?;
            ids.iter().try_for_each(|id| update.execute([id]).map(|_| ()))
        })
    }

    /// The factory has recorded these envelopes: they need not be sent again. Unknown ids are left alone. Says how many
    /// there were.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn ack(&self, ids: &[String]) -> Result<usize, Fault> {
        self.write(|transaction| {
            let mut delete = transaction.prepare("DELETE FROM outbox WHERE id = ?1")?;
            ids.iter().try_fold(0, |count, id| Ok(count + delete.execute([id])?))
        })
    }
}

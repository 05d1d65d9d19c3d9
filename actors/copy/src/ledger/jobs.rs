//! Jobs and cancels.

use super::{Ledger, now, time};
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, params};
use sluice_contract::job::JobSpec;
use sluice_contract::{Code, Fault, JobId};

/// Whether a dispatch is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is in the ledger now.
    Fresh,
    /// It was there before, whatever has become of it since: acknowledge it and do nothing.
    Duplicate,
}

/// How far a job is on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobState {
    /// In the ledger, and nothing else.
    Received,
    /// The factory was asked for a lease.
    Claimed,
    /// The copy runs.
    Running,
    /// The factory was asked for the permit to commit, or has given it.
    Committing,
    /// The outcome is in the outbox, or was acknowledged.
    Done,
}

const STATES: [(JobState, &str); 5] = [
    (JobState::Received, "received"),
    (JobState::Claimed, "claimed"),
    (JobState::Running, "running"),
    (JobState::Committing, "committing"),
    (JobState::Done, "done"),
];

impl JobState {
    /// Its name in the ledger.
    pub fn as_str(self) -> &'static str {
        STATES[self as usize].1
    }

    fn parse(text: &str) -> Option<Self> {
        STATES.iter().find(|(_, name)| *name == text).map(|(state, _)| *state)
    }
}

/// A job in the ledger.
#[derive(Clone, Debug)]
pub struct LedgerJob {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: u32,
    /// The token it runs under, once it has one.
    pub token: Option<u64>,
    /// How far it is.
    pub state: JobState,
    /// When it came.
    pub received: DateTime<Utc>,
    /// When its state changed last.
    pub changed: DateTime<Utc>,
    spec: String,
}

impl LedgerJob {
    /// What it asks for.
    ///
    /// # Errors
    /// `SL8002` when another version wrote it in a form this one does not read.
    pub fn spec(&self) -> Result<JobSpec, Fault> {
        serde_json::from_str(&self.spec)
            .map_err(|error| Fault::new(Code::JobInvalid, format!("job {} in the ledger: {error}", self.job)))
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let state: String = row.get("state")?;
        Ok(Self {
            job: JobId::new(row.get::<_, String>("job")?),
            attempt: row.get("attempt")?,
            token: row.get::<_, Option<i64>>("token")?.map(|token| token as u64),
            // A state of a newer version has begun, and it is not known to be over.
            state: JobState::parse(&state).unwrap_or(JobState::Running),
            received: time(row.get("received")?),
            changed: time(row.get("changed")?),
            spec: row.get("spec")?,
        })
    }
}

impl Ledger {
    /// Writes down a job that was dispatched; only then may its delivery be accepted.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn receive(&self, job: &JobId, attempt: u32, spec: &JobSpec) -> Result<Received, Fault> {
        let spec = serde_json::to_string(spec).map_err(|error| Fault::new(Code::JobInvalid, error.to_string()))?;
        let written = self.write(|transaction| {
            transaction.execute(
                "INSERT INTO jobs (job, attempt, state, spec, received, changed) VALUES (?1, ?2, 'received', ?3, ?4, ?4)
                 ON CONFLICT DO NOTHING",
                params![job.as_str(), attempt, spec, now()],
            )
        })?;
        Ok(if written == 0 {
            Received::Duplicate
        } else {
            Received::Fresh
        })
    }

    /// Writes down the token that a lease was granted under.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn set_token(&self, job: &JobId, attempt: u32, token: u64) -> Result<(), Fault> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE jobs SET token = ?3, changed = ?4 WHERE job = ?1 AND attempt = ?2",
                params![job.as_str(), attempt, token as i64, now()],
            )
        })?;
        Ok(())
    }

    /// Writes down how far a job is. A job that is done stays done.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn set_state(&self, job: &JobId, attempt: u32, state: JobState) -> Result<(), Fault> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE jobs SET state = ?3, changed = ?4 WHERE job = ?1 AND attempt = ?2 AND state <> 'done'",
                params![job.as_str(), attempt, state.as_str(), now()],
            )
        })?;
        Ok(())
    }

    /// One attempt of a job, if it is there.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn job(&self, job: &JobId, attempt: u32) -> Result<Option<LedgerJob>, Fault> {
        self.read(|connection| {
            connection
                .query_row(
                    "SELECT * FROM jobs WHERE job = ?1 AND attempt = ?2",
                    params![job.as_str(), attempt],
                    LedgerJob::read,
                )
                .optional()
        })
    }

    /// The jobs that are not done, oldest first: after a restart, what this node still owes an answer for.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn unfinished(&self) -> Result<Vec<LedgerJob>, Fault> {
        self.read(|connection| {
            let mut query = connection.prepare("SELECT * FROM jobs WHERE state <> 'done' ORDER BY received, rowid")?;
            let jobs = query.query_map([], LedgerJob::read)?;
            jobs.collect()
        })
    }

    /// Remembers that a job was cancelled, so that a cancel that overtakes its dispatch still wins.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn remember_cancel(&self, job: &JobId) -> Result<(), Fault> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO cancels (job, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![job.as_str(), now()],
            )
        })?;
        Ok(())
    }

    /// Whether a cancel of the job is remembered.
    ///
    /// # Errors
    /// `SL8001`.
    pub fn cancelled(&self, job: &JobId) -> Result<bool, Fault> {
        self.read(|connection| {
            connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM cancels WHERE job = ?1)",
                [job.as_str()],
                |row| row.get(0),
            )
        })
    }
}

//! The ledger for asynchronous callers. Every call waits for the disk on a thread for blocking work, and says on the
//! health board when the ledger cannot be used.

use crate::health::{Board, Severity, Topic};
use chrono::{TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sluice_contract::job::{Checkpoint, JobSpec};
use sluice_contract::{Code, Envelope, Fault, JobId};
use sluice_copy::{JobState, Ledger, LedgerJob, Received};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Notify;

/// How long finished jobs and remembered cancels are kept.
const KEEP: TimeDelta = TimeDelta::days(7);

/// The node's ledger.
pub(crate) struct Journal {
    ledger: Arc<Ledger>,
    board: Arc<Board>,
    /// Something is waiting in the outbox.
    pub(crate) outgoing: Notify,
}

/// What to do with a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is to be run.
    Wanted,
    /// It was cancelled before it came.
    Cancelled,
    /// This node has dealt with it already.
    Known,
}

/// What is in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerCounts {
    /// Jobs that are not done.
    pub unfinished: usize,
    /// Outcomes that the factory has not acknowledged.
    pub outbox: usize,
}

impl Journal {
    /// Opens the ledger. Attempts that ran when the agent ended are over: `outcome` makes the message that says so, and the
    /// factory gives their jobs out again. Jobs without a lease are claimed again later. Blocks.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) fn open(path: &Path, board: Arc<Board>, outcome: impl Fn() -> Envelope) -> Result<Self, Fault> {
        let ledger = Ledger::open(path)?;
        for cut_off in ledger.unfinished()? {
            if is_unclaimed(&cut_off) {
                continue;
            }
            let LedgerJob {
                job, attempt, token, ..
            } = cut_off;
            tracing::warn!(%job, attempt, "An attempt was cut off by the end of the agent.");
            ledger.finish(&job, attempt, &outcome().job(job.clone(), attempt, token))?;
        }
        Ok(Self {
            ledger: Arc::new(ledger),
            board,
            outgoing: Notify::new(),
        })
    }

    /// Writes a dispatched job down; when this returns it is on the disk.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) async fn receive(&self, job: &JobId, attempt: u32, spec: Arc<JobSpec>) -> Result<Arrival, Fault> {
        let job = job.clone();
        self.call(move |ledger| {
            if ledger.receive(&job, attempt, &spec)? == Received::Duplicate {
                let known = ledger.job(&job, attempt)?;
                if !known.as_ref().is_some_and(is_unclaimed) {
                    return Ok(Arrival::Known);
                }
            }
            Ok(if is_cancelled(ledger, &job, attempt)? {
                Arrival::Cancelled
            } else {
                Arrival::Wanted
            })
        })
        .await
    }

    /// Writes down under which token a job begins.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) async fn start(&self, job: &JobId, attempt: u32, token: u64) -> Result<(), Fault> {
        let job = job.clone();
        self.call(move |ledger| {
            ledger.set_token(&job, attempt, token)?;
            ledger.set_state(&job, attempt, JobState::Running)
        })
        .await
    }

    /// Writes down where a copy stands.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) async fn keep_checkpoint(&self, job: &JobId, checkpoint: &Checkpoint) -> Result<(), Fault> {
        let (job, checkpoint) = (job.clone(), checkpoint.clone());
        self.call(move |ledger| ledger.keep_checkpoint(&job, &checkpoint)).await
    }

    /// Where a copy stood last on this node.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) async fn checkpoint(&self, job: &JobId) -> Result<Option<Checkpoint>, Fault> {
        let job = job.clone();
        self.call(move |ledger| ledger.checkpoint(&job)).await
    }

    /// Ends a job and puts its outcome into the outbox, behind the parts of its output; when this returns all is on the disk.
    ///
    /// # Errors
    /// `SL8001`, `SL3005` for an envelope without a job.
    pub(crate) async fn finish(&self, parts: &[Envelope], outcome: &Envelope) -> Result<(), Fault> {
        let (parts, outcome) = (parts.to_vec(), outcome.clone());
        self.call(move |ledger| match (&outcome.job, outcome.attempt) {
            (Some(job), Some(attempt)) => ledger.finish_in_parts(job, attempt, &parts, &outcome),
            _ => Err(Fault::new(Code::MessageInvalid, "an outcome without a job")),
        })
        .await?;
        self.outgoing.notify_one();
        Ok(())
    }

    /// Ends a job without an outcome: the factory decides about it by its lease. Best effort.
    pub(crate) async fn drop_job(&self, job: &JobId, attempt: u32) {
        let id = job.clone();
        let dropped = self
            .call(move |ledger| ledger.set_state(&id, attempt, JobState::Done))
            .await;
        if let Err(fault) = dropped {
            tracing::warn!(%job, attempt, %fault, "A dropped job could not be noted.");
        }
    }

    /// Remembers a cancel, of one attempt or of all.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) async fn remember_cancel(&self, job: &JobId, attempt: Option<u32>) -> Result<(), Fault> {
        let key = attempt.map_or_else(|| job.clone(), |attempt| attempt_key(job, attempt));
        self.call(move |ledger| ledger.remember_cancel(&key)).await
    }

    /// The outcomes that are not acknowledged, the oldest first.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) async fn outbox(&self) -> Result<Vec<Envelope>, Fault> {
        let outgoing = self.call(Ledger::outbox).await?;
        Ok(outgoing.into_iter().map(|outgoing| outgoing.envelope).collect())
    }

    /// The factory recorded these.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) async fn ack(&self, ids: Vec<String>) -> Result<(), Fault> {
        self.call(move |ledger| ledger.ack(&ids).map(drop)).await
    }

    /// Jobs that came and have no lease yet. Cancelled ones are left out; the factory knows of those.
    pub(crate) async fn unclaimed(&self) -> Vec<(JobId, u32, JobSpec)> {
        let jobs = self.call(|ledger| {
            let mut wanted = Vec::new();
            for job in ledger.unfinished()?.into_iter().filter(is_unclaimed) {
                match job.spec() {
                    Ok(spec) if !is_cancelled(ledger, &job.job, job.attempt)? => {
                        wanted.push((job.job, job.attempt, spec));
                    }
                    _ => ledger.set_state(&job.job, job.attempt, JobState::Done)?,
                }
            }
            Ok(wanted)
        });
        jobs.await.unwrap_or_default()
    }

    /// What is in the ledger.
    ///
    /// # Errors
    /// `SL8001`.
    pub(crate) async fn counts(&self) -> Result<LedgerCounts, Fault> {
        self.call(|ledger| {
            Ok(LedgerCounts {
                unfinished: ledger.unfinished()?.len(),
                outbox: ledger.outbox()?.len(),
            })
        })
        .await
    }

    /// Forgets what is long over. It writes, so it also finds out whether the ledger can be written again. Blocks.
    pub(crate) fn prune(&self) {
        let pruned = self.ledger.prune(Utc::now() - KEEP);
        self.note(pruned.as_ref().map(drop));
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let ledger = Arc::clone(&self.ledger);
        let result = tokio::task::spawn_blocking(move || work(&ledger))
            .await
            .unwrap_or_else(|e| {
                Err(Fault::new(
                    Code::LedgerFailed,
                    format!("the call did not come back: {e}"),
                ))
            });
        self.note(result.as_ref().map(drop));
        result
    }

    fn note(&self, result: Result<(), &Fault>) {
        match result {
            Ok(()) => self.board.clear(&Topic::Ledger),
            Err(fault) if fault.code == Code::LedgerFailed => {
                self.board.raise(Topic::Ledger, Severity::Error, fault);
            }
            Err(_) => {}
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.ledger.fmt(f)
    }
}

fn is_unclaimed(job: &LedgerJob) -> bool {
    job.token.is_none() && job.state <= JobState::Claimed
}

/// A cancel of one attempt is remembered under a name of its own: it says nothing about the next attempt.
fn attempt_key(job: &JobId, attempt: u32) -> JobId {
    JobId::new(format!("{job}:{attempt}"))
}

fn is_cancelled(ledger: &Ledger, job: &JobId, attempt: u32) -> Result<bool, Fault> {
    Ok(ledger.cancelled(job)? || ledger.cancelled(&attempt_key(job, attempt))?)
}

//! Jobs that have a place but no lease yet. Pure: times are arguments.

use sluice_contract::JobId;
use sluice_contract::job::JobSpec;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a place is kept for a job that is being journalled.
const RESERVED: Duration = Duration::from_secs(60);
/// Claims whose sending times are remembered.
const CLAIMS: usize = 16;

/// One job on its way to a lease.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) attempt: u32,
    since: Instant,
    claiming: Option<Claiming>,
}

#[derive(Debug)]
struct Claiming {
    spec: Arc<JobSpec>,
    /// The ids of the claims and when they were sent, the oldest first.
    sent: Vec<(String, Instant)>,
}

/// A job that got its lease.
#[derive(Debug)]
pub(super) struct Won {
    pub(super) spec: Arc<JobSpec>,
    /// When the claim was sent that was answered: from then on the factory may count the lease.
    pub(super) asked: Instant,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct PendingJobs(BTreeMap<JobId, Pending>);

impl PendingJobs {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn attempt(&self, job: &JobId) -> Option<u32> {
        self.0.get(job).map(|pending| pending.attempt)
    }

    /// Whether this attempt, or a later one, is being claimed.
    pub(super) fn is_claiming(&self, job: &JobId, attempt: u32) -> bool {
        let claiming = |pending: &Pending| pending.attempt >= attempt && pending.claiming.is_some();
        self.0.get(job).is_some_and(claiming)
    }

    /// Keeps a place while the job is being journalled.
    pub(super) fn reserve(&mut self, job: JobId, attempt: u32, now: Instant) {
        let pending = Pending {
            attempt,
            since: now,
            claiming: None,
        };
        self.0.insert(job, pending);
    }

    /// The job is journalled: it may be claimed.
    pub(super) fn accept(&mut self, job: JobId, attempt: u32, spec: Arc<JobSpec>, now: Instant) {
        let pending = Pending {
            attempt,
            since: now,
            claiming: Some(Claiming { spec, sent: Vec::new() }),
        };
        self.0.insert(job, pending);
    }

    /// Gives a place back; false when this attempt had none.
    pub(super) fn remove(&mut self, job: &JobId, attempt: Option<u32>) -> bool {
        match self.0.get(job) {
            Some(pending) if attempt.is_none_or(|attempt| attempt == pending.attempt) => self.0.remove(job).is_some(),
            _ => false,
        }
    }

    /// The jobs whose last claim is older than `retry`.
    pub(super) fn to_claim(&self, now: Instant, retry: Duration) -> Vec<(JobId, u32)> {
        let due = |pending: &Pending| {
            pending.claiming.as_ref().is_some_and(|claiming| {
                claiming
                    .sent
                    .last()
                    .is_none_or(|(_, sent)| now.duration_since(*sent) >= retry)
            })
        };
        let due = self.0.iter().filter(|(_, pending)| due(pending));
        due.map(|(job, pending)| (job.clone(), pending.attempt)).collect()
    }

    /// A claim is being sent.
    pub(super) fn claimed(&mut self, job: &JobId, id: String, now: Instant) {
        if let Some(claiming) = self.0.get_mut(job).and_then(|pending| pending.claiming.as_mut()) {
            if claiming.sent.len() == CLAIMS {
                // The first stays: an unknown answer is counted from it.
                claiming.sent.remove(1);
            }
            claiming.sent.push((id, now));
        }
    }

    /// The claim was granted. Counted from the sending of the claim that is answered, or else of the first.
    pub(super) fn granted(&mut self, job: &JobId, attempt: u32, answers: Option<&str>) -> Option<Won> {
        let pending = self.0.get(job).filter(|pending| pending.attempt == attempt)?;
        let sent = &pending.claiming.as_ref()?.sent;
        let answered = sent.iter().find(|(id, _)| Some(id.as_str()) == answers);
        let asked = answered.or(sent.first())?.1;
        let claiming = self.0.remove(job)?.claiming?;
        Some(Won {
            spec: claiming.spec,
            asked,
        })
    }

    /// Takes out the jobs that are claimed for longer than `limit`, and the places kept for jobs that never came.
    pub(super) fn give_up(&mut self, now: Instant, limit: Duration) -> Vec<(JobId, u32)> {
        let old = self.0.extract_if(.., |_, pending| {
            let limit = match pending.claiming {
                Some(_) => limit,
                None => limit.min(RESERVED),
            };
            now.duration_since(pending.since) >= limit
        });
        old.map(|(job, pending)| (job, pending.attempt)).collect()
    }
}

//! The jobs whose copies run. They are facts, not state of a component: a copy goes on while the scheduler restarts.

use super::share::Table;
use chrono::{DateTime, Utc};
use dashmap::DashMap;
use sluice_contract::job::{CopyProgress, JobSpec};
use sluice_contract::message::{LeaseState, RunningJob, Talk};
use sluice_contract::{Code, Fault, JobId, NodeId};
use sluice_copy::Bandwidth;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Why a copy is stopped before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Somebody cancelled the run; it may take this long to end in order.
    Cancelled(Duration),
    /// The factory was not heard for too long.
    LeaseLost,
    /// The factory took the lease back.
    Revoked(String),
    /// The activity's timeout passed.
    TimedOut(Duration),
    /// The agent shuts down.
    ShuttingDown,
}

impl Stop {
    /// The fault that the copy ends with inside this node.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Stop::Cancelled(_) => Fault::new(Code::Cancelled, "the run was cancelled"),
            Stop::LeaseLost => Fault::new(
                Code::LeaseLost,
                "nothing was heard of the factory until the lease ended",
            ),
            Stop::Revoked(why) => Fault::new(Code::LeaseLost, format!("the factory took the lease back: {why}")),
            Stop::TimedOut(limit) => {
                let text = format!(
                    "the copy was not done after {} s, the activity's timeout",
                    limit.as_secs()
                );
                Fault::new(Code::TimedOut, text)
            }
            Stop::ShuttingDown => Fault::new(Code::LeaseLost, "the agent shuts down"),
        }
    }
}

/// A copy that runs.
pub(crate) struct LiveJob {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) token: u64,
    pub(crate) spec: Arc<JobSpec>,
    pub(crate) started: DateTime<Utc>,
    /// What this copy alone may read in a second.
    pub(crate) bandwidth: Bandwidth,
    /// Its partitions, for the gateway's other nodes, too.
    pub(super) table: OnceLock<Arc<Table>>,
    /// Cancelled when the copy has to stop.
    pub(crate) stop: CancellationToken,
    phase: Mutex<Phase>,
    /// When work under the lease has to end.
    lease: watch::Sender<Instant>,
    /// The factory's answer to the question whether to commit.
    decision: watch::Sender<Option<Result<(), String>>>,
    progress: watch::Receiver<CopyProgress>,
}

enum Phase {
    Running,
    /// The commit was allowed: from here on nothing stops it.
    Publishing,
    Stopping(Stop),
}

impl LiveJob {
    /// A job that is about to run; the sender is for the copy's progress.
    pub(super) fn new(
        job: JobId,
        attempt: u32,
        token: u64,
        spec: Arc<JobSpec>,
        lease_until: Instant,
    ) -> (Self, watch::Sender<CopyProgress>) {
        let (sender, progress) = watch::channel(CopyProgress::default());
        let live = Self {
            job,
            attempt,
            token,
            spec,
            started: Utc::now(),
            bandwidth: Bandwidth::unlimited(),
            table: OnceLock::new(),
            stop: CancellationToken::new(),
            phase: Mutex::new(Phase::Running),
            lease: watch::Sender::new(lease_until),
            decision: watch::Sender::new(None),
            progress,
        };
        (live, sender)
    }

    /// Asks the copy to stop. False when it is stopping already, or past the point where it can.
    pub(crate) fn request_stop(&self, why: Stop) -> bool {
        let mut phase = self.phase();
        if !matches!(*phase, Phase::Running) {
            return false;
        }
        tracing::info!(job = %self.job, attempt = self.attempt, ?why, "A copy is stopped.");
        *phase = Phase::Stopping(why);
        drop(phase);
        self.stop.cancel();
        true
    }

    /// The point of no return: the commit was allowed and the lease still holds.
    ///
    /// # Errors
    /// Why it must not be published.
    pub(super) fn begin_publishing(&self) -> Result<(), Fault> {
        let mut phase = self.phase();
        match &*phase {
            Phase::Stopping(why) => return Err(why.fault()),
            _ if Instant::now() >= *self.lease.borrow() => return Err(Stop::LeaseLost.fault()),
            _ => *phase = Phase::Publishing,
        }
        Ok(())
    }

    /// Why it is being stopped, if it is.
    pub(super) fn stopping(&self) -> Option<Stop> {
        match &*self.phase() {
            Phase::Stopping(why) => Some(why.clone()),
            _ => None,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(*self.phase(), Phase::Running)
    }

    /// The lease goes on until then. It never gets shorter by a late answer.
    pub(crate) fn renew(&self, until: Instant) {
        self.lease.send_if_modified(|current| {
            let longer = until > *current;
            *current = until.max(*current);
            longer
        });
    }

    /// Resolves when the lease is over.
    pub(super) async fn lease_over(&self) {
        let mut lease = self.lease.subscribe();
        loop {
            let until = *lease.borrow_and_update();
            if Instant::now() >= until {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                // The sender lives in `self`, so it is never gone.
                _ = lease.changed() => {}
            }
        }
    }

    /// Another node says something about the copy.
    pub(crate) fn hear(&self, from: &NodeId, talk: Talk) {
        if let Some(table) = self.table.get() {
            table.hear(from, talk);
        }
    }

    /// The factory decided about the commit.
    pub(crate) fn decide(&self, decision: Result<(), String>) {
        self.decision.send_replace(Some(decision));
    }

    pub(super) fn decisions(&self) -> watch::Receiver<Option<Result<(), String>>> {
        self.decision.subscribe()
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> CopyProgress {
        self.progress.borrow().clone()
    }

    /// `Running`, `Publishing` or `Stopping`.
    pub(crate) fn phase_word(&self) -> &'static str {
        match *self.phase() {
            Phase::Running => "Running",
            Phase::Publishing => "Publishing",
            Phase::Stopping(_) => "Stopping",
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All copies that run, by job.
#[derive(Default)]
pub(crate) struct LiveJobs {
    jobs: DashMap<JobId, Arc<LiveJob>>,
    left: Notify,
}

impl LiveJobs {
    pub(super) fn insert(&self, live: Arc<LiveJob>) {
        self.jobs.insert(live.job.clone(), live);
    }

    pub(super) fn remove(&self, live: &LiveJob) {
        self.jobs.remove_if(&live.job, |_, present| {
            present.attempt == live.attempt && present.token == live.token
        });
        self.left.notify_waiters();
    }

    pub(crate) fn get(&self, job: &JobId) -> Option<Arc<LiveJob>> {
        self.jobs.get(job).map(|entry| Arc::clone(entry.value()))
    }

    /// All of them, the oldest first.
    pub(crate) fn list(&self) -> Vec<Arc<LiveJob>> {
        let mut list: Vec<_> = self.jobs.iter().map(|entry| Arc::clone(entry.value())).collect();
        list.sort_by(|a, b| (a.started, &a.job).cmp(&(b.started, &b.job)));
        list
    }

    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Resolves when none runs any more.
    pub(crate) async fn all_left(&self) {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.jobs.is_empty() {
                return;
            }
            left.await;
        }
    }

    /// For `gateway.hello`.
    pub(crate) fn running(&self) -> Vec<RunningJob> {
        let running = |live: &Arc<LiveJob>| RunningJob {
            job: live.job.clone(),
            attempt: live.attempt,
            token: live.token,
            extra: Default::default(),
        };
        self.list().iter().map(running).collect()
    }

    /// For `gateway.heartbeat`.
    pub(crate) fn leases(&self) -> Vec<LeaseState> {
        let lease = |live: &Arc<LiveJob>| LeaseState {
            job: live.job.clone(),
            attempt: live.attempt,
            token: live.token,
            progress: live.progress(),
            extra: Default::default(),
        };
        self.list().iter().map(lease).collect()
    }
}

//! One attempt from its lease to its outcome in the ledger. It depends on no component being up.

use super::copy::copy;
use super::ending::{Ending, Exit};
use super::live::{LiveJob, Stop};
use super::messages::Ended;
use super::share::{About, Table};
use super::task::task;
use crate::hub::Hub;
use crate::pauses::Pauses;
use crate::receipts;
use futures::FutureExt;
use sluice_contract::job::{CopyProgress, Outcome, Work};
use sluice_contract::{Envelope, Message as Wire};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// Runs the attempt and journals its outcome.
pub(super) async fn run(hub: Arc<Hub>, live: Arc<LiveJob>, progress: watch::Sender<CopyProgress>) {
    let place = Place(Arc::clone(&hub), Arc::clone(&live));
    let about = About {
        job: live.job.clone(),
        attempt: live.attempt,
        token: live.token,
    };
    let table = Arc::clone(live.table.get_or_init(|| Arc::new(Table::new(Arc::clone(&hub), about))));
    let exit = watch_over(&hub, &live, progress).await;
    table.close();
    let mut ending = Ending::of(exit, &live);
    if let (Ending::Completed(Outcome::Copy(outcome)), Work::Copy(copy)) = (&mut ending, &live.spec.work) {
        receipts::issue(&hub, &live, copy, outcome).await;
    }
    match &ending {
        Ending::Completed(Outcome::Copy(outcome)) => {
            tracing::info!(job = %live.job, attempt = live.attempt, rows = outcome.rows_copied, "A copy is complete.");
        }
        Ending::Completed(Outcome::Task(_)) => {
            tracing::info!(job = %live.job, attempt = live.attempt, "A task is complete.");
        }
        Ending::Failed(fault) => {
            tracing::warn!(job = %live.job, attempt = live.attempt, code = %fault.code, "A job failed.");
        }
        Ending::Cancelled => tracing::info!(job = %live.job, attempt = live.attempt, "A job was cancelled."),
        Ending::Dropped(why) => {
            tracing::warn!(job = %live.job, attempt = live.attempt, why, "An attempt was dropped.");
        }
    }
    let parts = ending.take_parts();
    match ending.message(&live) {
        Some(message) => {
            let envelope = hub.envelope(&message);
            let envelope = envelope.job(live.job.clone(), live.attempt, Some(live.token));
            // The job keeps its place and its lease until the outcome is safe.
            let part = |part| {
                hub.envelope(&Wire::JobOutput(part))
                    .job(live.job.clone(), live.attempt, Some(live.token))
            };
            journal_in_parts(&hub, parts.into_iter().map(part).collect(), &envelope).await;
        }
        None => hub.journal.drop_job(&live.job, live.attempt).await,
    }
    drop(place);
}

/// Puts an outcome into the ledger's outbox, and tries for as long as it takes.
pub(super) async fn journal_outcome(hub: &Hub, envelope: &Envelope) {
    journal_in_parts(hub, Vec::new(), envelope).await;
}

/// The same for an outcome whose output goes before it in parts.
async fn journal_in_parts(hub: &Hub, parts: Vec<Envelope>, envelope: &Envelope) {
    let mut pauses = Pauses::new(Duration::from_millis(200), Duration::from_secs(10));
    while let Err(fault) = hub.journal.finish(&parts, envelope).await {
        tracing::error!(id = envelope.id, %fault, "An outcome cannot be journalled yet; it is tried again.");
        sleep(pauses.next()).await;
    }
}

/// Runs the job and stops it when its lease, its time or somebody's patience ends.
async fn watch_over(hub: &Arc<Hub>, live: &Arc<LiveJob>, progress: watch::Sender<CopyProgress>) -> Exit {
    let work = async {
        start(hub, live).await;
        match &live.spec.work {
            Work::Copy(work) => copy(hub, live, work, progress)
                .await
                .map(|done| Outcome::Copy(Box::new(done))),
            Work::Task(work) => task(hub, live, work).await.map(|done| Outcome::Task(Box::new(done))),
        }
    };
    let mut work = Box::pin(AssertUnwindSafe(work).catch_unwind());
    let limit = Duration::from_secs(live.spec.timeout_s);
    let timeout = sleep(limit);
    tokio::pin!(timeout);
    let mut torn_down_at = None;
    loop {
        let running = live.is_running();
        tokio::select! {
            biased;
            result = &mut work => return match result {
                Ok(result) => Exit::Returned(result),
                Err(_) => Exit::Panicked,
            },
            () = live.lease_over(), if running => {
                live.request_stop(Stop::LeaseLost);
            }
            () = &mut timeout, if running && !limit.is_zero() => {
                live.request_stop(Stop::TimedOut(limit));
            }
            () = live.stop.cancelled(), if torn_down_at.is_none() => {
                torn_down_at = Some(Instant::now() + grace(hub, live));
            }
            () = sleep_until(torn_down_at.unwrap_or_else(Instant::now)), if torn_down_at.is_some() => {
                return Exit::TornDown;
            }
        }
    }
}

/// Journals the token before any work is done under it; as long as that fails, the lease is all that ends it.
async fn start(hub: &Hub, live: &LiveJob) {
    let mut pauses = Pauses::new(Duration::from_millis(100), Duration::from_secs(5));
    while let Err(fault) = hub.journal.start(&live.job, live.attempt, live.token).await {
        tracing::error!(job = %live.job, %fault, "A job's token cannot be journalled yet; it is tried again.");
        tokio::select! {
            () = live.stop.cancelled() => return,
            () = sleep(pauses.next()) => {}
        }
    }
}

fn grace(hub: &Hub, live: &LiveJob) -> Duration {
    match live.stopping() {
        Some(Stop::Cancelled(grace)) if !grace.is_zero() => grace,
        // Nothing may be written under a lease that is over.
        Some(Stop::LeaseLost | Stop::Revoked(_)) => hub.tuning.grace.min(Duration::from_secs(5)),
        _ => hub.tuning.grace,
    }
}

/// A job's place: given back whatever happens to its attempt.
struct Place(Arc<Hub>, Arc<LiveJob>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.live.remove(&self.1);
        self.0.scheduler.tell(Ended);
    }
}

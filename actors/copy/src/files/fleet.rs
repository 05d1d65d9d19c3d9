//! Files side by side; the first fault stops them all.

use super::plan::Unit;
use super::sheet::Sheet;
use crate::CommitGate;
use crate::fault::{cancelled, panicked, stalled};
use crate::progress::{Counters, Reporter, Stall};
use crate::road::Road;
use crate::step::step;
use crate::verdict::Verdict;
use futures::FutureExt;
use futures::future::BoxFuture;
use sluice_contract::{Code, Fault};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// How long stopped work has to tidy up before it is torn down.
const GRACE: Duration = Duration::from_secs(10);

/// The permit to publish, which is asked for once.
pub(super) struct Permit {
    asked: Notify,
    answer: watch::Sender<Option<Result<(), Fault>>>,
}

impl Permit {
    pub(super) fn new() -> Self {
        Self {
            asked: Notify::new(),
            answer: watch::channel(None).0,
        }
    }

    /// Waits for the answer.
    pub(super) async fn wait(&self) -> Result<(), Fault> {
        let mut answer = self.answer.subscribe();
        if answer.borrow_and_update().is_none() {
            self.asked.notify_one();
        }
        // The sender lives as long as this.
        let answer = answer.wait_for(Option::is_some).await.map_err(|_| cancelled())?;
        answer.clone().unwrap_or(Ok(()))
    }
}

/// All work of a copy.
pub(super) struct Fleet {
    sheet: Arc<Sheet>,
    units: Arc<Vec<Unit>>,
    workers: usize,
}

impl Fleet {
    pub(super) fn new(sheet: Arc<Sheet>, units: Vec<Unit>, workers: usize) -> Self {
        Self {
            sheet,
            units: Arc::new(units),
            workers,
        }
    }

    /// Does everything. When it returns all work has ended, or was torn down.
    pub(super) async fn run(self, road: &mut Road, gate: &dyn CommitGate) -> Result<(), Fault> {
        let sheet = &self.sheet;
        // Whoever drops this future stops the workers.
        let _stop = sheet.stop.clone().drop_guard();
        let mut workers = self.start();
        let stall_timeout = road.options.stall_timeout;
        let mut stall = Stall::new(stall_timeout);
        let mut ticks = interval(Reporter::EVERY.min(stall_timeout));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut verdict = Verdict::default();
        let mut permit: Option<BoxFuture<'_, Result<(), Fault>>> = None;
        let mut asked = false;
        let mut teardown: Option<Instant> = None;
        let mut aborted = false;
        loop {
            tokio::select! {
                ended = workers.join_next() => match ended {
                    None => break,
                    Some(Ok(Ok(()))) => {}
                    Some(Ok(Err(fault))) => verdict.read(fault),
                    Some(Err(error)) if error.is_cancelled() => {}
                    Some(Err(_)) => verdict.read(panicked("a worker of the copy")),
                },
                _ = ticks.tick() => {
                    let counters = count(sheet, road);
                    let (read, written) = bytes(sheet);
                    let waits = permit.is_some() || sheet.budget.is_held_up() || sheet.pace.is_held_up();
                    if teardown.is_none() && stall.is_over(&counters, read, written, waits) {
                        verdict.decided(stalled(&sheet.tally.doing(), stall_timeout));
                    }
                }
                () = sheet.permit.asked.notified(), if !asked => {
                    asked = true;
                    let what = "waiting for the permit to commit";
                    let cancel = road.cancel.clone();
                    let limit = road.options.settle_timeout;
                    permit = Some(async move { step(what, limit, &cancel, gate.permit(0)).await }.boxed());
                }
                answer = async { match permit.as_mut() { Some(permit) => permit.await, None => std::future::pending().await } },
                    if permit.is_some() => {
                    permit = None;
                    sheet.permit.answer.send_replace(Some(answer));
                }
                () = road.cancel.cancelled(), if teardown.is_none() => verdict.decided(cancelled()),
                () = sleep_until(teardown.unwrap_or_else(Instant::now)), if teardown.is_some() => {
                    if aborted {
                        tracing::warn!(tasks = workers.len(), "Workers of a failed copy do not stop and are left behind");
                        workers.detach_all();
                        break;
                    }
                    workers.abort_all();
                    aborted = true;
                    teardown = Some(Instant::now() + GRACE);
                }
            }
            if verdict.is_reached() && teardown.is_none() {
                sheet.stop.cancel();
                teardown = Some(Instant::now() + GRACE);
            }
        }
        count(sheet, road);
        match verdict.into_fault() {
            // Nothing was published, since nothing had to be: the factory is asked nevertheless, and may say no.
            None if !asked => {
                let limit = road.options.settle_timeout;
                step("waiting for the permit to commit", limit, &road.cancel, gate.permit(0)).await
            }
            None => Ok(()),
            Some(fault) => Err(told(sheet, fault)),
        }
    }

    fn start(&self) -> JoinSet<Result<(), Fault>> {
        let mut workers = JoinSet::new();
        let next = Arc::new(AtomicUsize::new(0));
        for _ in 0..self.workers {
            let (sheet, units, next) = (Arc::clone(&self.sheet), Arc::clone(&self.units), Arc::clone(&next));
            workers.spawn(async move {
                let work = AssertUnwindSafe(work(&sheet, &units, &next)).catch_unwind();
                let done = work.await.unwrap_or_else(|_| Err(panicked("copying a file")));
                match done {
                    // It was told to stop: somebody else knows why.
                    Err(fault) if fault.code == Code::Cancelled && sheet.stop.is_cancelled() => Ok(()),
                    Err(fault) => {
                        sheet.stop.cancel();
                        Err(fault)
                    }
                    Ok(()) => Ok(()),
                }
            });
        }
        workers
    }
}

async fn work(sheet: &Arc<Sheet>, units: &Arc<Vec<Unit>>, next: &AtomicUsize) -> Result<(), Fault> {
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some(unit) = units.get(place) else { return Ok(()) };
        if sheet.stop.is_cancelled() {
            return Ok(());
        }
        sheet.tally.begins(place, unit.label());
        let done = match unit {
            Unit::File(chosen, target) if sheet.wrappings.are_none() => {
                let label = chosen.entry.label();
                match sheet.carry(chosen, target).await {
                    Ok(()) => Ok(()),
                    Err(fault) => sheet.leave_out(&label, fault).await,
                }
            }
            _ => super::pour::pour(sheet, units, place).await,
        };
        sheet.tally.ends(place);
        done?;
    }
}

fn bytes(sheet: &Sheet) -> (u64, u64) {
    let tally = &sheet.tally;
    (
        tally.bytes_read.load(Ordering::Relaxed),
        tally.bytes_written.load(Ordering::Relaxed),
    )
}

/// Tells how far the copy is.
fn count(sheet: &Sheet, road: &mut Road) -> Counters {
    let counters = Counters::default();
    let tally = &sheet.tally;
    let (read, written) = (
        tally.files_read.load(Ordering::Relaxed),
        tally.files_written.load(Ordering::Relaxed),
    );
    let skipped = tally.files_skipped.load(Ordering::Relaxed);
    let done = u32::try_from(read + skipped).unwrap_or(u32::MAX);
    counters.partitions_done.store(done, Ordering::Relaxed);
    counters
        .steps
        .store(tally.steps.load(Ordering::Relaxed), Ordering::Relaxed);
    road.reporter
        .files(read, written + tally.files_replayed.load(Ordering::Relaxed));
    let (bytes_read, bytes_written) = bytes(sheet);
    road.reporter.count(&counters, bytes_read, bytes_written);
    counters
}

/// A fault, with what is published already.
fn told(sheet: &Sheet, mut fault: Fault) -> Fault {
    let published = sheet.tally.files_written.load(Ordering::Relaxed);
    if published > 0 && fault.code == Code::Cancelled {
        fault.message = format!("the copy was cancelled when {published} files had been published, each of them whole");
    } else if published > 0 {
        fault.message = format!(
            "{} ({published} files had been published before, each of them whole)",
            fault.message
        );
    }
    fault
}

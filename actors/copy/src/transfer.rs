//! The copying itself: workers side by side, the first fault stops them all.

use crate::ContentHash;
use crate::fault::{cancelled, panicked, stalled};
use crate::progress::{Reporter, Stall};
use crate::verdict::Verdict;
use crate::worker::{QUEUE, Reading, write};
use futures::FutureExt;
use sluice_contract::Fault;
use sluice_store_core::{Part, Sink, Writer};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long stopped workers have before they are torn down.
const GRACE: Duration = Duration::from_secs(5);

/// What a worker's task comes back with.
enum Worked {
    Read(Result<(), Fault>),
    Wrote(Result<ContentHash, Fault>),
    /// It was told to stop.
    Stopped,
}

/// Moves everything that is this node's to move. Returns when every worker has ended, or was torn down: the hash of what they
/// wrote, and the parts that other nodes did.
pub(crate) async fn transfer(
    reading: Reading,
    writers: Vec<Box<dyn Writer>>,
    sink: &dyn Sink,
    stall_timeout: Duration,
    reporter: &mut Reporter,
    cancel: &CancellationToken,
) -> Result<(ContentHash, Vec<(usize, Part)>), Fault> {
    let reading = Arc::new(reading);
    let counters = reading.counters.clone();
    let stop = CancellationToken::new();
    // Whoever drops this future stops the workers.
    let _stop = stop.clone().drop_guard();
    let mut workers = start(&reading, writers, &stop);
    let mut stall = Stall::new(stall_timeout);
    let mut ticks = interval(Reporter::EVERY.min(stall_timeout));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut verdict = Verdict::default();
    let mut hash = ContentHash::default();
    // Once the copy has failed: when its workers are torn down.
    let mut teardown: Option<Instant> = None;
    let mut aborted = false;
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                None => break,
                Some(ended) => settle(ended, &mut verdict, &mut hash),
            },
            _ = ticks.tick() => {
                let (read, written) = (reading.source.bytes_read(), sink.bytes_written());
                reporter.count(&counters, read, written);
                let is_over = stall.is_over(&counters, read, written, reading.is_held_up());
                if teardown.is_none() && is_over {
                    let stage = reading.whereabouts.describe(reading.source.partitions());
                    verdict.decided(stalled(&stage, stall_timeout));
                }
            }
            () = cancel.cancelled(), if teardown.is_none() => verdict.decided(cancelled()),
            () = sleep_until(teardown.unwrap_or_else(Instant::now)), if teardown.is_some() => {
                if aborted {
                    // A task that never yields cannot be aborted: it is left behind, and the sink is cleaned up anyway.
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
            stop.cancel();
            teardown = Some(Instant::now() + GRACE);
        }
    }
    reporter.count(&counters, reading.source.bytes_read(), sink.bytes_written());
    let of_others = reading.of_others.get().cloned().unwrap_or_default();
    verdict.into_fault().map_or(Ok((hash, of_others)), Err)
}

/// A pair of tasks for every writer.
fn start(reading: &Arc<Reading>, writers: Vec<Box<dyn Writer>>, stop: &CancellationToken) -> JoinSet<Worked> {
    let mut workers = JoinSet::new();
    for (worker, writer) in writers.into_iter().enumerate() {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (reader, stopped) = (reading.clone(), stop.clone());
        workers.spawn(async move {
            let read = AssertUnwindSafe(reader.read(worker, &sender)).catch_unwind();
            let Some(read) = stopped.run_until_cancelled(read).await else {
                return Worked::Stopped;
            };
            let read = read.unwrap_or_else(|_| Err(panicked("reading")));
            if read.is_err() {
                // Before the queue closes: its writer must not take this for the end of the data.
                stopped.cancel();
            }
            drop(sender);
            Worked::Read(read)
        });
        let (reading, stopped) = (reading.clone(), stop.clone());
        workers.spawn(async move {
            let written = AssertUnwindSafe(write(worker, writer, receiver, &reading)).catch_unwind();
            match stopped.run_until_cancelled(written).await {
                None => Worked::Stopped,
                Some(written) => Worked::Wrote(written.unwrap_or_else(|_| Err(panicked("writing")))),
            }
        });
    }
    workers
}

fn settle(ended: Result<Worked, JoinError>, verdict: &mut Verdict, hash: &mut ContentHash) {
    match ended {
        Ok(Worked::Read(Err(fault))) => verdict.read(fault),
        Ok(Worked::Wrote(Err(fault))) => verdict.write(fault),
        Ok(Worked::Wrote(Ok(part))) => hash.merge(&part),
        Ok(Worked::Read(Ok(())) | Worked::Stopped) => {}
        Err(error) if error.is_cancelled() => {}
        Err(_) => verdict.write(panicked("a worker of the copy")),
    }
}

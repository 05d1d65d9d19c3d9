//! The budget holds, and a sink that does not take more stops the source.

use super::source::{batch, rows};
use super::support::{Bench, Place, Wrong, until};
use sluice_contract::Code;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const BUDGET: usize = 512 * 1024;
/// Rows of a batch that stays under what a copy with this budget asks for: 64 KiB.
const PER_BATCH: usize = 1_500;

fn bench(wrong: Option<Wrong>, per_batch: usize) -> Bench {
    let acts: Vec<_> = wrong.map(|wrong| (Place::Write, wrong)).into_iter().collect();
    let mut bench = Bench::new(rows(160 * per_batch, 4, per_batch), &acts);
    bench.options.memory_budget = BUDGET;
    bench.options.parallel = 4;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_is_never_exceeded() {
    let bench = bench(Some(Wrong::Slow(2)), PER_BATCH);
    assert!(batch(0, PER_BATCH).get_array_memory_size() <= bench.options.batch_bytes());
    bench.run().await.unwrap();
    let (peak, produced) = (
        bench.store.gauge.peak(),
        bench.store.gauge.produced.load(Ordering::SeqCst),
    );
    assert!(
        produced > 8 * BUDGET,
        "too little was copied to mean anything: {produced}"
    );
    assert!(peak <= BUDGET, "{peak} bytes were in flight");
    assert!(peak > BUDGET / 2, "the budget was not used: {peak}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_stands_still_stops_the_source() {
    let bench = Arc::new(bench(Some(Wrong::Hangs), PER_BATCH));
    let running = tokio::spawn({
        let bench = bench.clone();
        async move { bench.run().await }
    });
    let produced = || bench.store.gauge.produced.load(Ordering::SeqCst);
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut before = 0;
    while produced() == 0 || produced() != before {
        before = produced();
        assert!(Instant::now() < deadline, "the source does not stop");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(before <= BUDGET, "{before} bytes were read ahead");
    bench.cancel.cancel();
    assert_eq!(running.await.unwrap().unwrap_err().code, Code::Cancelled);
    bench.untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_larger_than_the_budget_pass_one_by_one() {
    let mut bench = bench(None, 4_000);
    bench.options.memory_budget = 32 * 1024;
    assert!(batch(0, 4_000).get_array_memory_size() > bench.options.memory_budget);
    let outcome = bench.run().await.unwrap();
    assert_eq!(outcome.rows_copied, 160 * 4_000);
    assert_eq!(bench.shelf().published_rows(), 160 * 4_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_dropped_stops_its_workers() {
    let bench = Arc::new(bench(Some(Wrong::Hangs), PER_BATCH));
    let running = tokio::spawn({
        let bench = bench.clone();
        async move { bench.run().await }
    });
    bench.store.script.until_reached().await;
    running.abort();
    // The workers hold the source, and with it the gauge.
    until("the workers to end", || Arc::strong_count(&bench.store.gauge) == 1).await;
}

//! A copy that succeeds, and one that must not.

use super::source::{batch, rows};
use super::support::{Bench, Place, ScriptedGate, Wrong};
use crate::ContentHash;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use sluice_contract::Code;
use sluice_contract::job::CopyProgress;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let all = batches
        .iter()
        .map(|batch| batch.column(0).as_primitive::<Int64Type>().values());
    let mut ids: Vec<i64> = all.flat_map(|values| values.iter().copied()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_arrives_once() {
    for (total, partitions, parallel, used) in [
        (0, 1, 4, 1),
        (1, 1, 1, 1),
        (10_000, 1, 4, 1),
        (10_000, 7, 3, 3),
        (999, 3, 8, 3),
    ] {
        let mut bench = Bench::new(rows(total, partitions, 100), &[]);
        bench.options.parallel = parallel;
        let outcome = bench.run().await.unwrap();
        assert_eq!(ids(&bench.shelf().published()), (0..total as i64).collect::<Vec<_>>());
        assert_eq!((outcome.rows_read, outcome.rows_copied), (total as u64, total as u64));
        assert_eq!(
            outcome.parallel, used,
            "{total} rows in {partitions} partitions, at most {parallel}"
        );
        assert_eq!(bench.shelf().writers.load(Ordering::SeqCst), used as usize);
        assert_eq!(bench.shelf().commits(), 1);
        assert_eq!(outcome.content_hash, ContentHash::of(&batch(0, total)).to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_says_what_was_done() {
    let bench = Bench::new(rows(5_000, 2, 100), &[]);
    let outcome = bench.run().await.unwrap();
    assert_eq!(
        outcome.stages.keys().collect::<Vec<_>>(),
        ["commit", "copy", "plan", "verify"]
    );
    assert!(outcome.stages.values().all(|seconds| *seconds >= 0.0));
    assert_eq!(outcome.location, "the shelf");
    assert_eq!(outcome.warnings, ["made up"]);
    assert!(outcome.started <= outcome.finished);
    assert!(outcome.bytes_read > 0);
    assert_eq!(outcome.bytes_read, outcome.bytes_written);
    assert_eq!(outcome.content_hash.len(), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stages_are_told_in_order() {
    let mut bench = Bench::new(rows(2_000, 2, 500), &[(Place::Write, Wrong::Slow(100))]);
    bench.options.parallel = 2;

    let (sender, mut receiver) = watch::channel(CopyProgress::default());
    bench.progress = sender;
    let watching = tokio::spawn(async move {
        let mut seen: Vec<CopyProgress> = Vec::new();
        while receiver.changed().await.is_ok() {
            seen.push(receiver.borrow_and_update().clone());
        }
        seen
    });
    bench.run().await.unwrap();
    drop(bench);
    let seen = watching.await.unwrap();
    let mut stages: Vec<&str> = seen.iter().map(|progress| progress.stage.as_str()).collect();
    stages.dedup();
    // A watcher may miss what lasts no time, but never sees a stage come back.
    let all = ["planning", "copying", "verifying", "committing"];
    let mut left = all.iter();
    assert!(
        stages.iter().all(|stage| left.any(|known| known == stage)),
        "{stages:?}"
    );
    assert!(stages.contains(&"copying"), "{stages:?}");
    let last = seen.last().unwrap();
    assert_eq!((last.rows_read, last.rows_written), (2_000, 2_000));
    assert_eq!((last.partitions, last.partitions_done), (2, 2));
    assert_eq!(last.rows_expected, Some(2_000));
    let grows = |pair: &[CopyProgress]| pair[0].rows_written <= pair[1].rows_written;
    assert!(seen.windows(2).all(grows), "the counts went back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_lost_or_doubled_a_row_is_not_committed() {
    for miscount in [-1, 1] {
        let bench = Bench::new(rows(1_000, 2, 100), &[]);
        bench.shelf().miscount.store(miscount, Ordering::SeqCst);
        let fault = bench.run().await.unwrap_err();
        assert_eq!(fault.code, Code::VerificationFailed);
        assert!(fault.message.contains("1000") && fault.message.contains(&format!("{}", 1_000 + miscount)));
        bench.untouched();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_says_no_is_the_end() {
    for code in [Code::CommitDenied, Code::LeaseLost] {
        let bench = Bench::new(rows(1_000, 2, 100), &[(Place::Gate, Wrong::Fails(code))]);
        let gate = ScriptedGate(bench.store.script.clone());
        assert_eq!(bench.run_with(&gate).await.unwrap_err().code, code);
        bench.untouched();
    }
}

//! Faults, panics and hangs in every place of both sides.

use super::source::rows;
use super::support::{Bench, Place, ScriptedGate, Wrong};
use crate::verdict::Verdict;
use sluice_contract::{Code, Fault};
use std::sync::atomic::Ordering;
use std::time::Duration;

const PLACES: [Place; 11] = [
    Place::Source,
    Place::Read,
    Place::Batch,
    Place::Sink,
    Place::Prepare,
    Place::Writer,
    Place::Write,
    Place::Finish,
    Place::Verify,
    Place::Gate,
    Place::Commit,
];

async fn fails(place: Place, wrong: Wrong) -> (Bench, Fault) {
    let mut bench = Bench::new(rows(1_000, 3, 50), &[(place, wrong)]);
    if wrong == Wrong::Hangs {
        bench.options.stall_timeout = Duration::from_millis(500);
        bench.options.settle_timeout = Duration::from_millis(500);
    }
    let gate = ScriptedGate(bench.store.script.clone());
    let fault = bench.run_with(&gate).await.expect_err("the copy succeeded");
    (bench, fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_anywhere_ends_the_copy_with_that_fault() {
    for place in PLACES {
        let (bench, fault) = fails(place, Wrong::Fails(Code::StoreUnreachable)).await;
        assert_eq!(fault.code, Code::StoreUnreachable, "{place:?}");
        assert!(fault.message.contains(&format!("{place:?}")), "{fault}");
        bench.untouched();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_anywhere_is_contained() {
    for place in PLACES {
        let (bench, fault) = fails(place, Wrong::Panics).await;
        assert_eq!(fault.code, Code::CopyPanicked, "{place:?}");
        assert!(fault.retryable);
        assert!(!fault.message.contains("canary"), "the data was quoted: {fault}");
        if place == Place::Commit {
            assert!(fault.message.contains("not known"), "{fault}");
        } else {
            bench.untouched();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_anywhere_is_given_up_and_named() {
    for (place, named) in [
        (Place::Source, "planning the source"),
        (Place::Sink, "planning the sink"),
        (Place::Prepare, "preparing"),
        (Place::Writer, "opening a writer"),
        (Place::Read, "reading 3 partitions from part 0 to part 2"),
        (Place::Batch, "reading "),
        (Place::Write, "writing"),
        (Place::Finish, "finishing"),
        (Place::Verify, "verifying"),
        (Place::Gate, "permit"),
        (Place::Commit, "committing"),
    ] {
        let (bench, fault) = fails(place, Wrong::Hangs).await;
        assert_eq!(fault.code, Code::Stalled, "{place:?}");
        assert!(fault.retryable && fault.message.contains(named), "{place:?}: {fault}");
        if place != Place::Commit {
            bench.untouched();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_hangs_is_not_raced_with_its_own_abort() {
    let (bench, fault) = fails(Place::Commit, Wrong::Hangs).await;
    assert!(fault.message.contains("not known"), "{fault}");
    assert!(
        bench.shelf().is_staged(),
        "the staging was removed under a commit that may go on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_is_not_hanging() {
    // Each write takes longer than a third of the timeout, all of them much longer than the timeout.
    let mut bench = Bench::new(rows(400, 1, 100), &[(Place::Write, Wrong::Slow(300))]);
    bench.options.stall_timeout = Duration::from_millis(900);
    assert_eq!(bench.run().await.unwrap().rows_copied, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_does_not_take_a_failed_reader_for_the_end_of_the_data() {
    for _ in 0..50 {
        let acts = [(Place::Batch, Wrong::Fails(Code::StoreUnreachable))];
        let bench = Bench::new(rows(200, 1, 50), &acts);
        assert_eq!(bench.run().await.unwrap_err().code, Code::StoreUnreachable);
        assert_eq!(bench.shelf().finished.load(Ordering::SeqCst), 0);
        bench.untouched();
    }
}

#[test]
fn a_failed_read_is_the_cause_and_a_failed_write_the_consequence() {
    let fault = |code| Fault::new(code, "");
    let mut both = Verdict::default();
    assert!(!both.is_reached());
    both.write(fault(Code::DiskFull));
    both.write(fault(Code::StoreBusy));
    both.read(fault(Code::StoreUnreachable));
    both.read(fault(Code::QueryFailed));
    both.write(fault(Code::DiskFull));
    both.decided(fault(Code::Cancelled));
    assert!(both.is_reached());
    assert_eq!(both.into_fault(), Some(fault(Code::StoreUnreachable)));

    let mut cancelled = Verdict::default();
    cancelled.decided(fault(Code::Cancelled));
    cancelled.read(fault(Code::StoreUnreachable));
    cancelled.write(fault(Code::DiskFull));
    assert_eq!(cancelled.into_fault(), Some(fault(Code::Cancelled)));
}

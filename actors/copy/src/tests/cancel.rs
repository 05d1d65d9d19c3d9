//! Cancelling in every stage.

use super::source::rows;
use super::support::{Bench, Place, ScriptedGate, Wrong};
use sluice_contract::Code;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_in_any_stage_leaves_the_sink_untouched() {
    for place in [
        Place::Source,
        Place::Sink,
        Place::Prepare,
        Place::Writer,
        Place::Read,
        Place::Batch,
        Place::Write,
        Place::Finish,
        Place::Verify,
        Place::Gate,
    ] {
        let bench = Arc::new(Bench::new(rows(1_000, 3, 50), &[(place, Wrong::Hangs)]));
        let running = tokio::spawn({
            let bench = bench.clone();
            async move { bench.run_with(&ScriptedGate(bench.store.script.clone())).await }
        });
        bench.store.script.until_reached().await;
        bench.cancel.cancel();
        let fault = running.await.unwrap().unwrap_err();
        assert_eq!(fault.code, Code::Cancelled, "{place:?}");
        bench.untouched();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_has_begun_is_not_cancelled() {
    let bench = Arc::new(Bench::new(rows(1_000, 3, 50), &[(Place::Commit, Wrong::Slow(200))]));
    let running = tokio::spawn({
        let bench = bench.clone();
        async move { bench.run().await }
    });
    bench.store.script.until_reached().await;
    bench.cancel.cancel();
    assert_eq!(running.await.unwrap().unwrap().rows_copied, 1_000);
    assert_eq!(bench.shelf().published_rows(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_cancelled_before_it_begins_does_nothing() {
    let bench = Bench::new(rows(1_000, 3, 50), &[(Place::Source, Wrong::Panics)]);
    bench.cancel.cancel();
    assert_eq!(bench.run().await.unwrap_err().code, Code::Cancelled);
    bench.untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_while_the_gate_says_yes_still_counts() {
    struct Cancels(tokio_util::sync::CancellationToken);
    #[async_trait::async_trait]
    impl crate::CommitGate for Cancels {
        async fn permit(&self, _rows: u64) -> Result<(), sluice_contract::Fault> {
            self.0.cancel();
            Ok(())
        }
    }
    let bench = Bench::new(rows(1_000, 3, 50), &[]);
    let fault = bench.run_with(&Cancels(bench.cancel.clone())).await.unwrap_err();
    assert_eq!(fault.code, Code::Cancelled);
    bench.untouched();
}

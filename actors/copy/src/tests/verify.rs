//! `validateDataConsistency`: the sink is read back.

use super::source::rows;
use super::support::{Bench, Place, Wrong};
use crate::MemoryPool;
use arrow::array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use serde_json::json;
use sluice_contract::Code;
use sluice_contract::job::CopyOutcome;
use sluice_store_core::Written;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn bench(readable: Option<Written>, acts: &[(Place, Wrong)]) -> Bench {
    let mut bench = Bench::new(rows(2_000, 3, 100), acts);
    bench.options.settings = json!({ "validateDataConsistency": true }).as_object().unwrap().clone();
    *bench.shelf().readable.lock().unwrap() = readable;
    bench
}

fn verified(outcome: &CopyOutcome) -> &str {
    outcome.extra["dataConsistencyVerification"]["verified"]
        .as_str()
        .unwrap()
}

fn with_columns(id: ArrayRef, name: ArrayRef) -> RecordBatch {
    let fields = vec![
        Field::new("id", id.data_type().clone(), true),
        Field::new("name", name.data_type().clone(), true),
    ];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![id, name]).unwrap()
}

fn a_name_less(batch: RecordBatch) -> RecordBatch {
    let names = batch.column(1).as_string::<i32>();
    let names: StringArray = names
        .iter()
        .map(|name| name.filter(|name| *name != "row 1003"))
        .collect();
    with_columns(batch.column(0).clone(), Arc::new(names))
}

fn turned_around(batch: RecordBatch) -> RecordBatch {
    let mut ids = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    ids.reverse();
    with_columns(Arc::new(arrow::array::Int64Array::from(ids)), batch.column(1).clone())
}

fn a_row_less(batch: RecordBatch) -> RecordBatch {
    batch.slice(0, batch.num_rows() - 1)
}

fn as_texts(batch: RecordBatch) -> RecordBatch {
    let id = cast(batch.column(0), &DataType::Utf8).unwrap();
    let name = cast(batch.column(1), &DataType::LargeUtf8).unwrap();
    with_columns(id, name)
}

fn not_a_number(batch: RecordBatch) -> RecordBatch {
    let ids = StringArray::from_iter_values((0..batch.num_rows()).map(|_| "one"));
    with_columns(Arc::new(ids), batch.column(1).clone())
}

fn a_column_less(batch: RecordBatch) -> RecordBatch {
    let ids = Int32Array::from_iter_values((0..batch.num_rows()).map(|row| row as i32));
    let field = Field::new("id", DataType::Int32, true);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![Arc::new(ids)]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_same_is_verified() {
    for readable in [Written::Staged, Written::Published] {
        for change in [None, Some(as_texts as fn(RecordBatch) -> RecordBatch)] {
            let bench = bench(Some(readable), &[]);
            *bench.shelf().damage.lock().unwrap() = change;
            let outcome = bench.run().await.unwrap();
            assert_eq!(verified(&outcome), "rows and content", "{readable:?}");
            assert_eq!(bench.shelf().read_back.load(Ordering::SeqCst), 1);
            assert_eq!(bench.shelf().published_rows(), 2_000);
            assert!(!outcome.warnings.iter().any(|text| text.contains("Consistency")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_back_unasked() {
    let mut bench = bench(Some(Written::Staged), &[]);
    bench.options.settings = json!({ "validateDataConsistency": false }).as_object().unwrap().clone();
    assert_eq!(verified(&bench.run().await.unwrap()), "rows");
    assert_eq!(bench.shelf().read_back.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_not_committed_and_named() {
    type Damage = fn(RecordBatch) -> RecordBatch;
    for (damage, said) in [
        (a_name_less as Damage, "\"name\""),
        (turned_around, "other rows"),
        (a_row_less, "2000 rows were written"),
        (not_a_number, "\"id\""),
    ] {
        let bench = bench(Some(Written::Staged), &[]);
        *bench.shelf().damage.lock().unwrap() = Some(damage);
        let fault = bench.run().await.unwrap_err();
        assert_eq!(fault.code, Code::VerificationFailed);
        assert!(
            fault.message.contains(said) && fault.message.contains("nothing was committed"),
            "{fault}"
        );
        assert!(!fault.message.contains("row 1003"), "the data was quoted: {fault}");
        bench.untouched();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_behind_the_commit_is_told_to_be_published() {
    let bench = bench(Some(Written::Published), &[]);
    *bench.shelf().damage.lock().unwrap() = Some(a_name_less);
    let fault = bench.run().await.unwrap_err();
    assert_eq!(fault.code, Code::VerificationFailed);
    assert!(
        fault.message.contains("PUBLISHED") && fault.message.contains("\"name\""),
        "{fault}"
    );
    assert!(!fault.retryable, "it would be published twice");
    assert_eq!(bench.shelf().published_rows(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_published_is_not_compared_with_this_one() {
    let bench = bench(Some(Written::Published), &[]);
    bench.shelf().replays.store(true, Ordering::SeqCst);
    *bench.shelf().damage.lock().unwrap() = Some(a_row_less);
    let outcome = bench.run().await.unwrap();
    assert_eq!(verified(&outcome), "rows");
    let said = |text: &&String| text.contains("validateDataConsistency") && text.contains("earlier run");
    assert!(
        outcome.warnings.iter().any(|text| said(&text)),
        "{:?}",
        outcome.warnings
    );
    assert_eq!(bench.shelf().read_back.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_back_is_said() {
    let bench = bench(None, &[]);
    let outcome = bench.run().await.unwrap();
    assert_eq!(verified(&outcome), "rows");
    let warning = outcome
        .warnings
        .iter()
        .find(|text| text.contains("validateDataConsistency"));
    assert!(warning.unwrap().contains("made impossible"), "{:?}", outcome.warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_fails_to_read_back_is_not_committed() {
    for (wrong, code) in [
        (Wrong::Fails(Code::StoreUnreachable), Code::StoreUnreachable),
        (Wrong::Panics, Code::CopyPanicked),
        (Wrong::Hangs, Code::Stalled),
    ] {
        let mut bench = bench(Some(Written::Staged), &[(Place::ReadBack, wrong)]);
        if wrong == Wrong::Hangs {
            bench.options.settle_timeout = Duration::from_millis(300);
        }
        assert_eq!(bench.run().await.unwrap_err().code, code);
        bench.untouched();
    }
    let bench = bench(Some(Written::Staged), &[]);
    *bench.shelf().damage.lock().unwrap() = Some(a_column_less);
    assert_eq!(bench.run().await.unwrap_err().code, Code::Internal);
    bench.untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_ends_the_reading_back() {
    let bench = Arc::new(bench(Some(Written::Staged), &[(Place::ReadBack, Wrong::Hangs)]));
    let running = tokio::spawn({
        let bench = bench.clone();
        async move { bench.run().await }
    });
    bench.store.script.until_reached().await;
    bench.cancel.cancel();
    assert_eq!(running.await.unwrap().unwrap_err().code, Code::Cancelled);
    bench.untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_are_named_with_their_hashes() {
    let bench = bench(None, &[]);
    let outcome = bench.run().await.unwrap();
    let names: Vec<_> = outcome.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "name"]);
    assert!(outcome.columns.iter().all(|column| column.hash.len() == 16));
    let whole = crate::ContentHash::of(&super::source::batch(0, 2_000));
    let first = format!("{:016x}", whole.columns()[0]);
    assert_eq!(outcome.columns[0].hash, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_back_stays_within_the_budget() {
    const BUDGET: usize = 512 * 1024;
    let mut bench = Bench::new(rows(160_000, 4, 1_500), &[]);
    bench.options.settings = json!({ "validateDataConsistency": true }).as_object().unwrap().clone();
    *bench.shelf().readable.lock().unwrap() = Some(Written::Staged);
    let pool = MemoryPool::new(BUDGET, 1);
    bench.options.memory_budget = BUDGET;
    bench.options.memory = Some(pool.clone());
    assert_eq!(verified(&bench.run().await.unwrap()), "rows and content");
    assert!(pool.peak() <= BUDGET && pool.used() == 0, "{pool:?}");

    // Batches that are larger than all of it pass one by one.
    let mut bench = self::bench(Some(Written::Staged), &[]);
    bench.options.memory_budget = 1024;
    bench.options.memory = Some(MemoryPool::new(1024, 1));
    assert_eq!(verified(&bench.run().await.unwrap()), "rows and content");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_that_others_hold_is_waited_for() {
    let pool = MemoryPool::new(64 * 1024, 1);
    let others = pool.share(64 * 1024).reserve(64 * 1024).await;
    let mut bench = bench(Some(Written::Staged), &[]);
    bench.options.memory = Some(pool.clone());
    bench.options.stall_timeout = Duration::from_millis(300);
    let running = tokio::spawn(async move { bench.run().await });
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(!running.is_finished(), "it was taken for a stall");
    drop(others);
    assert_eq!(verified(&running.await.unwrap().unwrap()), "rows and content");
}

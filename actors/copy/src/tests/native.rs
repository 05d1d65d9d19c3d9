//! Rows that pass through in their store's encoding.

use super::source::rows;
use super::support::{Bench, Place, Wrong};
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::Written;
use std::collections::BTreeSet;
use std::time::Duration;

/// A copy between two stores that speak these encodings.
fn bench(from: &'static str, to: &'static str, acts: &[(Place, Wrong)]) -> Bench {
    let bench = Bench::new(rows(3_000, 3, 100), acts);
    *bench.store.encoding.lock().unwrap() = Some(from);
    *bench.shelf().takes.lock().unwrap() = Some(to);
    bench
}

/// The rows that passed through, as lines.
fn lines(bench: &Bench) -> BTreeSet<String> {
    let chunks = bench.shelf().chunks.lock().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let lines = chunks.iter().flat_map(|chunk| {
        let text = text(&chunk.bytes);
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_pass_through_where_both_speak_the_same() {
    let bench = bench("lines", "lines", &[]);
    let outcome = bench.run().await.unwrap();
    assert_eq!((outcome.rows_read, outcome.rows_copied), (3_000, 3_000));
    assert_eq!(outcome.content_form, "lines");
    assert!(outcome.bytes_written > 0);
    let lines = lines(&bench);
    assert_eq!(lines.len(), 3_000);
    assert!(lines.contains("0,") && lines.contains("2999,row 2999"));
    assert!(bench.shelf().published().is_empty(), "rows were decoded");
    assert_eq!(bench.shelf().commits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hash_does_not_depend_on_the_cuts() {
    let mut hashes = BTreeSet::new();
    for (partitions, per_batch) in [(1, 3_000), (3, 100), (7, 33)] {
        let bench = Bench::new(rows(3_000, partitions, per_batch), &[]);
        *bench.store.encoding.lock().unwrap() = Some("lines");
        *bench.shelf().takes.lock().unwrap() = Some("lines");
        let outcome = bench.run().await.unwrap();
        let columns: Vec<_> = outcome.columns.iter().map(|column| column.hash.clone()).collect();
        hashes.insert((outcome.content_hash, columns));
    }
    assert_eq!(hashes.len(), 1, "{hashes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_decoded_where_that_is_needed() {
    let other = bench("lines", "pages", &[]);
    assert_eq!(other.run().await.unwrap().content_form, "");
    let mut added = bench("lines", "lines", &[]);
    added.source.activity = json!({ "additionalColumns": [{ "name": "x", "value": "y" }] })
        .as_object()
        .unwrap()
        .clone();
    assert_eq!(added.run().await.unwrap().content_form, "");
    let mut swapped = bench("lines", "lines", &[]);
    swapped.options.settings = mapping(&["name", "id"]);
    assert_eq!(swapped.run().await.unwrap().content_form, "");
    for bench in [other, added, swapped] {
        assert_eq!(bench.shelf().published_rows(), 3_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_changes_nothing_keeps_the_encoding() {
    let mut bench = bench("lines", "lines", &[]);
    bench.options.settings = mapping(&["id", "name"]);
    assert_eq!(bench.run().await.unwrap().content_form, "lines");
}

fn mapping(names: &[&str]) -> sluice_contract::Object {
    let pair = |name: &&str| json!({ "source": { "name": name }, "sink": { "name": name } });
    let pairs: Vec<_> = names.iter().map(pair).collect();
    let settings = json!({ "translator": { "type": "TabularTranslator", "mappings": pairs } });
    settings.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_ends_it_like_any_copy() {
    for (place, wrong, code) in [
        (
            Place::Batch,
            Wrong::Fails(Code::StoreUnreachable),
            Code::StoreUnreachable,
        ),
        (Place::Write, Wrong::Fails(Code::DiskFull), Code::DiskFull),
        (Place::Write, Wrong::Panics, Code::CopyPanicked),
        (Place::Write, Wrong::Hangs, Code::Stalled),
    ] {
        let mut bench = bench("lines", "lines", &[(place, wrong)]);
        bench.options.stall_timeout = Duration::from_millis(500);
        assert_eq!(bench.run().await.unwrap_err().code, code, "{place:?} {wrong:?}");
        assert_eq!(bench.shelf().commits(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_bounds_the_bytes() {
    let mut bench = Bench::new(rows(200_000, 4, 4_000), &[(Place::Write, Wrong::Slow(2))]);
    *bench.store.encoding.lock().unwrap() = Some("lines");
    *bench.shelf().takes.lock().unwrap() = Some("lines");
    // A batch is held for a moment while it is encoded; that is the test's own and not the copy's.
    bench.options.memory_budget = 512 * 1024;
    bench.run().await.unwrap();
    let slack = 4 * super::source::batch(0, 4_000).get_array_memory_size();
    let peak = bench.store.gauge.peak();
    assert!(
        peak <= bench.options.memory_budget + slack,
        "{peak} bytes were in flight"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_through_is_compared_in_its_encoding() {
    let mut bench = bench("lines", "lines", &[]);
    bench.options.settings = json!({ "validateDataConsistency": true }).as_object().unwrap().clone();
    *bench.shelf().readable.lock().unwrap() = Some(Written::Staged);
    let outcome = bench.run().await.unwrap();
    let verified = &outcome.extra["dataConsistencyVerification"]["verified"];
    assert_eq!(verified, "rows and content");
}

//! Columns on their way through a copy.

use super::source::{batch, rows};
use super::support::Bench;
use crate::ContentHash;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, UInt8Type};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault, Object};
use std::sync::atomic::Ordering;

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

fn mappings(list: Value) -> Value {
    json!({"translator": {"type": "TabularTranslator", "mappings": list}})
}

/// A copy of the columns `id` and `name`, in the order of the rows.
async fn copy(settings: Value, source: Value) -> Result<RecordBatch, Fault> {
    let mut bench = Bench::new(rows(1_000, 1, 100), &[]);
    bench.options.settings = object(settings);
    bench.source.activity = object(source);
    let outcome = bench.run().await;
    if outcome.is_err() {
        bench.untouched();
        assert!(
            bench.store.opened.load(Ordering::SeqCst) < 2,
            "the sink was opened for a mapping that does not fit"
        );
    }
    let outcome = outcome?;
    assert_eq!((outcome.rows_read, outcome.rows_copied), (1_000, 1_000));
    let published = bench.shelf().published();
    let all = concat_batches(&published[0].schema(), &published).unwrap();
    assert_eq!(outcome.content_hash, ContentHash::of(&all).to_string());
    Ok(all)
}

fn names(batch: &RecordBatch) -> Vec<&str> {
    batch
        .schema_ref()
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect()
}

#[tokio::test]
async fn columns_are_renamed_reordered_and_dropped() {
    let whole = batch(0, 1_000);
    let both = mappings(json!([
        {"source": {"name": "NAME", "type": "String"}, "sink": {"name": "label", "type": "String"}},
        {"source": {"ordinal": 1}, "sink": {"name": "number", "type": "Int64"}},
    ]));
    let copied = copy(both, json!({})).await.unwrap();
    assert_eq!(names(&copied), ["label", "number"]);
    assert_eq!((copied.column(0), copied.column(1)), (whole.column(1), whole.column(0)));
    assert!(!copied.schema().field(1).is_nullable());

    let one = json!({"translator": {"type": "TabularTranslator", "columnMappings": {"id": "key"}}});
    let copied = copy(one, json!({})).await.unwrap();
    assert_eq!(names(&copied), ["key"]);
    assert_eq!(copied.column(0), whole.column(0));

    let old = json!({"translator": {"type": "TabularTranslator", "columnMappings": "name: id, id : name"}});
    let copied = copy(old, json!({})).await.unwrap();
    assert_eq!(names(&copied), ["id", "name"]);
    assert_eq!(copied.column(0), whole.column(1));
}

#[tokio::test]
async fn a_translator_without_mappings_leaves_columns_to_their_names() {
    let designer = json!({"translator": {"type": "TabularTranslator", "typeConversion": true,
        "typeConversionSettings": {"allowDataTruncation": true, "treatBooleanAsNumber": false}}});
    assert_eq!(copy(designer, json!({})).await.unwrap(), batch(0, 1_000));
    assert_eq!(copy(mappings(json!([])), json!({})).await.unwrap(), batch(0, 1_000));
}

fn converting(allow: bool) -> Value {
    json!({"enableSkipIncompatibleRow": allow, "translator": {"type": "TabularTranslator", "typeConversion": true, "mappings": [
        {"source": {"name": "id"}, "sink": {"name": "small", "type": "Byte"}},
        {"source": {"name": "name"}, "sink": {"name": "name"}},
    ]}})
}

#[tokio::test]
async fn rows_that_cannot_be_converted_are_left_out_where_that_is_allowed() {
    let mut bench = Bench::new(rows(1_000, 2, 100), &[]);
    bench.options.settings = object(converting(true));
    let outcome = bench.run().await.unwrap();
    assert_eq!(
        (outcome.rows_read, outcome.rows_copied, outcome.rows_skipped),
        (1_000, 256, 744)
    );
    let told = outcome.warnings.last().unwrap();
    assert!(told.starts_with("744 rows were left out; the first: part "), "{told}");
    assert!(told.contains("SL6011: column \"small\""), "{told}");
    assert!(!told.contains("row 256\""), "a value was quoted: {told}");
    let published = bench.shelf().published();
    assert!(
        published
            .iter()
            .all(|batch| batch.column(0).data_type() == &DataType::UInt8)
    );
    let last = published
        .iter()
        .filter_map(|batch| arrow::compute::max(batch.column(0).as_primitive::<UInt8Type>()));
    assert_eq!(last.max(), Some(255));

    let mut bench = Bench::new(rows(1_000, 1, 100), &[]);
    bench.options.settings = object(converting(false));
    let fault = bench.run().await.unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid);
    assert!(fault.message.contains("part 0, row 257: column \"small\""), "{fault}");
    bench.untouched();
}

#[tokio::test]
async fn columns_are_added_before_they_are_mapped() {
    let source = json!({"additionalColumns": [
        {"name": "origin", "value": "shop @ 漢"},
        {"name": "again", "value": "$$COLUMN:name"},
        {"name": "handle", "value": "@@home"},
    ]});
    let whole = batch(0, 1_000);
    let copied = copy(json!({}), source.clone()).await.unwrap();
    assert_eq!(names(&copied), ["id", "name", "origin", "again", "handle"]);
    assert!(
        copied
            .column(2)
            .as_string::<i32>()
            .iter()
            .all(|value| value == Some("shop @ 漢"))
    );
    assert_eq!(copied.column(3), whole.column(1));
    assert!(
        copied
            .column(4)
            .as_string::<i32>()
            .iter()
            .all(|value| value == Some("@home"))
    );

    let mapping = mappings(json!([
        {"source": {"name": "origin"}, "sink": {"name": "id"}},
        {"source": {"ordinal": 4}, "sink": {"name": "copy"}},
    ]));
    let copied = copy(mapping, source).await.unwrap();
    assert_eq!(names(&copied), ["id", "copy"]);
    assert_eq!(copied.column(1), whole.column(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_added_texts_stay_within_the_budget() {
    let mut bench = Bench::new(rows(4_000, 1, 2_000), &[]);
    bench.options.memory_budget = 1 << 20;
    bench.options.parallel = 1;
    let text = "x".repeat(10_000);
    bench.source.activity = object(json!({"additionalColumns": [{"name": "long", "value": text}]}));
    // 40 MB of text in all.
    bench.run().await.unwrap();
    let largest = bench
        .shelf()
        .published()
        .iter()
        .map(RecordBatch::get_array_memory_size)
        .max();
    assert!(largest.unwrap() < 1 << 20, "{largest:?}");
    assert_eq!(bench.shelf().published_rows(), 4_000);
}

#[tokio::test]
async fn mappings_that_do_not_fit_are_refused() {
    let two = |a: Value, b: Value| {
        mappings(json!([{"source": {"name": "id"}, "sink": a}, {"source": {"name": "name"}, "sink": b}]))
    };
    for (settings, code, words) in [
        (
            mappings(json!([{"source": {"name": "nope"}, "sink": {"name": "x"}}])),
            Code::SchemaMismatch,
            "nope",
        ),
        (
            mappings(json!([{"source": {"ordinal": 3}, "sink": {"name": "x"}}])),
            Code::SchemaMismatch,
            "column 3",
        ),
        (
            two(json!({"name": "x"}), json!({"name": "x"})),
            Code::DocumentInvalid,
            "\"x\"",
        ),
        (
            two(json!({"name": "x"}), json!({"name": "X"})),
            Code::DocumentInvalid,
            "\"X\"",
        ),
        (
            two(json!({"ordinal": 2}), json!({"ordinal": 2})),
            Code::DocumentInvalid,
            "column 1",
        ),
        (
            two(json!({"ordinal": 1}), json!({"ordinal": 1})),
            Code::DocumentInvalid,
            "column 1",
        ),
        (
            two(json!({"ordinal": 1}), json!({"ordinal": 3})),
            Code::DocumentInvalid,
            "column 2",
        ),
        (
            two(json!({"ordinal": 1}), json!({"name": "x"})),
            Code::DocumentInvalid,
            "ordinal",
        ),
        (
            mappings(json!([{"source": {"name": "id", "type": "Int32"}, "sink": {"name": "x"}}])),
            Code::ActivityUnsupported,
            "translator.mappings[0].source.type",
        ),
    ] {
        let fault = copy(settings.clone(), json!({})).await.unwrap_err();
        assert_eq!(fault.code, code, "{settings}: {fault}");
        assert!(fault.message.contains(words), "{fault} does not say {words}");
    }
    for (column, code, words) in [
        (json!({"name": "Name", "value": "x"}), Code::DocumentInvalid, "Name"),
        (
            json!({"name": "x", "value": "$$COLUMN:nope"}),
            Code::SchemaMismatch,
            "nope",
        ),
        (
            json!({"name": "x", "value": "$$COLUMN:"}),
            Code::DocumentInvalid,
            "no column",
        ),
        (
            json!({"name": "x", "value": "$$FILEPATH"}),
            Code::ActivityUnsupported,
            "FILEPATH",
        ),
        (
            json!({"name": "x", "value": "$$漢字漢字漢字"}),
            Code::ActivityUnsupported,
            "漢字",
        ),
        (json!({"name": "x", "value": null}), Code::DocumentInvalid, "value"),
        (json!({"value": "x"}), Code::DocumentInvalid, "name"),
        (json!("x"), Code::DocumentInvalid, "name"),
    ] {
        let fault = copy(json!({}), json!({"additionalColumns": [column]}))
            .await
            .unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
        assert!(fault.message.contains(words), "{fault} does not say {words}");
    }
}

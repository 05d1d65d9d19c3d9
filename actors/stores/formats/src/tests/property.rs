//! Any rows come back from any format, whatever is in them.

use super::memory::MemoryStore;
use super::sample::{dataset, read, write};
use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray,
    StringArray, StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema};
use arrow::record_batch::RecordBatch;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

const MICROS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;

/// Texts of everything that is special somewhere, and of anything else.
fn text() -> impl Strategy<Value = String> {
    let special = prop_oneof![
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just(",".to_owned()),
        Just("\r".to_owned()),
        Just("\n".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("NULL".to_owned()),
        Just("\0".to_owned()),
        Just("\u{10ffff}".to_owned()),
        "[a-z]{1,3}",
        any::<char>().prop_map(|char| char.to_string()),
    ];
    vec(special, 0..6).prop_map(|parts| parts.concat())
}

/// Columns of every kind, with as many rows each; the last three are not carried by delimited text.
fn columns() -> impl Strategy<Value = RecordBatch> {
    let most = 10i128.pow(38) - 1;
    (1usize..20).prop_flat_map(move |rows| {
        let flat = (
            vec(of(text()), rows),
            vec(of(any::<i64>()), rows),
            vec(of(any::<f64>()), rows),
            vec(of(any::<bool>()), rows),
            vec(of(-most..=most), rows),
            vec(of(-719_162i32..2_932_896), rows),
            vec(of(MICROS), rows),
            vec(of(0i64..86_400_000_000), rows),
        );
        let nested = (
            vec(of(vec(any::<u8>(), 0..9)), rows),
            vec(of(vec(of(any::<i64>()), 0..4)), rows),
            vec(any::<bool>(), rows),
        );
        (flat, nested).prop_map(
            |((texts, longs, doubles, flags, decimals, days, moments, times), (bytes, lists, valid))| {
                let decimals = Decimal128Array::from(decimals).with_precision_and_scale(38, 7).unwrap();
                // One NaN has many forms, and a text has one.
                let doubles = doubles
                    .into_iter()
                    .map(|value| value.map(|value| if value.is_nan() { f64::NAN } else { value }));
                let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
                let members = Fields::from(vec![
                    Field::new("t", DataType::Utf8, true),
                    Field::new("l", list.data_type().clone(), true),
                ]);
                let texts: ArrayRef = Arc::new(StringArray::from(texts));
                let nested = StructArray::new(members, vec![Arc::clone(&texts), Arc::clone(&list)], Some(valid.into()));
                let columns: Vec<(&str, ArrayRef)> = vec![
                    ("t", texts),
                    ("n", Arc::new(Int64Array::from(longs))),
                    ("x", Arc::new(Float64Array::from_iter(doubles))),
                    ("b", Arc::new(BooleanArray::from(flags))),
                    ("d", Arc::new(decimals)),
                    ("day", Arc::new(Date32Array::from(days))),
                    (
                        "at",
                        Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("UTC")),
                    ),
                    ("clock", Arc::new(Time64MicrosecondArray::from(times))),
                    ("raw", Arc::new(BinaryArray::from_iter(bytes))),
                    ("list", list),
                    ("of", Arc::new(nested)),
                ];
                let field = |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
                let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
                RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
            },
        )
    })
}

fn typed() -> Value {
    let kinds = [
        "String",
        "Int64",
        "Double",
        "Boolean",
        "Decimal",
        "Date",
        "DateTimeOffset",
        "TimeSpan",
    ];
    let names = ["t", "n", "x", "b", "d", "day", "at", "clock"];
    let column = |(name, kind): (&str, &str)| json!({"name": name, "type": kind, "precision": 38, "scale": 7});
    names.into_iter().zip(kinds).map(column).collect()
}

fn comes_back(kind: &str, options: Value, batch: &RecordBatch) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = MemoryStore::default();
        write(&store, kind, dataset("x", options.clone()), vec![batch.clone()])
            .await
            .unwrap();
        let back = read(&store, kind, dataset("x", options)).await.unwrap();
        let back = concat_batches(&back.schema(), [&back]).unwrap();
        for (index, field) in batch.schema().fields().iter().enumerate() {
            let found = back
                .column_by_name(field.name())
                .unwrap_or_else(|| panic!("{kind}: {}", field.name()));
            let sent = batch.column(index);
            // Values under a NULL do not count.
            assert!(
                found.to_data() == sent.to_data(),
                "{kind}: {} was {sent:?} and came back as {found:?}",
                field.name()
            );
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_rows_come_back(batch in columns()) {
        let flat = batch.project(&(0..8).collect::<Vec<_>>()).unwrap();
        for options in [
            json!({"firstRowAsHeader": true, "schema": typed()}),
            json!({"schema": typed(), "escapeChar": "\"", "quoteAllText": true, "nullValue": "NULL", "rowDelimiter": "\n"}),
            json!({"schema": typed(), "columnDelimiter": "||", "encodingName": "UTF-16", "firstRowAsHeader": true}),
        ] {
            comes_back("DelimitedText", options, &flat);
        }
        let mut schema = typed();
        schema.as_array_mut().unwrap().push(json!({"name": "raw", "type": "Byte[]"}));
        // What is nested has the type of its values, which these may not show: NULL or empty alone say nothing.
        let plain = batch.project(&(0..9).collect::<Vec<_>>()).unwrap();
        comes_back("Json", json!({"schema": schema, "encodingName": "UTF-8 with BOM"}), &plain);
        comes_back("Avro", json!({}), &batch);
        comes_back("Parquet", json!({}), &batch);
    }
}

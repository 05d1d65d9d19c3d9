//! What a sink reads back is what it was given, whatever SQLite keeps it as.

use super::{Database, key};
use arrow::array::*;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use futures::TryStreamExt;
use serde_json::json;
use sluice_store_core::{ContentHash, ReadBack, Written};
use std::sync::Arc;

/// Writes a batch, and reads it back in the types of the batch.
async fn there_and_back(database: &Database, batch: &RecordBatch) -> Result<RecordBatch, String> {
    let mut sink = database
        .sink("t", json!({ "tableOption": "autoCreate" }))
        .await
        .unwrap();
    sink.prepare(batch.schema(), &key("job-1", 1, 1)).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    writer.write(batch.clone()).await.unwrap();
    writer.finish().await.unwrap();
    sink.verify().await.unwrap();
    let back = match sink.read_back(Written::Staged).await.unwrap() {
        ReadBack::Batches(batches) => batches.try_collect::<Vec<_>>().await.unwrap(),
        ReadBack::Native(_) => return Err("in an encoding of its own".to_owned()),
        ReadBack::Impossible(why) => return Err(why),
    };
    assert!(matches!(
        sink.read_back(Written::Published).await.unwrap(),
        ReadBack::Impossible(_)
    ));
    // The staging is still there to be published.
    sink.commit().await.unwrap();
    let whole = arrow::compute::concat_batches(&back[0].schema(), &back).unwrap();
    let schema = batch.schema();
    let columns = whole.columns().iter().zip(schema.fields());
    // Arrow itself knows zones by their offsets only; the copy minds that, too.
    let columns = columns.map(|(array, field)| match field.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let instants = cast(array, &DataType::Timestamp(*unit, Some("+00:00".into()))).unwrap();
            cast(&instants, field.data_type()).unwrap()
        }
        other => cast(array, other).unwrap(),
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect()).unwrap())
}

fn all() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("o", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("i", Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX, 0]))),
        (
            "u",
            Arc::new(UInt64Array::from(vec![Some(0), Some(i64::MAX as u64), None])),
        ),
        ("h", Arc::new(Int16Array::from(vec![-1, 0, 1]))),
        ("f", Arc::new(Float64Array::from(vec![Some(0.1), Some(1e300), None]))),
        ("g", Arc::new(Float32Array::from(vec![0.1, -1e30, 3.0]))),
        ("s", Arc::new(StringArray::from(vec![Some("007"), Some(""), None]))),
        ("x", Arc::new(BinaryArray::from_vec(vec![&[0, 255], &[], b"a"]))),
        ("d", Arc::new(Date32Array::from(vec![19782, -1, -719_528]))),
        ("t", Arc::new(Time64MicrosecondArray::from(vec![86_399_999_999, 0, 1]))),
        (
            "ts",
            Arc::new(TimestampNanosecondArray::from(vec![1, -1, 1_500_000_000])),
        ),
        (
            "tz",
            Arc::new(TimestampMicrosecondArray::from(vec![1_500_000, 0, -62_000_000_000_000_000]).with_timezone("UTC")),
        ),
        (
            "n",
            Arc::new(
                Decimal128Array::from(vec![10_i128.pow(37), -5, 0])
                    .with_precision_and_scale(38, 10)
                    .unwrap(),
            ),
        ),
        ("l", Arc::new(LargeStringArray::from(vec!["a", "ß", "🐘"]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[tokio::test]
async fn a_table_made_for_it_gives_back_what_it_got() {
    let database = Database::new("CREATE TABLE other (a INTEGER)");
    let batch = all();
    let back = there_and_back(&database, &batch).await.unwrap();
    for (column, field) in batch.schema().fields().iter().enumerate() {
        assert_eq!(back.column(column), batch.column(column), "{}", field.name());
    }
    assert_eq!(ContentHash::of(&back), ContentHash::of(&batch));
    assert_eq!(database.one("SELECT count(*) FROM t"), "3");
}

#[tokio::test]
async fn a_table_of_other_declarations_does_as_well() {
    // Numbers in texts, integers in reals, decimals and doubles in what SQLite keeps as it likes.
    let database = Database::new("CREATE TABLE t (i TEXT, r REAL, d DECIMAL(12,2), n NUMERIC, f NUMERIC, day, m TEXT)");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(Int64Array::from(vec![i64::MIN, 7]))),
        ("r", Arc::new(Int32Array::from(vec![-3, 1 << 30]))),
        (
            "d",
            Arc::new(
                Decimal128Array::from(vec![110, -7])
                    .with_precision_and_scale(12, 2)
                    .unwrap(),
            ),
        ),
        ("n", Arc::new(Int64Array::from(vec![i64::MAX, -1]))),
        ("f", Arc::new(Float64Array::from(vec![1e17, 0.25]))),
        ("day", Arc::new(Date32Array::from(vec![0, 20_000]))),
        (
            "m",
            Arc::new(
                Decimal128Array::from(vec![12_345, -1])
                    .with_precision_and_scale(20, 3)
                    .unwrap(),
            ),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let back = there_and_back(&database, &batch).await.unwrap();
    assert_eq!(back, batch);
    assert_eq!(
        database.one("SELECT typeof(i) || typeof(r) || typeof(f) FROM t"),
        "textrealinteger"
    );
}

#[tokio::test]
async fn texts_that_became_numbers_are_not_read_back() {
    let database = Database::new("CREATE TABLE t (a INTEGER)");
    let batch = RecordBatch::try_from_iter(vec![("a", Arc::new(StringArray::from(vec!["007"])) as ArrayRef)]).unwrap();
    let why = there_and_back(&database, &batch).await.unwrap_err();
    assert!(why.contains("\"a\""), "{why}");
}

#[tokio::test]
async fn nothing_is_read_back_as_nothing() {
    let database = Database::new("CREATE TABLE t (a INTEGER)");
    let mut sink = database.sink("t", json!({})).await.unwrap();
    let empty =
        RecordBatch::try_from_iter(vec![("a", Arc::new(Int64Array::from(Vec::<i64>::new())) as ArrayRef)]).unwrap();
    assert_eq!(empty.schema().field(0).data_type(), &DataType::Int64);
    sink.prepare(empty.schema(), &key("job-1", 1, 1)).await.unwrap();
    sink.verify().await.unwrap();
    let ReadBack::Batches(batches) = sink.read_back(Written::Staged).await.unwrap() else {
        panic!("not as batches");
    };
    assert!(batches.try_collect::<Vec<_>>().await.unwrap().is_empty());
}

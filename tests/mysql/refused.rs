//! Rows that the table itself refuses, by its keys and constraints: left out where that is allowed.

use super::{Log, Shop, key, next};
use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_store_core::{CommitKey, Rejects, Side, Sink};
use std::sync::Arc;

const TABLES: &[&str] = &[
    "CREATE TABLE parents (id tinyint PRIMARY KEY)",
    "INSERT INTO parents VALUES (1), (2)",
    "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(10) NOT NULL UNIQUE CHECK (name <> 'bad'), parent tinyint, \
     raw varbinary(4), FOREIGN KEY (parent) REFERENCES parents (id))",
    "INSERT INTO t (id, name) VALUES (1, 'one'), (2, 'two')",
];

type Values = (i64, Option<&'static str>, Option<i64>, Option<&'static [u8]>);

fn batch(rows: &[Values]) -> RecordBatch {
    let fields = vec![
        Field::new("id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("parent", DataType::Int64, true),
        Field::new("raw", DataType::Binary, true),
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.1))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.2))),
        Arc::new(BinaryArray::from_iter(rows.iter().map(|row| row.3))),
    ];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// Half of them are good.
fn mixed() -> RecordBatch {
    batch(&[
        (10, Some("ten"), Some(1), Some(b"\x00\xff")),
        (1, Some("key"), None, Some(b"\x0a\x0b")),
        (11, Some("eleven"), Some(2), None),
        (12, Some("two"), None, None),
        (13, None, None, None),
        (14, Some("bad"), None, None),
        (15, Some("fifteen"), None, None),
        (16, Some("lost"), Some(3), None),
        (17, Some("large"), Some(300), None),
        (18, Some("longer than ten"), None, None),
        (10, Some("again"), None, None),
        (19, Some("fifteen"), None, None),
        (20, Some("bytes"), None, Some(b"12345")),
        (21, Some("twenty, 1"), None, None),
        (22, Some("last"), Some(1), None),
    ])
}

const LEFT_OUT: &[(&str, &str)] = &[
    ("1,key,,0a0b", "Duplicate"),
    ("12,two,,", "Duplicate"),
    ("13,,,", "NULL"),
    ("14,bad,,", "CONSTRAINT"),
    ("16,lost,3,", "foreign key"),
    ("17,large,300,", ""),
    ("18,longer than ten,,", "truncated"),
    ("10,again,,", "Duplicate"),
    ("19,fifteen,,", "Duplicate"),
    ("20,bytes,,3132333435", ""),
];

/// Stages all of it, by two writers, and says how many rows are staged.
async fn stage(shop: &Shop, activity: Value, key: &CommitKey, rejects: &Rejects) -> (Box<dyn Sink>, u64) {
    let mut sink = shop.sink("t", activity, Some(rejects.clone())).await.unwrap();
    let batch = mixed();
    sink.prepare(batch.schema(), key).await.unwrap();
    let (mut one, mut two) = (sink.writer().await.unwrap(), sink.writer().await.unwrap());
    one.write(batch.slice(0, 7)).await.unwrap();
    two.write(batch.slice(7, 8)).await.unwrap();
    one.finish().await.unwrap();
    two.finish().await.unwrap();
    let rows = sink.verify().await.unwrap().rows;
    (sink, rows)
}

async fn ids(shop: &Shop) -> Vec<String> {
    shop.server.rows("SELECT id FROM t ORDER BY id").await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_keys_and_constraints_refuse_are_left_out_one_by_one() {
    let shop = Shop::open().await;
    shop.server.sql(TABLES).await;
    let fault = shop.write("t", json!({}), &mixed()).await.unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid, "without the setting: {fault}");
    assert_eq!(ids(&shop).await, ["1", "2"]);
    // Also where the table could have been made.
    let create = json!({ "tableOption": "autoCreate" });
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let first = key();
    let (mut earlier, rows) = stage(&shop, create.clone(), &first, &rejects).await;
    assert_eq!((rows, rejects.rows()), (5, 10));
    assert_eq!(ids(&shop).await, ["1", "2"], "what is tried is taken back");
    {
        let log = log.0.lock().unwrap();
        for (record, why) in LEFT_OUT {
            let left = log.iter().find(|left| left.record == *record);
            let left = left.unwrap_or_else(|| panic!("{record}: {log:?}"));
            assert_eq!((left.side, left.fault.code), (Side::Sink, Code::DataInvalid));
            assert!(left.fault.message.contains(why), "{why}: {}", left.fault);
        }
    }
    // The next attempt finds the same rows good and the same rows bad, and the one before it publishes nothing.
    let rejects = Rejects::new(Arc::new(Log::default()));
    let second = next(&first);
    let (mut sink, rows) = stage(&shop, create.clone(), &second, &rejects).await;
    assert_eq!((rows, rejects.rows()), (5, 10));
    assert!(earlier.commit().await.is_err());
    assert!(!sink.commit().await.unwrap().replayed);
    let expected = ["1", "2", "10", "11", "15", "21", "22"];
    assert_eq!(ids(&shop).await, expected);
    // What was published is not taken for its own duplicates by an attempt that did not hear of it.
    let rejects = Rejects::new(Arc::new(Log::default()));
    let (mut sink, _) = stage(&shop, create, &next(&second), &rejects).await;
    assert_eq!(rejects.rows(), 4, "those only that never reach the staging");
    assert!(sink.commit().await.unwrap().replayed);
    assert_eq!(ids(&shop).await, expected);
    assert_eq!(shop.tables().await, ["parents", "t"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_and_upserts_are_tried_with_the_rows() {
    let shop = Shop::open().await;
    shop.server.sql(TABLES).await;
    let script = json!({ "preCopyScript": "DELETE FROM t WHERE id = 1" });
    let rejects = Rejects::new(Arc::new(Log::default()));
    let (mut sink, rows) = stage(&shop, script, &key(), &rejects).await;
    assert_eq!((rows, rejects.rows()), (6, 9), "the key 1 is free behind the script");
    assert_eq!(ids(&shop).await, ["1", "2"], "the script is taken back, too");
    sink.commit().await.unwrap();
    assert_eq!(ids(&shop).await, ["1", "2", "10", "11", "15", "21", "22"]);
    let upsert = json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["id"] } });
    let new = batch(&[
        (1, Some("ONE"), None, None),
        (2, Some("bad"), None, None),
        (3, Some("eleven"), None, None),
        (4, Some("four"), None, None),
    ]);
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let mut sink = shop.sink("t", upsert, Some(rejects.clone())).await.unwrap();
    sink = shop.stage(sink, &new, &key()).await.unwrap();
    sink.commit().await.unwrap();
    let records: Vec<String> = log.0.lock().unwrap().iter().map(|left| left.record.clone()).collect();
    assert_eq!(records, ["2,bad,,", "3,eleven,,"]);
    assert_eq!(
        shop.server
            .rows("SELECT id, name FROM t WHERE id < 10 ORDER BY id")
            .await,
        ["1|ONE", "2|two", "4|four"]
    );
}

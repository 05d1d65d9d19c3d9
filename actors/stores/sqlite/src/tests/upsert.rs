//! Rows that replace those of the same keys.

use super::{Database, key};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use serde_json::{Value, json};
use sluice_contract::Code;
use std::sync::Arc;

fn rows(ids: Vec<Option<i64>>, names: Vec<Option<&str>>) -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(ids))),
        ("name", Arc::new(StringArray::from(names))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn upsert(keys: &[&str]) -> Value {
    json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": keys }, "tableOption": "autoCreate" })
}

const ALL: &str =
    "SELECT group_concat(id || coalesce(name, '-') || coalesce(more, '')) FROM (SELECT * FROM t ORDER BY id)";

#[tokio::test]
async fn rows_replace_those_of_their_keys_and_nothing_else() {
    // By an index, by the primary key that is not named, and without anything that keeps the keys unique.
    for (declared, keys) in [
        ("id INTEGER, name TEXT, more TEXT, UNIQUE (id)", vec!["ID"]),
        ("id INTEGER PRIMARY KEY, name TEXT, more TEXT", vec![]),
        ("id INTEGER, name TEXT, more TEXT", vec!["id"]),
    ] {
        let database = Database::new(&format!(
            "CREATE TABLE t ({declared}); INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y'), (9, 'z', NULL)"
        ));
        let batch = rows(vec![Some(2), Some(3), Some(1)], vec![Some("B"), Some("c"), None]);
        database.write("t", upsert(&keys), &batch).await.unwrap();
        assert_eq!(database.one(ALL), "1-x,2By,3c,9z", "{declared}");
        // Another job with the same rows changes nothing any more.
        let again = key("job-2", 1, 1);
        database.write_as("t", upsert(&keys), &batch, &again).await.unwrap();
        assert_eq!(database.one(ALL), "1-x,2By,3c,9z", "{declared}");
        assert_eq!(database.one("SELECT rows FROM sluice_commit WHERE job = 'job-2'"), "3");
    }
}

#[tokio::test]
async fn rows_of_nothing_but_keys_stay_as_they_are() {
    for declared in ["id INTEGER, name TEXT, PRIMARY KEY (id, name)", "id INTEGER, name TEXT"] {
        let database = Database::new(&format!("CREATE TABLE t ({declared}); INSERT INTO t VALUES (1, 'a')"));
        let batch = rows(vec![Some(1), Some(1)], vec![Some("a"), Some("b")]);
        database.write("t", upsert(&["name", "id"]), &batch).await.unwrap();
        assert_eq!(
            database.one("SELECT group_concat(id || name) FROM t"),
            "1a,1b",
            "{declared}"
        );
    }
}

#[tokio::test]
async fn a_table_that_is_made_keeps_its_keys() {
    let database = Database::new("CREATE TABLE other (a INTEGER)");
    let batch = rows(vec![Some(1), Some(2)], vec![Some("a"), None]);
    database.write("t", upsert(&["id"]), &batch).await.unwrap();
    assert_eq!(
        database.one("SELECT group_concat(name) FROM pragma_table_info('t') WHERE pk > 0"),
        "id"
    );
    let again = key("job-2", 1, 1);
    database.write_as("t", upsert(&[]), &batch, &again).await.unwrap();
    assert_eq!(database.one("SELECT count(*) FROM t"), "2");
}

#[tokio::test]
async fn what_has_no_one_row_is_refused_before_the_commit() {
    let database = Database::new("CREATE TABLE t (id INTEGER, name TEXT, more TEXT); CREATE TABLE bare (id INTEGER)");
    for (batch, keys, code) in [
        (
            rows(vec![Some(1), None], vec![None, None]),
            vec!["id"],
            Code::DataInvalid,
        ),
        (
            rows(vec![Some(1), Some(1)], vec![None, None]),
            vec!["id"],
            Code::DataInvalid,
        ),
        (rows(vec![Some(1)], vec![None]), vec!["more"], Code::SchemaMismatch),
        (rows(vec![Some(1)], vec![None]), vec![], Code::PropertyMissing),
    ] {
        let mut sink = database.sink("t", upsert(&keys)).await.unwrap();
        let written = async {
            sink.prepare(batch.schema(), &key("job-1", 1, 1)).await?;
            let mut writer = sink.writer().await?;
            writer.write(batch.clone()).await?;
            writer.finish().await?;
            sink.verify().await
        };
        let fault = written.await.unwrap_err();
        assert_eq!(fault.code, code, "{keys:?}: {fault}");
        sink.abort().await;
    }
    let mut sink = database.sink("fresh", upsert(&[])).await.unwrap();
    let fault = sink
        .prepare(rows(vec![], vec![]).schema(), &key("job-1", 1, 1))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing);
    assert_eq!(database.one("SELECT count(*) FROM t"), "0");
}

//! A copy from a database into itself, with and without a write-ahead log.

use super::{Database, everything, key};
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::{ReadBack, Sink, Source, Written};

const ROWS: &str = "CREATE TABLE a (n INTEGER PRIMARY KEY, s TEXT);
    WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000) INSERT INTO a SELECT x, 'row ' || x FROM c;";

/// Reads all there is, as a copy does: all partitions, while the sink is being written.
async fn copy(source: &dyn Source, sink: &mut dyn Sink) {
    let mut writer = sink.writer().await.unwrap();
    let all = everything(source).await.unwrap();
    writer.write(all).await.unwrap();
    writer.finish().await.unwrap();
}

fn beside(database: &Database) -> Vec<String> {
    let folder = database.path().parent().unwrap().to_owned();
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.contains("stage")).collect()
}

#[tokio::test]
async fn a_database_is_copied_into_itself() {
    for mode in ["delete", "wal"] {
        let database = Database::new(&format!("PRAGMA journal_mode = {mode}; {ROWS}"));
        let source = database.table("a", 3).await.unwrap();
        assert_eq!(source.partitions().len(), 3);
        let mut sink = database
            .sink("b", json!({ "tableOption": "autoCreate" }))
            .await
            .unwrap();
        sink.prepare(source.schema(), &key("job-1", 1, 1)).await.unwrap();
        assert_eq!(beside(&database).is_empty(), mode == "wal");
        copy(source.as_ref(), sink.as_mut()).await;
        assert_eq!(sink.verify().await.unwrap().rows, 3000);
        assert!(matches!(
            sink.read_back(Written::Staged).await.unwrap(),
            ReadBack::Batches(_)
        ));
        // The source is still there when the copy commits, as it is in a copy.
        assert!(!sink.commit().await.unwrap().replayed);
        assert!(sink.commit().await.unwrap().replayed);
        assert_eq!(
            database.one("SELECT count(*) || ' ' || max(s) FROM b"),
            "3000 row 999",
            "{mode}"
        );
        assert!(beside(&database).is_empty(), "{:?}", beside(&database));
        assert_eq!(database.one("PRAGMA journal_mode"), mode);
        drop(source);
    }
}

#[tokio::test]
async fn a_table_is_copied_into_itself() {
    let database = Database::new(ROWS);
    let source = database.table("a", 2).await.unwrap();
    let activity = json!({ "writeBehavior": "upsert" });
    let mut sink = database.sink("a", activity).await.unwrap();
    sink.prepare(source.schema(), &key("job-1", 1, 1)).await.unwrap();
    copy(source.as_ref(), sink.as_mut()).await;
    sink.verify().await.unwrap();
    sink.commit().await.unwrap();
    assert_eq!(database.one("SELECT count(*) FROM a"), "3000");
}

#[tokio::test]
async fn what_an_attempt_left_beside_is_removed_by_the_next() {
    let database = Database::new(&format!("CREATE TABLE b (n INTEGER, s TEXT); {ROWS}"));
    let source = database.table("a", 1).await.unwrap();
    let mut first = database.sink("b", json!({})).await.unwrap();
    first.prepare(source.schema(), &key("job-1", 1, 1)).await.unwrap();
    copy(source.as_ref(), first.as_mut()).await;
    let mut other = database.sink("b", json!({})).await.unwrap();
    other.prepare(source.schema(), &key("job-2", 1, 1)).await.unwrap();
    assert_eq!(beside(&database).len(), 2);
    // The first attempt never ends; a later one begins, and finds the database free.
    drop(source);
    let mut second = database.sink("b", json!({})).await.unwrap();
    let source = database.table("a", 1).await.unwrap();
    second.prepare(source.schema(), &key("job-1", 2, 5)).await.unwrap();
    assert_eq!(beside(&database).len(), 2, "{:?}", beside(&database));
    assert_eq!(first.verify().await.unwrap_err().code, Code::CommitDenied);
    let fault = first.prepare(source.schema(), &key("job-1", 1, 1)).await.unwrap_err();
    assert_eq!(fault.code, Code::CommitDenied);
    copy(source.as_ref(), second.as_mut()).await;
    second.verify().await.unwrap();
    second.commit().await.unwrap();
    assert_eq!(database.one("SELECT count(*) FROM b"), "3000");
    other.abort().await;
    assert!(beside(&database).is_empty(), "{:?}", beside(&database));
}

//! Rows that do not fit are left out one by one, and taken down.

use super::{Database, everything, key};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use async_trait::async_trait;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_store_core::{RejectLog, Rejected, Rejects, Side, SourceRequest, Staged};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Log(Mutex<Vec<Rejected>>);

#[async_trait]
impl RejectLog for Log {
    async fn put(&self, rejected: Rejected) -> Result<(), Fault> {
        self.0.lock().unwrap().push(rejected);
        Ok(())
    }
}

impl Log {
    /// The records, sorted.
    fn records(&self) -> Vec<String> {
        let log = self.0.lock().unwrap();
        let mut records: Vec<String> = log.iter().map(|rejected| rejected.record.clone()).collect();
        records.sort_unstable();
        records
    }

    fn reasons(&self) -> String {
        let log = self.0.lock().unwrap();
        assert!(
            log.iter()
                .all(|rejected| rejected.side == Side::Sink && rejected.fault.code == Code::DataInvalid)
        );
        log.iter()
            .map(|rejected| rejected.fault.message.clone() + "; ")
            .collect()
    }
}

fn rows(ids: Vec<Option<i64>>, texts: Vec<&str>) -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(ids))),
        ("text", Arc::new(StringArray::from(texts))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Writes two batches by two writers; what is left out is in the log.
async fn write(database: &Database, activity: Value, batches: [RecordBatch; 2]) -> (Staged, Rejects, Arc<Log>) {
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let mut sink = database.sink_with("t", activity, Some(rejects.clone())).await.unwrap();
    sink.prepare(batches[0].schema(), &key("job-1", 1, 1)).await.unwrap();
    for batch in batches {
        let mut writer = sink.writer().await.unwrap();
        writer.write(batch).await.unwrap();
        writer.finish().await.unwrap();
    }
    let staged = sink.verify().await.unwrap();
    assert!(!sink.commit().await.unwrap().replayed);
    (staged, rejects, log)
}

#[tokio::test]
async fn values_and_constraints_leave_out_their_rows_only() {
    let database = Database::new(
        "CREATE TABLE t (id INTEGER UNIQUE, text INTEGER CHECK (text < 100));
         INSERT INTO t VALUES (5, 5), (6, 6)",
    );
    let batches = [
        rows(
            vec![Some(1), Some(2), Some(5), Some(3)],
            vec!["1", "no, \"none\"", "5", "100"],
        ),
        rows(vec![Some(1), None, Some(6)], vec!["7", "8", "9"]),
    ];
    // The script makes room for one of them: it is tried as it will be published.
    let activity = json!({ "preCopyScript": "DELETE FROM t WHERE id = 6" });
    let (staged, rejects, log) = write(&database, activity, batches).await;
    assert_eq!((staged.rows, rejects.rows(), rejects.unread()), (3, 4, 0));
    assert_eq!(log.records(), ["1,7", "2,\"no, \"\"none\"\"\"", "3,100", "5,5"]);
    let reasons = log.reasons();
    for reason in [
        "not an integer",
        "UNIQUE constraint failed: t.id",
        "CHECK constraint failed",
    ] {
        assert!(reasons.contains(reason), "{reasons}");
    }
    assert_eq!(
        database.one("SELECT group_concat(coalesce(id, '-') || text) FROM (SELECT * FROM t ORDER BY text)"),
        "11,55,-8,69"
    );
    assert_eq!(database.one("SELECT rows FROM sluice_commit"), "3");
}

#[tokio::test]
async fn rows_that_were_published_are_not_taken_for_duplicates_of_themselves() {
    let database = Database::new("CREATE TABLE t (id INTEGER UNIQUE, text TEXT)");
    let batch = || rows(vec![Some(1), Some(2)], vec!["a", "b"]);
    write(&database, json!({}), [batch(), rows(vec![Some(3)], vec!["c"])]).await;
    // The node died before it could say so.
    let rejects = Rejects::new(Arc::new(Log::default()));
    let mut sink = database.sink_with("t", json!({}), Some(rejects.clone())).await.unwrap();
    sink.prepare(batch().schema(), &key("job-1", 2, 2)).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    writer.write(batch()).await.unwrap();
    writer.finish().await.unwrap();
    assert_eq!((sink.verify().await.unwrap().rows, rejects.rows()), (2, 0));
    assert!(sink.commit().await.unwrap().replayed);
    assert_eq!(database.one("SELECT count(*) FROM t"), "3");
}

#[tokio::test]
async fn an_upsert_leaves_out_what_has_no_key_of_its_own() {
    for declared in [
        "id INTEGER PRIMARY KEY, text TEXT NOT NULL",
        "id INTEGER, text TEXT NOT NULL",
    ] {
        let database = Database::new(&format!("CREATE TABLE t ({declared}); INSERT INTO t VALUES (1, 'old')"));
        let activity = json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["id"] } });
        let batches = [
            rows(vec![Some(1), None, Some(2)], vec!["a", "b", "c"]),
            rows(vec![Some(2)], vec!["d"]),
        ];
        let (staged, rejects, log) = write(&database, activity, batches).await;
        assert_eq!((staged.rows, rejects.rows()), (2, 2), "{declared}");
        assert_eq!(log.records(), [",b", "2,d"]);
        assert_eq!(
            database.one("SELECT group_concat(id || text) FROM t"),
            "1a,2c",
            "{declared}"
        );
    }
}

#[tokio::test]
async fn without_a_permission_the_first_one_ends_it() {
    let database = Database::new("CREATE TABLE t (id INTEGER UNIQUE, text TEXT)");
    let fault = database
        .write("t", json!({}), &rows(vec![Some(1), Some(1)], vec!["a", "b"]))
        .await;
    assert_eq!(fault.unwrap_err().code, Code::DataInvalid);
    assert_eq!(database.one("SELECT count(*) FROM t"), "0");
}

#[tokio::test]
async fn a_log_that_is_full_ends_it() {
    struct Full;
    #[async_trait]
    impl RejectLog for Full {
        async fn put(&self, _: Rejected) -> Result<(), Fault> {
            Err(Fault::new(Code::DiskFull, "full"))
        }
    }
    let database = Database::new("CREATE TABLE t (id INTEGER UNIQUE, text INTEGER)");
    for text in ["no", "1"] {
        let mut sink = database
            .sink_with("t", json!({}), Some(Rejects::new(Arc::new(Full))))
            .await
            .unwrap();
        let batch = rows(vec![Some(1), Some(1)], vec![text, "2"]);
        sink.prepare(batch.schema(), &key("job-1", 1, 1)).await.unwrap();
        let mut writer = sink.writer().await.unwrap();
        let written = match writer.write(batch).await {
            Ok(()) => sink.verify().await.map(drop),
            Err(fault) => Err(fault),
        };
        assert_eq!(written.unwrap_err().code, Code::DiskFull, "{text}");
        sink.abort().await;
    }
}

#[tokio::test]
async fn a_source_leaves_out_what_its_columns_do_not_hold() {
    let database = Database::new(
        "CREATE TABLE s (n INTEGER, t TEXT, o BOOLEAN);
         INSERT INTO s VALUES (1, 'a', 1), ('x, y', 'b', 0), (3, x'00', 1), (4, 'd', 7), (5, NULL, NULL)",
    );
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let request = SourceRequest {
        dataset: json!({ "table": "s" }).as_object().unwrap().clone(),
        parallel: 1,
        batch_bytes: 64,
        rejects: Some(rejects.clone()),
        ..SourceRequest::default()
    };
    let source = database.connect().await.source(request).await.unwrap();
    let all = everything(source.as_ref()).await.unwrap();
    assert_eq!(all.column(0).as_primitive::<Int64Type>().values(), &[1, 5]);
    assert_eq!(all.column(2).null_count(), 1);
    assert_eq!((rejects.rows(), rejects.unread()), (3, 3));
    assert_eq!(log.records(), ["\"x, y\",b,0", "3,00,1", "4,d,7"]);
    let taken = log.0.lock().unwrap();
    assert!(
        taken[0].place.contains("rowid 2") && taken[0].fault.message.contains("\"n\""),
        "{:?}",
        taken[0]
    );
    assert!(taken.iter().all(|rejected| rejected.side == Side::Source));
}

use super::{Database, connect, key};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::record_batch::RecordBatch;
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::SinkRequest;
use std::sync::Arc;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn numbers(values: Vec<i64>) -> RecordBatch {
    batch(vec![("a", Arc::new(Int64Array::from(values)))])
}

#[tokio::test]
async fn nothing_is_seen_before_the_commit_and_all_after_it() {
    let database =
        Database::new("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT DEFAULT 'd'); INSERT INTO t VALUES (1, 'old')");
    let mut sink = database.sink("t", json!({})).await.unwrap();
    let data = numbers((2..500).collect());
    sink.prepare(data.schema(), &key("job-1", 1, 1)).await.unwrap();
    let (mut one, mut two) = (sink.writer().await.unwrap(), sink.writer().await.unwrap());
    let (a, b) = tokio::join!(one.write(data.slice(0, 200)), two.write(data.slice(200, 298)));
    a.unwrap();
    b.unwrap();
    one.finish().await.unwrap();
    two.finish().await.unwrap();
    assert_eq!(sink.verify().await.unwrap().rows, 498);
    assert!(sink.bytes_written() >= 498 * 8);
    assert_eq!(database.one("SELECT count(*) FROM t"), "1");
    assert!(!sink.commit().await.unwrap().replayed);
    assert_eq!(database.one("SELECT count(*) || ' ' || max(b) FROM t"), "499 old");
    assert_eq!(database.one("SELECT b FROM t WHERE a = 300"), "d");
    assert_eq!(
        database.one("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%stage%'"),
        "0"
    );
    // The same key again, by this sink and by another: nothing changes.
    assert!(sink.commit().await.unwrap().replayed);
    assert!(database.write("t", json!({}), &data).await.unwrap().replayed);
    assert_eq!(database.one("SELECT count(*) FROM t"), "499");
    assert_eq!(
        database.one("SELECT job || attempt || token || rows FROM sluice_commit"),
        "job-111498"
    );
}

#[tokio::test]
async fn later_attempts_win_and_clean_up() {
    let database = Database::new("CREATE TABLE t (a INTEGER)");
    let data = numbers(vec![1, 2]);
    let mut first = database.sink("t", json!({})).await.unwrap();
    first.prepare(data.schema(), &key("job-1", 1, 1)).await.unwrap();
    let mut writer = first.writer().await.unwrap();
    writer.write(data.clone()).await.unwrap();
    writer.finish().await.unwrap();
    first.verify().await.unwrap();
    // Another job's staging is nobody else's business.
    let mut other = database.sink("t", json!({})).await.unwrap();
    other.prepare(data.schema(), &key("job-2", 1, 1)).await.unwrap();

    let mut second = database.sink("t", json!({})).await.unwrap();
    second.prepare(data.schema(), &key("job-1", 2, 5)).await.unwrap();
    assert_eq!(
        database.one("SELECT count(*) FROM sqlite_schema WHERE name LIKE '_sluice_stage_%'"),
        "2"
    );
    // Its rows are gone, so it cannot publish half of anything.
    assert_eq!(first.verify().await.unwrap_err().code, Code::CommitDenied);
    assert_eq!(first.commit().await.unwrap_err().code, Code::CommitDenied);
    // While it stages, an earlier one may not begin again.
    let mut again = database.sink("t", json!({})).await.unwrap();
    let fault = again.prepare(data.schema(), &key("job-1", 1, 1)).await.unwrap_err();
    assert_eq!(fault.code, Code::CommitDenied);
    second.writer().await.unwrap().write(data.clone()).await.unwrap();
    second.verify().await.unwrap();
    second.commit().await.unwrap();
    // The earlier one, woken up late, is refused; a later one finds the work done.
    assert_eq!(first.commit().await.unwrap_err().code, Code::CommitDenied);
    let committed = database
        .write_as("t", json!({}), &data, &key("job-1", 3, 9))
        .await
        .unwrap();
    assert!(committed.replayed);
    assert_eq!(database.one("SELECT count(*) FROM t"), "2");
    other.abort().await;
    assert_eq!(
        database.one("SELECT count(*) FROM sqlite_schema WHERE name LIKE '_sluice_stage_%'"),
        "0"
    );
}

#[tokio::test]
async fn a_script_runs_with_the_commit_or_not_at_all() {
    let database = Database::new("CREATE TABLE t (a INTEGER CHECK (a < 100)); INSERT INTO t VALUES (7)");
    let script = json!({ "preCopyScript": "DELETE FROM t; INSERT INTO t VALUES (50);" });
    let fault = database
        .write("t", script.clone(), &numbers(vec![1, 100]))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid);
    assert_eq!(database.one("SELECT group_concat(a) FROM t"), "7");
    database.write("t", script, &numbers(vec![1, 2])).await.unwrap();
    assert_eq!(database.one("SELECT group_concat(a) FROM t"), "50,1,2");
    for script in ["COMMIT", "/**/ rollback; DELETE FROM t", "DELETE FROM t; -- x\nEND;"] {
        let fault = database
            .write_as(
                "t",
                json!({ "preCopyScript": script }),
                &numbers(vec![1]),
                &key(script, 1, 1),
            )
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::QueryFailed, "{script}");
        assert_eq!(database.one("SELECT group_concat(a) FROM t"), "50,1,2");
    }
}

#[tokio::test]
async fn values_go_in_as_what_they_are() {
    let database = Database::new("CREATE TABLE other (a INT)");
    let data = batch(vec![
        ("o", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("f", Arc::new(Float64Array::from(vec![0.1, -1e300]))),
        ("s", Arc::new(StringArray::from(vec!["007", ""]))),
        ("x", Arc::new(BinaryArray::from_vec(vec![&[0, 255], &[]]))),
        ("d", Arc::new(Date32Array::from(vec![19782, -1]))),
        ("t", Arc::new(Time64MicrosecondArray::from(vec![86_399_999_999, 0]))),
        ("ts", Arc::new(TimestampNanosecondArray::from(vec![1, -1]))),
        (
            "tz",
            Arc::new(TimestampMicrosecondArray::from(vec![1_500_000, 0]).with_timezone("UTC")),
        ),
        (
            "n",
            Arc::new(
                Decimal128Array::from(vec![10_i128.pow(37), -5])
                    .with_precision_and_scale(38, 10)
                    .unwrap(),
            ),
        ),
    ]);
    database
        .write("t", json!({ "tableOption": "autoCreate" }), &data)
        .await
        .unwrap();
    let row = |n: u32| {
        let list = "typeof(o)||o||' '||f||' '||typeof(s)||s||' '||hex(x)||' '||d||' '||t||' '||ts||' '||tz||' '||n";
        database.one(&format!("SELECT replace({list}, 'NULL', '') FROM (SELECT coalesce(o, '') o, f, s, x, d, t, ts, tz, n FROM t) LIMIT 1 OFFSET {n}"))
    };
    assert_eq!(
        row(0),
        "integer1 0.1 text007 00FF 2024-02-29 23:59:59.999999 1970-01-01 00:00:00.000000001 1970-01-01 00:00:01.500Z 1000000000000000000000000000.0000000000"
    );
    assert!(
        row(1).ends_with("1969-12-31 00:00:00 1969-12-31 23:59:59.999999999 1970-01-01 00:00:00Z -0.0000000005"),
        "{}",
        row(1)
    );
}

#[tokio::test]
async fn what_sqlite_would_change_is_refused() {
    let text = |value: &str| batch(vec![("a", Arc::new(StringArray::from(vec![value])))]);
    let one = |array: ArrayRef| batch(vec![("a", array)]);
    for (declared, data, code) in [
        ("INTEGER", text("1.5"), Code::DataInvalid),
        ("REAL", text("x"), Code::DataInvalid),
        ("REAL", text("9007199254740993"), Code::DataInvalid),
        ("DECIMAL(10,2)", text("0.1234567890123456789"), Code::DataInvalid),
        ("DATE", text("20240229"), Code::DataInvalid),
        ("BOOLEAN", text("maybe"), Code::DataInvalid),
        (
            "REAL",
            one(Arc::new(Int64Array::from(vec![i64::MAX]))),
            Code::DataInvalid,
        ),
        (
            "REAL",
            one(Arc::new(Float64Array::from(vec![f64::NAN]))),
            Code::DataInvalid,
        ),
        (
            "INTEGER",
            one(Arc::new(UInt64Array::from(vec![u64::MAX]))),
            Code::DataInvalid,
        ),
        (
            "TEXT NOT NULL",
            one(Arc::new(StringArray::from(vec![None::<&str>]))),
            Code::DataInvalid,
        ),
        (
            "INTEGER",
            one(Arc::new(BinaryArray::from_vec(vec![b"x"]))),
            Code::SchemaMismatch,
        ),
        (
            "TEXT, b TEXT AS (a)",
            batch(vec![("b", Arc::new(StringArray::from(vec!["x"])))]),
            Code::SchemaMismatch,
        ),
        (
            "TEXT",
            batch(vec![("missing", Arc::new(StringArray::from(vec!["x"])))]),
            Code::SchemaMismatch,
        ),
    ] {
        let database = Database::new(&format!("CREATE TABLE t (a {declared})"));
        let fault = database.write("t", json!({}), &data).await.unwrap_err();
        assert_eq!(fault.code, code, "{declared}: {fault}");
        assert_eq!(database.one("SELECT count(*) FROM t"), "0");
    }
    for (declared, value, stored) in [
        ("INTEGER", "12", "integer12"),
        ("REAL", "12", "real12.0"),
        ("DECIMAL(10,2)", "1.10", "real1.1"),
        ("BOOLEAN", "true", "integer1"),
        ("DATE", "2024-02-29", "text2024-02-29"),
    ] {
        let database = Database::new(&format!("CREATE TABLE t (a {declared})"));
        database.write("t", json!({}), &text(value)).await.unwrap();
        assert_eq!(database.one("SELECT typeof(a) || a FROM t"), stored);
    }
}

#[tokio::test]
async fn databases_are_made_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let connection = connect(&path).await;
    let prepare = async |activity: serde_json::Value| {
        let request = SinkRequest {
            dataset: json!({ "table": "t" }).as_object().unwrap().clone(),
            activity: activity.as_object().unwrap().clone(),
            ..SinkRequest::default()
        };
        let mut sink = connection.sink(request).await?;
        sink.prepare(numbers(vec![]).schema(), &key("j", 1, 1)).await
    };
    assert_eq!(prepare(json!({})).await.unwrap_err().code, Code::FileNotFound);
    assert!(!path.exists());
    assert_eq!(
        prepare(json!({ "writeBehavior": "merge" })).await.unwrap_err().code,
        Code::PropertyMissing
    );
    prepare(json!({ "tableOption": "autoCreate" })).await.unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn a_database_locked_by_somebody_is_busy() {
    let database = Database::new("CREATE TABLE t (a INTEGER)");
    let other = database.raw();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let fault = database.table("t", 1).await.err().unwrap();
    assert_eq!(fault.code, Code::StoreBusy);
    assert!(fault.retryable);
    // The journal mode is as it was.
    other.execute_batch("ROLLBACK").unwrap();
    database.write("t", json!({}), &numbers(vec![1])).await.unwrap();
    assert_eq!(database.one("PRAGMA journal_mode"), "delete");
}

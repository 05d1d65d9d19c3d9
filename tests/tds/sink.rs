//! Writing.

use super::place::{Log, key, read, sink, source, write};
use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, Time64NanosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use futures::TryStreamExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::{ReadBack, Rejects, Written};
use sluice_tests::tds::TdsPeer;
use std::sync::Arc;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns.into_iter().map(|(_, array)| array).collect(),
    )
    .unwrap()
}

fn ids(ids: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(ids.to_vec()))
}

fn texts(texts: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

/// Every kind of column that is there, from values of other stores.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_there_are_filled_exactly() {
    let peer = TdsPeer::start();
    peer.sql(
        "CREATE TABLE dbo.there (id int NOT NULL PRIMARY KEY, amount decimal(38,10), price money, coin smallmoney, old datetime, \
         minute smalldatetime, clock time(3), stamp datetime2(7), code varchar(10), name nvarchar(4), raw binary(2), \
         guid uniqueidentifier, single real, wide float, note nvarchar(max), more int)",
    );
    let data = batch(vec![
        ("ID", ids(&[1, 2])),
        (
            "amount",
            Arc::new(
                Decimal128Array::from(vec![Some(15), None])
                    .with_precision_and_scale(10, 1)
                    .unwrap(),
            ),
        ),
        ("price", texts(&[Some("-922337203685477.5808"), None])),
        ("coin", Arc::new(Int64Array::from(vec![Some(7), None]))),
        ("old", Arc::new(TimestampMillisecondArray::from(vec![Some(3), None]))),
        ("minute", texts(&[Some("2024-02-29 12:34"), None])),
        (
            "clock",
            Arc::new(Time64NanosecondArray::from(vec![Some(86_399_999_000_000), None])),
        ),
        ("stamp", Arc::new(TimestampNanosecondArray::from(vec![Some(100), None]))),
        ("code", texts(&[Some("é€"), Some("")])),
        ("name", texts(&[Some("🦀🦀"), None])),
        ("raw", Arc::new(BinaryArray::from(vec![Some(&b"\0\xff"[..]), None]))),
        ("guid", texts(&[Some("6F9619FF-8B86-D011-B42D-00C04FC964FF"), None])),
        (
            "single",
            Arc::new(Float32Array::from(vec![Some(f32::MIN_POSITIVE), None])),
        ),
        ("wide", Arc::new(Float64Array::from(vec![Some(f64::MAX), None]))),
        ("note", texts(&[Some(""), None])),
    ]);
    let committed = write(&peer, "there", json!({}), &data).await.unwrap();
    assert_eq!(committed.location, "dbo.there");
    let one = |column: &str| {
        peer.column(&format!("SELECT {column} FROM dbo.there WHERE id = 1"))
            .remove(0)
    };
    for (column, value) in [
        ("amount", "1.5000000000"),
        ("price", "-922337203685477.5808"),
        ("coin", "7.0000"),
        ("old", "1970-01-01 00:00:00.003"),
        ("minute", "2024-02-29 12:34:00.000"),
        ("clock", "23:59:59.9990000"),
        ("stamp", "1970-01-01 00:00:00.0000001"),
        ("code", "é€"),
        ("name", "🦀🦀"),
        ("guid", "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
        ("note", ""),
    ] {
        assert_eq!(one(column), value, "{column}");
    }
    assert_eq!(
        peer.column("SELECT COUNT(*) FROM dbo.there WHERE id = 2 AND amount IS NULL AND note IS NULL AND code = ''"),
        ["1"]
    );
    // And they come back as what they are now.
    let read = read(source(&peer, "dbo.there", json!({}), 1).await.unwrap().as_ref())
        .await
        .unwrap();
    assert_eq!(read.num_rows(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_and_nothing_is_left() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.t (id int NOT NULL, code varchar(3) NOT NULL, twice AS (id * 2))");
    let with = |column: ArrayRef| batch(vec![("id", ids(&[1])), ("code", column)]);
    for (data, code, words) in [
        (with(texts(&[Some("漢")])), Code::DataInvalid, "windows-1252"),
        (with(texts(&[Some("abcd")])), Code::DataInvalid, "takes 3"),
        (with(texts(&[None])), Code::DataInvalid, "NULL"),
        (
            batch(vec![("id", ids(&[1])), ("twice", ids(&[2]))]),
            Code::SchemaMismatch,
            "computed",
        ),
        (
            batch(vec![("id", ids(&[1])), ("other", ids(&[2]))]),
            Code::SchemaMismatch,
            "other",
        ),
        (
            batch(vec![("id", Arc::new(Float64Array::from(vec![1.0])))]),
            Code::SchemaMismatch,
            "do not fit",
        ),
        (
            batch(vec![("id", ids(&[1])), ("ID", ids(&[2]))]),
            Code::SchemaMismatch,
            "the same",
        ),
        // The table's own words: what was left out has no default.
        (batch(vec![("id", ids(&[1]))]), Code::DataInvalid, "515"),
    ] {
        let fault = write(&peer, "dbo.t", json!({}), &data).await.unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
        assert!(fault.message.contains(words), "no {words:?} in {fault}");
    }
    let fault = write(&peer, "dbo.nowhere", json!({}), &with(texts(&[Some("a")])))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::TableNotFound);
    assert_eq!(peer.tables(), ["dbo.sluice_commit", "dbo.t"]);
    assert_eq!(peer.column("SELECT COUNT(*) FROM dbo.t"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn upserts_replace_and_add() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, name nvarchar(50), kept int)");
    peer.sql("INSERT INTO dbo.t VALUES (1, 'one', 10), (2, 'two', 20)");
    let data = |keys: &[i32], names: &[Option<&str>]| batch(vec![("id", ids(keys)), ("name", texts(names))]);
    let upsert = json!({ "writeBehavior": "upsert" });
    write(&peer, "dbo.t", upsert.clone(), &data(&[2, 3], &[Some("TWO"), None]))
        .await
        .unwrap();
    assert_eq!(peer.column("SELECT name FROM dbo.t ORDER BY id"), ["one", "TWO", ""]);
    assert_eq!(peer.column("SELECT kept FROM dbo.t ORDER BY id"), ["10", "20", ""]);
    // By other keys, and with nothing but keys.
    let by_name = json!({ "writeBehavior": "upsert", "upsertSettings": { "useTempDB": true, "keys": ["NAME"] } });
    write(
        &peer,
        "dbo.t",
        by_name.clone(),
        &batch(vec![("name", texts(&[Some("one")])), ("kept", ids(&[11]))]),
    )
    .await
    .unwrap();
    assert_eq!(peer.column("SELECT kept FROM dbo.t WHERE id = 1"), ["11"]);
    write(&peer, "dbo.t", upsert.clone(), &batch(vec![("id", ids(&[3, 4]))]))
        .await
        .unwrap();
    assert_eq!(peer.column("SELECT id FROM dbo.t ORDER BY id"), ["1", "2", "3", "4"]);
    for (activity, data, code, words) in [
        (
            upsert.clone(),
            data(&[5, 5], &[None, None]),
            Code::DataInvalid,
            "two rows",
        ),
        (by_name, data(&[6], &[None]), Code::DataInvalid, "NULL"),
        (
            json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["x"] } }),
            data(&[6], &[None]),
            Code::SchemaMismatch,
            "\"x\"",
        ),
    ] {
        let fault = write(&peer, "dbo.t", activity, &data).await.unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
    }
    peer.sql("CREATE TABLE dbo.keyless (id int)");
    let fault = write(&peer, "dbo.keyless", upsert, &batch(vec![("id", ids(&[1]))]))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_columns_take_the_values_that_are_copied() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.t (id int IDENTITY(1,1) NOT NULL PRIMARY KEY, name nvarchar(50))");
    write(
        &peer,
        "dbo.t",
        json!({}),
        &batch(vec![("id", ids(&[41])), ("name", texts(&[Some("a")]))]),
    )
    .await
    .unwrap();
    write(&peer, "dbo.t", json!({}), &batch(vec![("name", texts(&[Some("b")]))]))
        .await
        .unwrap();
    let upsert = json!({ "writeBehavior": "upsert" });
    let data = batch(vec![("id", ids(&[41, 50])), ("name", texts(&[Some("A"), Some("c")]))]);
    write(&peer, "dbo.t", upsert, &data).await.unwrap();
    let by_name = json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["name"] } });
    let fault = write(&peer, "dbo.t", by_name, &data).await.unwrap_err();
    assert_eq!(fault.code, Code::SchemaMismatch, "{fault}");
    assert_eq!(peer.column("SELECT id FROM dbo.t ORDER BY id"), ["41", "42", "50"]);
    assert_eq!(peer.column("SELECT name FROM dbo.t ORDER BY id"), ["A", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_run_in_the_transaction_or_not_at_all() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY)");
    peer.sql("INSERT INTO dbo.t VALUES (1)");
    let one = batch(vec![("id", ids(&[1]))]);
    write(&peer, "dbo.t", json!({ "preCopyScript": "DELETE FROM dbo.t" }), &one)
        .await
        .unwrap();
    assert_eq!(peer.column("SELECT id FROM dbo.t"), ["1"]);
    // The rows do not fit after all: what the script did is undone.
    let again = json!({ "preCopyScript": "DELETE FROM dbo.t WHERE id > 100; INSERT INTO dbo.t VALUES (7)" });
    let fault = write(&peer, "dbo.t", again, &one).await.unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid, "{fault}");
    assert!(fault.message.contains("2627"), "{fault}");
    let fault = write(
        &peer,
        "dbo.t",
        json!({ "preCopyScript": "DELETE FROM dbo.nowhere" }),
        &one,
    )
    .await
    .unwrap_err();
    assert!(
        fault.message.contains("preCopyScript") && fault.message.contains("208"),
        "{fault}"
    );
    let fault = write(
        &peer,
        "dbo.t",
        json!({ "preCopyScript": "DELETE FROM dbo.t WHERE id > 100; COMMIT" }),
        &one,
    )
    .await
    .unwrap_err();
    assert_eq!(fault.code, Code::QueryFailed, "{fault}");
    assert_eq!(peer.column("SELECT id FROM dbo.t"), ["1"]);
    assert_eq!(peer.tables(), ["dbo.sluice_commit", "dbo.t"]);
}

/// The server's troubles have codes, and a deadlock is tried again by whoever runs the copy.
#[tokio::test(flavor = "multi_thread")]
async fn the_servers_errors_have_codes() {
    let one = batch(vec![("id", ids(&[1]))]);
    for (pattern, number, class, code) in [
        ("rows of a bulk load", 1105, 17, Code::DiskFull),
        ("rows of a bulk load", 1205, 13, Code::StoreBusy),
        ("INSERT INTO [dbo].[t]", 1205, 13, Code::StoreBusy),
        ("CREATE TABLE [dbo].[_sluice_stage", 262, 14, Code::PermissionDenied),
        ("COMMIT TRANSACTION", 6005, 14, Code::StoreUnreachable),
        ("BEGIN TRANSACTION", 50_001, 21, Code::StoreUnreachable),
    ] {
        let peer = TdsPeer::start();
        peer.sql("CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY)");
        peer.fail(pattern, number, class, "on demand");
        let fault = write(&peer, "dbo.t", json!({}), &one).await.unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
        assert!(fault.message.contains(&format!("error {number}")), "{fault}");
        assert_eq!(peer.column("SELECT COUNT(*) FROM dbo.t"), ["0"]);
        // A new attempt goes through.
        write(&peer, "dbo.t", json!({}), &one).await.unwrap();
        assert_eq!(peer.column("SELECT COUNT(*) FROM dbo.t"), ["1"]);
    }
}

/// Rows that do not fit are found among many, whether we see it or the server.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_are_left_out() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.t (id int NOT NULL, code varchar(3), small tinyint)");
    let count = 500;
    let codes: Vec<Option<&str>> = (0..count).map(|i| Some(if i == 77 { "漢" } else { "ok" })).collect();
    let small: Vec<i64> = (0..count).map(|i| if i == 123 { 300 } else { i % 200 }).collect();
    let data = batch(vec![
        ("id", ids(&(0..count as i32).collect::<Vec<_>>())),
        ("code", texts(&codes)),
        ("small", Arc::new(Int64Array::from(small))),
    ]);
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let mut sink = sink(&peer, "dbo.t", json!({}), Some(rejects.clone())).await.unwrap();
    sink.prepare(data.schema(), &key()).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    writer.write(data).await.unwrap();
    writer.finish().await.unwrap();
    let staged = sink.verify().await.unwrap();
    assert_eq!((staged.rows, rejects.rows()), (498, 2));
    sink.commit().await.unwrap();
    assert_eq!(peer.column("SELECT COUNT(*) FROM dbo.t WHERE id IN (77, 123)"), ["0"]);
    assert_eq!(peer.column("SELECT COUNT(*) FROM dbo.t"), ["498"]);
    let left = log.0.lock().unwrap();
    let records: Vec<&str> = left.iter().map(|rejected| rejected.record.as_str()).collect();
    assert_eq!(records, ["\"77\",\"漢\",\"77\"", "\"123\",\"ok\",\"300\""]);
    assert!(left.iter().all(|rejected| rejected.fault.code == Code::DataInvalid));
}

/// A row that only the server refuses is found by halving what was loaded.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_server_refuses_is_found() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.t (id int NOT NULL)");
    let data = batch(vec![("id", ids(&[1, 2, 3, 4]))]);
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let mut sink = sink(&peer, "dbo.t", json!({}), Some(rejects.clone())).await.unwrap();
    sink.prepare(data.schema(), &key()).await.unwrap();
    // All four, the first two, the first.
    for _ in 0..3 {
        peer.fail("rows of a bulk load", 4863, 16, "on demand");
    }
    let mut writer = sink.writer().await.unwrap();
    writer.write(data).await.unwrap();
    writer.finish().await.unwrap();
    assert_eq!((sink.verify().await.unwrap().rows, rejects.rows()), (3, 1));
    sink.commit().await.unwrap();
    assert_eq!(peer.column("SELECT id FROM dbo.t ORDER BY id"), ["2", "3", "4"]);
    assert_eq!(log.0.lock().unwrap()[0].record, "\"1\"");
}

/// Keys that are there already, or twice in the source, and what only the table itself refuses: the classic of rows to be skipped.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_only_the_table_refuses_are_left_out() {
    let peer = TdsPeer::start();
    peer.sql(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, raw varbinary(max), stamp datetime2(7), other int UNIQUE)",
    );
    peer.sql("INSERT INTO dbo.t (id, other) VALUES (50, 50), (60, 60), (7, 1000)");
    let count = 300_i32;
    let mut keys: Vec<i32> = (0..count).collect();
    keys[200] = 100;
    let data = batch(vec![
        ("id", ids(&keys)),
        (
            "raw",
            Arc::new(BinaryArray::from(vec![Some(&b"\0\xff"[..]); count as usize])),
        ),
        (
            "stamp",
            Arc::new(TimestampNanosecondArray::from(vec![100_i64; count as usize])),
        ),
        (
            "other",
            ids(&(0..count).map(|i| if i == 150 { 1000 } else { i }).collect::<Vec<_>>()),
        ),
    ]);
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let script = json!({ "preCopyScript": "DELETE FROM dbo.t WHERE id = 60" });
    let mut sink = sink(&peer, "dbo.t", script, Some(rejects.clone())).await.unwrap();
    sink.prepare(data.schema(), &key()).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    writer.write(data).await.unwrap();
    writer.finish().await.unwrap();
    let staged = sink.verify().await.unwrap();
    assert_eq!((staged.rows, rejects.rows()), (296, 4));
    assert_eq!(
        peer.column("SELECT COUNT(*) FROM dbo.t"),
        ["3"],
        "a trial changes nothing"
    );
    sink.commit().await.unwrap();
    assert_eq!(peer.column("SELECT COUNT(*) FROM dbo.t"), ["298"]);
    assert_eq!(
        peer.column("SELECT other FROM dbo.t WHERE id IN (7, 50, 60, 100) ORDER BY id"),
        ["1000", "50", "60", "100"]
    );
    let left = log.0.lock().unwrap();
    let records: Vec<&str> = left.iter().map(|rejected| rejected.record.as_str()).collect();
    let stamp = "\"0x00FF\",\"1970-01-01 00:00:00.0000001\"";
    assert_eq!(
        records,
        [
            format!("\"7\",{stamp},\"7\""),
            format!("\"50\",{stamp},\"50\""),
            format!("\"150\",{stamp},\"1000\""),
            format!("\"100\",{stamp},\"200\""),
        ]
    );
    assert!(
        left.iter().all(|rejected| rejected.fault.message.contains("2627")),
        "{:?}",
        left[0].fault
    );
}

/// What is staged is read back in the types it was written from, also where nanoseconds would not hold it.
#[tokio::test(flavor = "multi_thread")]
async fn staged_rows_are_read_back_as_they_were_written() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.t (at datetime2(7), price money, clock time(0))");
    let year_9999 = 253_402_300_799_999_i64;
    let data = batch(vec![
        ("at", Arc::new(TimestampMillisecondArray::from(vec![year_9999]))),
        (
            "price",
            Arc::new(
                Decimal128Array::from(vec![12_345])
                    .with_precision_and_scale(19, 4)
                    .unwrap(),
            ),
        ),
        ("clock", Arc::new(Time64NanosecondArray::from(vec![1_000_000_000]))),
    ]);
    let mut sink = sink(&peer, "dbo.t", json!({}), None).await.unwrap();
    sink.prepare(data.schema(), &key()).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    writer.write(data.clone()).await.unwrap();
    writer.finish().await.unwrap();
    sink.verify().await.unwrap();
    let ReadBack::Batches(batches) = sink.read_back(Written::Staged).await.unwrap() else {
        panic!("it reads back batches")
    };
    let batches: Vec<RecordBatch> = batches.try_collect().await.unwrap();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].columns(), data.columns());
    assert_eq!(
        batches[0].schema().field(0).data_type(),
        &DataType::Timestamp(TimeUnit::Millisecond, None)
    );
    sink.abort().await;
    assert_eq!(peer.tables(), ["dbo.sluice_commit", "dbo.t"]);
}

//! Connections that are cut, servers that die, rows that are too large.

use super::{Shop, connect, key, lines, next, read};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use futures::StreamExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_tests::mariadb::{MariaDb, PASSWORD};
use sluice_tests::poll::until;
use std::sync::Arc;
use std::time::Duration;

fn rows(from: i64, count: i64) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("text", DataType::Utf8, true),
    ]);
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + count));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
        (from..from + count).map(|i| format!("{i:>200}")),
    ));
    RecordBatch::try_new(Arc::new(schema), vec![ids, texts]).unwrap()
}

/// Ends every connection but the asking one.
async fn kill_all(shop: &Shop) {
    let list = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'sluice_test' AND ID <> CONNECTION_ID()";
    for id in shop.server.rows(list).await {
        // It may have ended by itself.
        let mut client = shop.server.client().await;
        let _ = mysql_async::prelude::Queryable::query_drop(&mut client, format!("KILL {id}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_while_writing_leaves_nothing() {
    let shop = Shop::open().await;
    shop.server.sql(&["CREATE TABLE t (id bigint, text text)"]).await;
    let first = key();
    let mut sink = shop.readable_sink("t").await;
    sink.prepare(rows(0, 0).schema(), &first).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    writer.write(rows(0, 20_000)).await.unwrap();
    kill_all(&shop).await;
    let failed = async {
        for i in 0..1000 {
            writer.write(rows(i * 1000, 1000)).await?;
        }
        writer.finish().await
    };
    let fault = failed.await.unwrap_err();
    assert_eq!(fault.code, Code::StoreUnreachable, "{fault}");
    assert!(fault.retryable);
    // Of the file that was cut nothing is staged.
    assert_eq!(sink.verify().await.unwrap().rows, 0);
    sink.abort().await;
    assert_eq!(shop.tables().await, ["t"]);
    let mut sink = shop.staged("t", json!({}), &rows(0, 10), &next(&first)).await.unwrap();
    sink.commit().await.unwrap();
    assert_eq!(shop.server.one("SELECT COUNT(*) FROM t").await, "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_while_reading_is_a_fault_and_no_end() {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE t (id bigint PRIMARY KEY, text varchar(250))",
            "INSERT INTO t SELECT seq, LPAD(seq, 200, 'x') FROM seq_1_to_200000",
        ])
        .await;
    let source = shop.source(json!({ "table": "t" }), json!({}), 1).await.unwrap();
    let mut batches = source.read(&source.partitions()[0]).await.unwrap();
    batches.next().await.unwrap().unwrap();
    kill_all(&shop).await;
    let mut last = None;
    while let Some(batch) = batches.next().await {
        last = Some(batch.map(|batch| batch.num_rows()));
    }
    let fault = last.unwrap().unwrap_err();
    assert_eq!(fault.code, Code::StoreUnreachable, "{fault}");
    assert!(fault.message.contains("shop.t") && fault.retryable, "{fault}");
    // The snapshot went with the session.
    let again = source.read(&source.partitions()[0]).await.err().unwrap();
    assert_eq!(again.code, Code::StoreUnreachable, "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_is_a_fault_and_staged_rows_survive_it() {
    let mut shop = Shop::open().await;
    let create = json!({ "tableOption": "autoCreate" });
    let first = key();
    let mut sink = shop.staged("t", create.clone(), &rows(0, 100), &first).await.unwrap();
    shop.server.kill();
    let fault = sink.commit().await.unwrap_err();
    assert_eq!(fault.code, Code::StoreUnreachable, "{fault}");
    assert!(fault.retryable);
    sink.abort().await;
    shop.server.boot();
    let mut sink = shop.staged("t", create, &rows(0, 100), &next(&first)).await.unwrap();
    sink.commit().await.unwrap();
    assert_eq!(shop.tables().await, ["t"]);
    assert_eq!(shop.server.one("SELECT COUNT(*) FROM t").await, "100");
}

/// Two attempts publish at once: one of them does, and the rows are there once.
#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_publish_at_the_same_time_publish_once() {
    let shop = Shop::open().await;
    shop.server.sql(&["CREATE TABLE t (id bigint, text text)"]).await;
    let first = key();
    let mut one = shop.staged("t", json!({}), &rows(0, 500), &first).await.unwrap();
    // The same attempt twice, as after a lost answer.
    let (a, b) = {
        let mut other = shop.sink("t", json!({}), None).await.unwrap();
        let second = next(&first);
        other.prepare(rows(0, 0).schema(), &second).await.unwrap();
        let mut writer = other.writer().await.unwrap();
        writer.write(rows(0, 500)).await.unwrap();
        writer.finish().await.unwrap();
        other.verify().await.unwrap();
        let (a, b) = futures::join!(one.commit(), other.commit());
        one.abort().await;
        other.abort().await;
        (a, b)
    };
    assert!(a.is_err(), "the staging of the first was removed");
    b.unwrap();
    assert_eq!(shop.server.one("SELECT COUNT(*) FROM t").await, "500");
    assert_eq!(shop.tables().await, ["t"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_larger_than_a_packet_are_read_and_refused() {
    let shop = Shop::on(MariaDb::start_with(&["--local-infile=1", "--max-allowed-packet=64M"])).await;
    // Three packets of the protocol.
    shop.server
        .sql(&[
            "CREATE TABLE big (id int PRIMARY KEY, text longtext)",
            "INSERT INTO big VALUES (1, REPEAT('x', 40000000)), (2, 'y')",
        ])
        .await;
    let source = shop.source(json!({ "table": "big" }), json!({}), 1).await.unwrap();
    let batches = read(source.as_ref()).await.unwrap();
    let found = lines(&batches);
    assert_eq!((found[0].len(), found[1].as_str()), (40_000_002, "2|y"));
    shop.write("copy", json!({ "tableOption": "autoCreate" }), &batches[0])
        .await
        .unwrap();
    assert_eq!(shop.server.one("SELECT MAX(LENGTH(text)) FROM copy").await, "40000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_room_for_connections_is_busy() {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE t (id int)",
            "CREATE USER single IDENTIFIED BY 'canary-single' WITH MAX_USER_CONNECTIONS 1",
            "GRANT SELECT ON shop.* TO single",
        ])
        .await;
    let connection = connect(&shop.server, json!({ "username": "single" }), "canary-single")
        .await
        .unwrap();
    let shop = Shop { connection, ..shop };
    let held = shop.source(json!({ "table": "t" }), json!({}), 1).await.unwrap();
    let fault = shop.source(json!({ "table": "t" }), json!({}), 1).await.err().unwrap();
    assert_eq!(fault.code, Code::StoreBusy, "{fault}");
    assert!(fault.retryable);
    // A source that is dropped gives its connection back.
    drop(held);
    until("the connection to be free again", Duration::from_secs(30), || async {
        shop.source(json!({ "table": "t" }), json!({}), 1).await.ok().map(drop)
    })
    .await;
    let connection = connect(&shop.server, json!({ "port": 1 }), PASSWORD).await.unwrap();
    let stages = connection.probe().await;
    let last = stages.last().unwrap();
    let fault = last.fault.as_ref().unwrap();
    assert_eq!((last.name.as_str(), fault.code), ("connect", Code::StoreUnreachable));
}

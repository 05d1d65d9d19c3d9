//! All partitions see one state of the table.

use super::{Shop, connect, lines, read};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use mysql_async::prelude::Queryable;
use serde_json::json;
use sluice_contract::Code;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const FILL: &str = "INSERT INTO accounts SELECT seq, 1000 FROM seq_1_to_4000";

async fn accounts() -> Shop {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE accounts (id bigint PRIMARY KEY, amount bigint NOT NULL)",
            FILL,
        ])
        .await;
    shop
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_writes_is_a_state_that_the_table_had() {
    let shop = Arc::new(accounts().await);
    let stop = Arc::new(AtomicBool::new(false));
    let moved = Arc::new(AtomicU64::new(0));
    // Moves money from one end of the table to the other, and never changes the sum.
    let writer = {
        let (shop, stop, moved) = (shop.clone(), stop.clone(), moved.clone());
        tokio::spawn(async move {
            let mut client = shop.server.client().await;
            while !stop.load(Ordering::Relaxed) {
                let n = moved.fetch_add(1, Ordering::Relaxed) % 2000;
                for statement in [
                    "BEGIN".to_owned(),
                    format!("UPDATE accounts SET amount = amount - 7 WHERE id = {}", n + 1),
                    format!("UPDATE accounts SET amount = amount + 7 WHERE id = {}", 4000 - n),
                    "COMMIT".to_owned(),
                ] {
                    client.query_drop(statement).await.unwrap();
                }
            }
        })
    };
    let mut before = 0;
    for _ in 0..8 {
        let source = shop.source(json!({ "table": "accounts" }), json!({}), 4).await.unwrap();
        assert_eq!(source.partitions().len(), 4, "{:?}", source.warnings());
        let mut sum = 0;
        let mut rows = 0;
        for partition in source.partitions() {
            let batches: Vec<RecordBatch> = source.read(partition).await.unwrap().try_collect().await.unwrap();
            for batch in batches {
                rows += batch.num_rows();
                sum += batch
                    .column(1)
                    .as_primitive::<Int64Type>()
                    .iter()
                    .flatten()
                    .sum::<i64>();
            }
            // The writer goes on between two partitions.
            let seen = moved.load(Ordering::Relaxed);
            sluice_tests::poll::until("the writer to write", Duration::from_secs(30), || async {
                (moved.load(Ordering::Relaxed) > seen + 5).then_some(())
            })
            .await;
        }
        assert_eq!((rows, sum), (4000, 4_000_000));
        let now = moved.load(Ordering::Relaxed);
        assert!(now > before);
        before = now;
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_lock_reads_in_one_piece_and_is_told() {
    let shop = accounts().await;
    shop.server
        .sql(&[
            "CREATE USER reader IDENTIFIED BY 'canary-reader'",
            "GRANT SELECT ON shop.* TO reader",
        ])
        .await;
    let connection = connect(&shop.server, json!({ "username": "reader" }), "canary-reader")
        .await
        .unwrap();
    let shop = Shop { connection, ..shop };
    let source = shop.source(json!({ "table": "accounts" }), json!({}), 4).await.unwrap();
    assert_eq!(source.partitions().len(), 1);
    assert!(source.warnings()[0].contains("locked"), "{:?}", source.warnings());
    assert_eq!(lines(&read(source.as_ref()).await.unwrap()).len(), 4000);
    // It may not write either, and is told so.
    let fault = shop
        .write(
            "accounts",
            json!({}),
            &read(source.as_ref())
                .await
                .unwrap_or_default()
                .first()
                .cloned()
                .unwrap_or_else(|| RecordBatch::new_empty(source.schema())),
        )
        .await;
    assert_eq!(fault.unwrap_err().code, Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_locked_by_others_is_read_in_one_piece() {
    let shop = accounts().await;
    let mut other = shop.server.client().await;
    other.query_drop("BEGIN").await.unwrap();
    other
        .query_drop("UPDATE accounts SET amount = 0 WHERE id = 1")
        .await
        .unwrap();
    let source = shop.source(json!({ "table": "accounts" }), json!({}), 4).await.unwrap();
    assert_eq!(source.partitions().len(), 1);
    assert!(!source.warnings().is_empty());
    assert_eq!(lines(&read(source.as_ref()).await.unwrap())[0], "1000|1000");
    other.query_drop("ROLLBACK").await.unwrap();
}

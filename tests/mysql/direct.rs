//! Rows that go into the table itself, in one open transaction.

use super::{Shop, key, next};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::{ReadBack, Written};
use std::sync::Arc;

/// Long texts: a few thousand rows are more than a writer keeps to itself.
fn rows(from: i64, count: i64) -> RecordBatch {
    let fields = vec![
        Field::new("id", DataType::Int64, true),
        Field::new("text", DataType::Utf8, true),
    ];
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + count));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
        (from..from + count).map(|i| format!("{i:>200}")),
    ));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![ids, texts]).unwrap()
}

async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE t (id bigint PRIMARY KEY, text varchar(250))",
            "INSERT INTO t VALUES (-1, 'a')",
        ])
        .await;
    shop
}

async fn count(shop: &Shop) -> String {
    shop.server.one("SELECT COUNT(*) FROM t").await
}

#[tokio::test(flavor = "multi_thread")]
async fn several_writers_share_a_transaction_that_nobody_sees_before_its_commit() {
    let shop = shop().await;
    let first = key();
    let mut sink = shop.sink("t", json!({}), None).await.unwrap();
    sink.prepare(rows(0, 0).schema(), &first).await.unwrap();
    let mut writers = vec![sink.writer().await.unwrap(), sink.writer().await.unwrap()];
    for step in 0..6 {
        for (index, writer) in writers.iter_mut().enumerate() {
            let from = (step * 2 + index as i64) * 2_000;
            writer.write(rows(from, 2_000)).await.unwrap();
        }
    }
    for writer in writers {
        writer.finish().await.unwrap();
    }
    assert_eq!(sink.verify().await.unwrap().rows, 24_000);
    assert_eq!(count(&shop).await, "1", "before the commit");
    let one = shop
        .server
        .one("SELECT COUNT(*) FROM information_schema.INNODB_TRX")
        .await;
    assert_eq!(one, "1", "it is one transaction, and it has the rows already");
    assert!(matches!(
        sink.read_back(Written::Staged).await.unwrap(),
        ReadBack::Impossible(_)
    ));
    assert!(!sink.commit().await.unwrap().replayed);
    assert_eq!(
        shop.server
            .one("SELECT COUNT(*), COUNT(DISTINCT id), MAX(id) FROM t")
            .await,
        "24001|24001|23999"
    );
    assert_eq!(shop.tables().await, ["t"]);
    // The same job again: its rows would meet themselves.
    let mut again = shop.staged("t", json!({}), &rows(0, 10), &next(&first)).await.unwrap();
    assert!(again.commit().await.unwrap().replayed);
    assert_eq!(count(&shop).await, "24001");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_there_fails_the_copy_and_no_row_of_it_stays() {
    let shop = shop().await;
    // LOAD DATA LOCAL would leave the row out and warn.
    let fault = shop.write("t", json!({}), &rows(-1, 5_000)).await.unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid, "{fault}");
    assert_eq!(count(&shop).await, "1");
    assert_eq!(shop.tables().await, ["t"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_was_given_up_takes_the_others_with_it() {
    let shop = shop().await;
    let mut sink = shop.sink("t", json!({}), None).await.unwrap();
    sink.prepare(rows(0, 0).schema(), &key()).await.unwrap();
    let (mut good, mut lost) = (sink.writer().await.unwrap(), sink.writer().await.unwrap());
    lost.write(rows(0, 5_000)).await.unwrap();
    drop(lost);
    good.write(rows(5_000, 10)).await.unwrap();
    let fault = good.finish().await.unwrap_err();
    assert_eq!(fault.code, Code::VerificationFailed, "{fault}");
    assert!(sink.verify().await.is_err());
    sink.abort().await;
    assert_eq!(count(&shop).await, "1");
    assert_eq!(shop.tables().await, ["t"]);
}

/// The earlier attempt hangs: its node is frozen, and its rows are locked.
#[tokio::test(flavor = "multi_thread")]
async fn a_later_attempt_ends_the_transaction_of_an_earlier_one() {
    let shop = shop().await;
    let first = key();
    let mut frozen = shop.staged("t", json!({}), &rows(0, 5_000), &first).await.unwrap();
    let mut later = shop
        .staged("t", json!({}), &rows(0, 5_000), &next(&first))
        .await
        .unwrap();
    later.commit().await.unwrap();
    assert_eq!(count(&shop).await, "5001");
    let fault = frozen.commit().await.unwrap_err();
    assert!(
        matches!(fault.code, Code::StoreUnreachable | Code::CommitDenied),
        "{fault}"
    );
    frozen.abort().await;
    assert_eq!(count(&shop).await, "5001");
    assert_eq!(shop.tables().await, ["t"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_takes_everything_back_and_the_next_attempt_does_it_all() {
    let mut shop = shop().await;
    let first = key();
    let mut sink = shop.staged("t", json!({}), &rows(0, 5_000), &first).await.unwrap();
    shop.server.kill();
    shop.server.boot();
    let fault = sink.commit().await.unwrap_err();
    assert_eq!(fault.code, Code::StoreUnreachable, "{fault}");
    assert!(fault.retryable);
    assert_eq!(count(&shop).await, "1");
    let mut sink = shop
        .staged("t", json!({}), &rows(0, 5_000), &next(&first))
        .await
        .unwrap();
    sink.commit().await.unwrap();
    assert_eq!(count(&shop).await, "5001");
    assert_eq!(shop.tables().await, ["t"]);
}

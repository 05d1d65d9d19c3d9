//! Ways of writing: by keys, without what does not fit, in one step.

use super::{Log, Shop, key};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::CommitKey;
use std::sync::Arc;

fn rows(rows: &[(i64, Option<&str>)]) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
    ]);
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let names: ArrayRef = Arc::new(StringArray::from_iter(rows.iter().map(|row| row.1)));
    RecordBatch::try_new(Arc::new(schema), vec![ids, names]).unwrap()
}

const SCRIPT: &str = "
    CREATE TABLE t (id int8 PRIMARY KEY, name varchar(5) CHECK (name <> 'bad'), more int DEFAULT 7);
    INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2);
    CREATE TABLE loose (id int8, name text, more int DEFAULT 7);
    INSERT INTO loose VALUES (1, 'a', 1), (2, 'b', 2), (2, 'b too', 3)";

const CONTENT: &str = "SELECT id || ':' || coalesce(name, 'NULL') || ':' || more FROM";

#[tokio::test(flavor = "multi_thread")]
async fn rows_replace_those_of_the_same_keys() {
    let shop = Shop::open(SCRIPT).await;
    let new = rows(&[(2, Some("new")), (3, None), (4, Some("d"))]);
    // By the primary key, twice: the second time changes nothing.
    for _ in 0..2 {
        shop.write("t", json!({ "writeBehavior": "upsert" }), &new)
            .await
            .unwrap();
        let content = shop.list(&format!("{CONTENT} t ORDER BY id")).await;
        assert_eq!(content, "1:a:1 2:new:2 3:NULL:7 4:d:7");
    }
    // Without an index over the keys.
    let by_id = json!({ "writeMethod": "Upsert", "upsertSettings": { "keys": ["ID"] } });
    for _ in 0..2 {
        shop.write("loose", by_id.clone(), &new).await.unwrap();
        let content = shop.list(&format!("{CONTENT} loose ORDER BY id, more")).await;
        assert_eq!(content, "1:a:1 2:new:2 2:new:3 3:NULL:7 4:d:7");
    }
    // Into a table that is made: they are the first.
    let made = json!({ "writeBehavior": "upsert", "tableOption": "autoCreate", "upsertSettings": { "keys": ["id"] } });
    for _ in 0..2 {
        shop.write("made", made.clone(), &new).await.unwrap();
        assert_eq!(shop.list("SELECT id::text FROM made ORDER BY id").await, "2 3 4");
    }
    // All columns are keys.
    let both = json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["id", "name"] } });
    let fault = shop.write("loose", both, &new).await.unwrap_err();
    assert!(fault.message.contains("NULL"), "{fault}");
    let twice = rows(&[(8, Some("x")), (9, Some("y")), (8, Some("z"))]);
    for table in ["t", "loose"] {
        let fault = shop.write(table, by_id.clone(), &twice).await.unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid);
        assert!(fault.message.contains("several rows"), "{fault}");
    }
    let fault = shop
        .write("loose", json!({ "writeBehavior": "upsert" }), &new)
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
    let other = json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["more"] } });
    assert_eq!(
        shop.write("t", other, &new).await.unwrap_err().code,
        Code::SchemaMismatch
    );
    assert_eq!(shop.leftovers().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_table_does_not_take_are_left_out_where_that_is_allowed() {
    let shop = Shop::open(SCRIPT).await;
    let mut many: Vec<(i64, Option<&str>)> = (10..3000).map(|id| (id, Some("fine"))).collect();
    many[5].1 = Some("much too long");
    many[700].1 = Some("bad");
    many[1500].0 = 2;
    many[2900].0 = 10;
    many[2901].1 = Some("nul\0");
    let batch = rows(&many);
    let fault = shop.write("t", json!({}), &batch).await.unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid, "{fault}");
    let log = Log::default();
    let rejects = log.rejects();
    let first = key();
    let mut sink = shop
        .staged("t", json!({}), &batch, (&first, Some(rejects.clone())))
        .await
        .unwrap();
    assert_eq!(rejects.rows(), 5);
    assert_eq!(sink.verify().await.unwrap().rows, 2985);
    sink.commit().await.unwrap();
    assert_eq!(shop.server.one("SELECT count(*) FROM t").await, "2987");
    let all = log.all();
    for (record, why) in [
        ("15,much too long", "too long"),
        ("710,bad", "check"),
        ("2,fine", "duplicate"),
        ("10,fine", "duplicate"),
        ("2911,", "invalid byte sequence"),
    ] {
        let found = all
            .iter()
            .any(|(row, text)| row.starts_with(record) && text.contains(why));
        assert!(found, "{record} {why}: {all:?}");
    }
    // An attempt that did not hear of it does not take what was published for duplicates.
    let next = CommitKey {
        attempt: 2,
        token: 2,
        ..first
    };
    let rejects = Log::default().rejects();
    let mut again = shop
        .staged("t", json!({}), &batch, (&next, Some(rejects.clone())))
        .await
        .unwrap();
    assert_eq!(rejects.rows(), 2, "those only that never reach the staging");
    assert!(again.commit().await.unwrap().replayed);
    assert_eq!(shop.server.one("SELECT count(*) FROM t").await, "2987");
    assert_eq!(shop.leftovers().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_rows_before_the_commit_and_a_later_attempt_ends_an_earlier_one() {
    let shop = Shop::open(SCRIPT).await;
    let new = rows(&[(5, Some("e")), (6, None)]);
    let first = key();
    let mut earlier = shop.staged("t", json!({}), &new, (&first, None)).await.unwrap();
    assert_eq!(shop.server.one("SELECT count(*) FROM t").await, "2");
    // The earlier one still holds the keys 5 and 6 in its open transaction; the later one does not wait for it.
    let second = CommitKey {
        attempt: 2,
        token: 2,
        ..first.clone()
    };
    let mut later = shop.staged("t", json!({}), &new, (&second, None)).await.unwrap();
    assert!(!later.commit().await.unwrap().replayed);
    assert!(earlier.commit().await.is_err());
    earlier.abort().await;
    // The same attempt again: it was done.
    let mut again = shop.staged("t", json!({}), &new, (&second, None)).await.unwrap();
    assert!(again.commit().await.unwrap().replayed);
    assert_eq!(shop.server.one("SELECT count(*) FROM t").await, "4");
    // Given up: nothing is left.
    let mut given_up = shop
        .staged("t", json!({}), &rows(&[(7, None)]), (&key(), None))
        .await
        .unwrap();
    given_up.abort().await;
    let fault = shop
        .write("t", json!({}), &rows(&[(7, None), (1, None)]))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid, "{fault}");
    assert_eq!(shop.server.one("SELECT count(*) FROM t").await, "4");
    assert_eq!(shop.leftovers().await, "");
}

//! Ways of writing: in one step, by keys, without what does not fit.

use super::{Log, Shop, key, lines, next, read};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt;
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_store_core::{ReadBack, Rejects, Side, Written};
use sluice_tests::mariadb::MariaDb;
use sluice_tests::poll::until;
use std::sync::Arc;
use std::time::Duration;

fn rows(rows: &[(i64, Option<&str>)]) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
    ]);
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let names: ArrayRef = Arc::new(StringArray::from_iter(rows.iter().map(|row| row.1)));
    RecordBatch::try_new(Arc::new(schema), vec![ids, names]).unwrap()
}

async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(5), more int DEFAULT 7)",
            "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)",
        ])
        .await;
    shop
}

async fn content(shop: &Shop) -> Vec<String> {
    shop.server.rows("SELECT id, name, more FROM t ORDER BY id").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_runs_with_the_copy_or_not_at_all() {
    let shop = shop().await;
    let script = |text: &str| json!({ "preCopyScript": text });
    let two = rows(&[(2, Some("new")), (3, None)]);
    let fault = shop.write("t", json!({}), &two).await.unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid, "a key that is there: {fault}");
    assert!(!fault.retryable);
    // The second statement fails: the first one is taken back.
    let fault = shop
        .write("t", script("DELETE FROM t; DELETE FROM nowhere"), &two)
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::TableNotFound, "{fault}");
    assert_eq!(content(&shop).await, ["1|a|1", "2|b|2"]);
    for text in [
        "TRUNCATE TABLE t",
        "DELETE FROM t; COMMIT",
        "DROP TABLE t",
        "/*!50000 COMMIT */",
    ] {
        let fault = shop.write("t", script(text), &two).await.unwrap_err();
        assert_eq!(fault.code, Code::QueryFailed, "{text}: {fault}");
    }
    shop.write(
        "t",
        script("DELETE FROM t WHERE name = 'b;' OR id = 2; UPDATE t SET more = 9"),
        &two,
    )
    .await
    .unwrap();
    assert_eq!(content(&shop).await, ["1|a|9", "2|new|7", "3|NULL|7"]);
    // Into a table that is new, too: its script sees it, empty.
    let create = json!({ "tableOption": "autoCreate", "preCopyScript": "DELETE FROM n" });
    shop.write("n", create, &two).await.unwrap();
    assert_eq!(shop.server.one("SELECT COUNT(*) FROM n").await, "2");
    let broken = json!({ "tableOption": "autoCreate", "preCopyScript": "DELETE FROM nowhere" });
    shop.write("m", broken, &two).await.unwrap_err();
    assert_eq!(shop.tables().await, ["n", "t"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn upserts_replace_what_is_there() {
    let shop = shop().await;
    let upsert = |keys: Value| json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": keys } });
    shop.write("t", upsert(json!(null)), &rows(&[(2, Some("B")), (3, Some("c"))]))
        .await
        .unwrap();
    assert_eq!(content(&shop).await, ["1|a|1", "2|B|2", "3|c|7"]);
    // By a column without an index, besides one with: by joining.
    shop.server
        .sql(&["DELETE FROM t", "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)"])
        .await;
    shop.write("t", upsert(json!(["NAME"])), &rows(&[(5, Some("b")), (6, Some("z"))]))
        .await
        .unwrap();
    assert_eq!(content(&shop).await, ["1|a|1", "5|b|2", "6|z|7"]);
    for (keys, batch, code) in [
        (json!(null), rows(&[(9, None), (9, Some("x"))]), Code::DataInvalid),
        (json!(["nope"]), rows(&[(9, None)]), Code::SchemaMismatch),
    ] {
        let fault = shop.write("t", upsert(keys), &batch).await.unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
    }
    shop.server.sql(&["CREATE TABLE bare (id bigint, name text)"]).await;
    let fault = shop
        .write("bare", upsert(json!([])), &rows(&[(1, None)]))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::SchemaMismatch, "{fault}");
    assert!(fault.message.contains("primary key"), "{fault}");
    shop.write("bare", upsert(json!(["id"])), &rows(&[(1, None), (2, Some("x"))]))
        .await
        .unwrap();
    shop.write("bare", upsert(json!(["id"])), &rows(&[(2, Some("y"))]))
        .await
        .unwrap();
    assert_eq!(
        shop.server.rows("SELECT * FROM bare ORDER BY id").await,
        ["1|NULL", "2|y"]
    );
    assert_eq!(shop.tables().await, ["bare", "t"]);
}

async fn leaves_out(shop: &Shop) {
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let mut sink = shop.sink("t", json!({}), Some(rejects.clone())).await.unwrap();
    let names: Vec<String> = (0..200).map(|i| format!("n{i}")).collect();
    let mut many: Vec<(i64, Option<&str>)> = (0..200).map(|i| (i + 10, Some(names[i as usize].as_str()))).collect();
    many[17].1 = Some("too long, by far");
    many[150].1 = Some("tabs\tand\nlines, too long");
    // A key that the table has, and one that an earlier row has.
    many[60].0 = 2;
    many[170].0 = 11;
    let batch = rows(&many);
    sink.prepare(batch.schema(), &key()).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    writer.write(batch.slice(0, 100)).await.unwrap();
    writer.write(batch.slice(100, 100)).await.unwrap();
    writer.finish().await.unwrap();
    assert_eq!(sink.verify().await.unwrap().rows, 196);
    sink.commit().await.unwrap();
    assert_eq!(shop.server.one("SELECT COUNT(*) FROM t").await, "198");
    assert_eq!(
        shop.server.rows("SELECT id, name FROM t WHERE id IN (2, 11)").await,
        ["2|b", "11|n1"]
    );
    assert_eq!(rejects.rows(), 4);
    let log = log.0.lock().unwrap();
    assert!(
        log.iter()
            .all(|left| left.side == Side::Sink && left.fault.code == Code::DataInvalid)
    );
    let mut records: Vec<&str> = log.iter().map(|left| left.record.as_str()).collect();
    records.sort();
    assert_eq!(
        records,
        [
            "11,n170",
            "160,\"tabs\tand\nlines, too long\"",
            "2,n60",
            "27,\"too long, by far\""
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_are_found_and_left_out() {
    leaves_out(&shop().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_files_are_not_taken_rows_are_inserted() {
    let shop = Shop::on(MariaDb::start_with(&["--local-infile=0", "--max-allowed-packet=1M"])).await;
    shop.server
        .sql(&[
            "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(5), more int DEFAULT 7)",
            "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)",
        ])
        .await;
    leaves_out(&shop).await;
    let long = "'\\\0\n\"ä🦀".repeat(2000);
    let values: Vec<(i64, Option<&str>)> = (0..500)
        .map(|i| (i, if i % 7 == 0 { None } else { Some(long.as_str()) }))
        .collect();
    let written = rows(&values);
    shop.write("long", json!({ "tableOption": "autoCreate" }), &written)
        .await
        .unwrap();
    let source = shop.source(json!({ "table": "long" }), json!({}), 1).await.unwrap();
    let found = read(source.as_ref()).await.unwrap();
    assert_eq!(lines(&found), lines(&[written]));
}

/// The node died between its note that the staging table becomes the target, and the renaming.
#[tokio::test(flavor = "multi_thread")]
async fn a_renaming_that_was_decided_is_done_by_the_next_attempt() {
    let shop = Shop::open().await;
    let create = json!({ "tableOption": "autoCreate" });
    let first = key();
    let (old, new) = (rows(&[(1, Some("first"))]), rows(&[(1, Some("second"))]));
    let sink = shop.staged("t", create.clone(), &old, &first).await.unwrap();
    drop(sink);
    let stage = shop.tables().await.remove(0);
    let note = format!(
        "INSERT INTO sluice_commit VALUES ('{}', 1, 1, 1, '{stage}', UTC_TIMESTAMP(6))",
        first.job.as_str()
    );
    shop.server.sql(&[&note]).await;
    let second = next(&first);
    let mut sink = shop.staged("t", create.clone(), &new, &second).await.unwrap();
    assert!(shop.tables().await.contains(&stage), "what was decided is kept");
    assert!(sink.commit().await.unwrap().replayed);
    assert_eq!(shop.server.one("SELECT name FROM t").await, "first");
    assert_eq!(shop.tables().await, ["t"]);
    // And once more: nothing is left to be done.
    let mut sink = shop.staged("t", create, &new, &next(&second)).await.unwrap();
    assert!(sink.commit().await.unwrap().replayed);
    assert_eq!(shop.server.one("SELECT name FROM t").await, "first");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_cannot_be_written_say_why() {
    let shop = shop().await;
    shop.server
        .sql(&[
            "CREATE TABLE old (id bigint, name text) ENGINE = MyISAM",
            "CREATE TABLE gen (id bigint, name text AS (CONCAT('x', id)) STORED)",
            "CREATE TABLE def (id bigint, name varchar(40) DEFAULT (UUID()))",
        ])
        .await;
    let one = rows(&[(1, Some("x"))]);
    for (table, word) in [("old", "MyISAM"), ("gen", "generated")] {
        let fault = shop.write(table, json!({}), &one).await.unwrap_err();
        assert_eq!(fault.code, Code::SchemaMismatch, "{fault}");
        assert!(fault.message.contains(word), "{fault}");
    }
    shop.write("def", json!({}), &one).await.unwrap();
    let more = one.project(&[0]).unwrap();
    shop.write("def", json!({}), &more).await.unwrap();
    let fault = shop.write("nowhere", json!({}), &one).await.unwrap_err();
    assert_eq!(fault.code, Code::TableNotFound, "{fault}");
    assert!(fault.message.contains("nowhere"), "{fault}");
}

/// Writers of a table that is there have a staging table each: those that did not finish do not count.
#[tokio::test(flavor = "multi_thread")]
async fn writers_that_do_not_finish_leave_nothing() {
    let shop = shop().await;
    let first = key();
    let mut sink = shop.readable_sink("t").await;
    sink.prepare(rows(&[]).schema(), &first).await.unwrap();
    let mut writers = vec![
        sink.writer().await.unwrap(),
        sink.writer().await.unwrap(),
        sink.writer().await.unwrap(),
    ];
    for (i, writer) in writers.iter_mut().enumerate() {
        writer
            .write(rows(&[(10 + i as i64, Some("x")), (20 + i as i64, None)]))
            .await
            .unwrap();
    }
    drop(writers.pop());
    for writer in writers {
        writer.finish().await.unwrap();
    }
    assert_eq!(sink.verify().await.unwrap().rows, 4);
    let ReadBack::Batches(back) = sink.read_back(Written::Staged).await.unwrap() else {
        panic!("what is staged can be read");
    };
    let back: Vec<RecordBatch> = back.try_collect().await.unwrap();
    assert_eq!(lines(&back), ["10|x", "11|x", "20|NULL", "21|NULL"]);
    sink.commit().await.unwrap();
    assert_eq!(
        shop.server.one("SELECT GROUP_CONCAT(id ORDER BY id) FROM t").await,
        "1,2,10,11,20,21"
    );
    assert_eq!(shop.tables().await, ["t"]);
    assert!(sink.commit().await.unwrap().replayed);
}

/// What is staged without transactions is not trusted behind a crash of the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_started_again_makes_the_copy_begin_anew() {
    let mut shop = shop().await;
    until("the server to run for a while", Duration::from_secs(30), || async {
        let uptime = shop.server.one("SHOW GLOBAL STATUS LIKE 'Uptime'").await;
        (uptime.split('|').nth(1)?.parse::<u32>().ok()? >= 8).then_some(())
    })
    .await;
    let first = key();
    let two = rows(&[(7, Some("x")), (8, None)]);
    let sink = shop.readable_sink("t").await;
    let mut sink = shop.stage(sink, &two, &first).await.unwrap();
    shop.server.kill();
    shop.server.boot();
    let fault = sink.commit().await.unwrap_err();
    assert_eq!(fault.code, Code::VerificationFailed, "{fault}");
    assert!(fault.retryable);
    assert_eq!(content(&shop).await.len(), 2);
    let mut sink = shop.staged("t", json!({}), &two, &next(&first)).await.unwrap();
    sink.commit().await.unwrap();
    assert_eq!(content(&shop).await.len(), 4);
    assert_eq!(shop.tables().await, ["t"]);
}

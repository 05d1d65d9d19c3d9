//! Rows that pass through undecoded, and what is written read back.

use super::{Shop, key};
use futures::TryStreamExt;
use serde_json::json;
use sluice_store_core::{ContentHash, NativeChunk, ReadBack, Sink, Source, Written};

const TYPES: &str = "id int8, n numeric(15,2), free numeric, name varchar(20), flag char(3), day date, at timestamptz(3), \
    took interval, doc jsonb, raw bytea, who uuid, net inet, ok bool, big float8, bits varbit(9)";

fn script() -> String {
    format!(
        "CREATE TABLE a ({TYPES}); CREATE TABLE b ({TYPES}); CREATE TABLE other (id int8, n numeric(14,2));
        CREATE TABLE plain (id int8, name text, day date); CREATE TABLE plain2 (id int8, name text, day date);
        INSERT INTO plain SELECT g, 'row ' || g, date '2020-01-01' + g FROM generate_series(1, 5000) g;
        INSERT INTO a SELECT g, g / 4.0, g * 1.000000001, 'name ' || g, 'x', date '2020-01-01' + g, now(), g * interval '1.5 hours',
            jsonb_build_object('g', g), decode(md5(g::text), 'hex'), gen_random_uuid(), inet '10.0.0.1', g % 2 = 0, g / 3.0, B'101'
            FROM generate_series(1, 5000) g;
        INSERT INTO a (id) VALUES (NULL); INSERT INTO a VALUES (1, 'NaN', 'NaN', '', '', 'infinity', '-infinity', NULL, 'null', '', NULL, NULL, NULL, 'NaN', B'')"
    )
}

/// Passes everything; says how many rows, and their hash.
async fn pass(source: &dyn Source, sink: &dyn Sink) -> (usize, ContentHash) {
    let (mut rows, mut hash) = (0, ContentHash::default());
    for partition in source.partitions() {
        let chunks: Vec<NativeChunk> = source
            .read_native(partition)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        let mut writer = sink.writer().await.unwrap();
        for chunk in chunks {
            rows += chunk.rows;
            hash.merge(&chunk.hash);
            writer.write_native(chunk).await.unwrap();
        }
        writer.finish().await.unwrap();
    }
    (rows, hash)
}

async fn native(back: ReadBack) -> (usize, ContentHash) {
    let ReadBack::Native(chunks) = back else {
        panic!("not in the encoding in which it was written");
    };
    let chunks: Vec<NativeChunk> = chunks.try_collect().await.unwrap();
    let mut hash = ContentHash::default();
    chunks.iter().for_each(|chunk| hash.merge(&chunk.hash));
    (chunks.iter().map(|chunk| chunk.rows).sum(), hash)
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_same_types_are_passed_through() {
    let shop = Shop::open(&script()).await;
    let source = shop.source("plain", json!({}), 3).await.unwrap();
    let format = source.native().unwrap();
    // Into a table that is there: the rows are in it at once, and can be read once they are published.
    let mut sink = shop.sink("plain2", json!({}), None).await.unwrap();
    sink.prepare(source.schema(), &key()).await.unwrap();
    assert!(sink.takes(&format));
    let passed = pass(source.as_ref(), sink.as_ref()).await;
    assert_eq!(passed.0, 5000);
    assert_eq!(sink.verify().await.unwrap().rows, 5000);
    assert!(matches!(
        sink.read_back(Written::Staged).await.unwrap(),
        ReadBack::Impossible(_)
    ));
    sink.commit().await.unwrap();
    shop.server
        .sql("INSERT INTO plain2 VALUES (0, 'of another', NULL)")
        .await;
    assert_eq!(native(sink.read_back(Written::Published).await.unwrap()).await, passed);
    let differ = "SELECT count(*) FROM ((TABLE plain EXCEPT ALL TABLE plain2) UNION ALL (TABLE plain2 EXCEPT ALL TABLE plain)) d";
    assert_eq!(shop.server.one(differ).await, "1");
    // Into one that is made: what is staged becomes the table.
    let mut sink = shop
        .sink("made", json!({ "tableOption": "autoCreate" }), None)
        .await
        .unwrap();
    sink.prepare(source.schema(), &key()).await.unwrap();
    assert!(sink.takes(&format));
    let passed = pass(source.as_ref(), sink.as_ref()).await;
    assert_eq!(sink.verify().await.unwrap().rows, 5000);
    assert_eq!(native(sink.read_back(Written::Staged).await.unwrap()).await, passed);
    assert_eq!(shop.server.one("SELECT to_regclass('made') IS NULL").await, "t");
    sink.commit().await.unwrap();
    let differ =
        "SELECT count(*) FROM ((TABLE plain EXCEPT ALL TABLE made) UNION ALL (TABLE made EXCEPT ALL TABLE plain)) d";
    assert_eq!(shop.server.one(differ).await, "0");
    assert_eq!(
        shop.server
            .one("SELECT relpersistence FROM pg_class WHERE relname = 'made'")
            .await,
        "p"
    );
    assert_eq!(shop.leftovers().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_types_and_texts_for_them_are_not_taken() {
    let shop = Shop::open(&script()).await;
    let source = shop
        .source("a", json!({ "query": "SELECT id, n FROM a" }), 1)
        .await
        .unwrap();
    let mut sink = shop.sink("other", json!({}), None).await.unwrap();
    let fault = sink.prepare(source.schema(), &key()).await.unwrap_err();
    assert!(fault.message.contains("numeric(14,2)"), "{fault}");
    // Intervals and the like are staged as text for the server to cast.
    let source = shop.source("a", json!({}), 2).await.unwrap();
    let mut sink = shop.sink("b", json!({}), None).await.unwrap();
    sink.prepare(source.schema(), &key()).await.unwrap();
    assert!(!sink.takes(&source.native().unwrap()));
    sink.abort().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decoded_rows_are_read_back_as_they_were_written() {
    let shop = Shop::open(&script()).await;
    shop.server.sql("DELETE FROM a WHERE day = 'infinity'").await;
    for (table, activity) in [("b", json!({})), ("made", json!({ "tableOption": "autoCreate" }))] {
        let source = shop.source("a", json!({}), 1).await.unwrap();
        let mut sink = shop.sink(table, activity, None).await.unwrap();
        sink.prepare(source.schema(), &key()).await.unwrap();
        let mut writer = sink.writer().await.unwrap();
        let (mut sent, mut came) = (ContentHash::default(), ContentHash::default());
        let mut batches = source.read(&source.partitions()[0]).await.unwrap();
        while let Some(batch) = batches.try_next().await.unwrap() {
            sent.merge(&ContentHash::of(&batch));
            writer.write(batch).await.unwrap();
        }
        writer.finish().await.unwrap();
        assert_eq!(sink.verify().await.unwrap().rows, 5001);
        let ReadBack::Batches(mut back) = sink.read_back(Written::Staged).await.unwrap() else {
            panic!("{table} is not read back");
        };
        while let Some(batch) = back.try_next().await.unwrap() {
            came.merge(&ContentHash::of(&batch));
        }
        assert_eq!(sent.differing(&came), Vec::<usize>::new(), "{table}");
        assert_eq!(sent, came, "{table}");
        sink.commit().await.unwrap();
    }
    assert_eq!(shop.leftovers().await, "");
}

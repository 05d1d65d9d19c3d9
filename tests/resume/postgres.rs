//! PostgreSQL, as source and sink.

use super::bench::{Job, Until, object};
use serde_json::{Value, json};
use sluice_contract::JobId;
use sluice_store_core::{Connection, SinkRequest, SourceRequest, StoreProperties};
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use std::sync::Arc;

async fn store(server: &Postgres) -> Arc<dyn Connection> {
    let mut properties = StoreProperties {
        kind: "PostgreSqlV2".to_owned(),
        public: object(
            json!({ "server": "127.0.0.1", "port": server.port, "database": "postgres", "username": USER, "sslMode": 0 }),
        ),
        ..StoreProperties::default()
    };
    properties.secrets.insert("password", PASSWORD);
    sluice_store_postgres::connector().connect(properties).await.unwrap()
}

/// A server with a table `a` in twelve partitions of 1,000 rows, and a table `b` that holds rows of its own.
pub(super) async fn server() -> Postgres {
    let server = Postgres::start();
    server
        .sql(
            "CREATE TABLE a (id int8 PRIMARY KEY, amount numeric(15,2), name text) PARTITION BY RANGE (id);
             DO $$ BEGIN FOR n IN 0..11 LOOP EXECUTE format(
                 'CREATE TABLE a%s PARTITION OF a FOR VALUES FROM (%s) TO (%s)', n, n * 1000, (n + 1) * 1000);
             END LOOP; END $$;
             INSERT INTO a SELECT g, g / 4.0, nullif('row ' || g, 'row 77') FROM generate_series(0, 11999) g;
             CREATE TABLE b (id int8 PRIMARY KEY, amount numeric(15,2), name text);
             INSERT INTO b VALUES (5, 0, 'old'), (-1, 0, 'old')",
        )
        .await;
    server
}

pub(super) async fn job(server: &Postgres, to: &str, sink: Value) -> Job {
    let store = store(server).await;
    let table = |name: &str| object(json!({ "schema": "public", "table": name }));
    Job {
        id: JobId::generate(),
        source: store.clone(),
        from: SourceRequest {
            dataset_kind: "PostgreSqlV2Table".to_owned(),
            dataset: table("a"),
            activity: object(json!({ "partitionOption": "PhysicalPartitionsOfTable" })),
            ..SourceRequest::default()
        },
        sink: store,
        to: SinkRequest {
            dataset_kind: "PostgreSqlV2Table".to_owned(),
            dataset: table(to),
            activity: object(sink),
            ..SinkRequest::default()
        },
        settings: json!({ "parallelCopies": 1, "validateDataConsistency": true }),
        memory: Arc::default(),
    }
}

/// How many rows two queries differ in.
async fn differing(server: &Postgres, one: &str, other: &str) -> String {
    let query = format!("SELECT count(*) FROM (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one})) x");
    server.one(&query).await
}

async fn leftovers(server: &Postgres) -> String {
    server
        .one("SELECT count(*) FROM pg_class WHERE relname LIKE '\\_sluice\\_%' AND relkind = 'r'")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_partitions_are_not_copied_again() {
    let server = server().await;
    let undisturbed = job(&server, "whole", json!({ "tableOption": "autoCreate" })).await;
    let whole = undisturbed.attempt(1, None).await.unwrap().unwrap();
    assert_eq!(whole.rows_copied, 12_000);
    // A table that is made, one that is there with a script, and one whose rows are replaced by their keys.
    let ways = [
        ("made", json!({ "tableOption": "autoCreate" }), "TABLE a"),
        (
            "b",
            json!({ "preCopyScript": "DELETE FROM b WHERE id = 5" }),
            "TABLE a UNION ALL VALUES (-1::int8, 0::numeric(15,2), 'old')",
        ),
        (
            "b",
            json!({ "writeBehavior": "upsert" }),
            "TABLE a UNION ALL VALUES (-1::int8, 0::numeric(15,2), 'old')",
        ),
    ];
    for (to, sink, expected) in ways {
        let job = job(&server, to, sink.clone()).await;
        job.cut_off(1, 5).await;
        job.cut_off(2, 3).await;
        let outcome = job.attempt(3, None).await.unwrap().unwrap();
        let resumed = &outcome.extra["resumed"];
        assert_eq!(
            (resumed["parts"].as_u64(), resumed["rows"].as_u64()),
            (Some(8), Some(8_000)),
            "{sink}: {resumed}"
        );
        assert_eq!((outcome.rows_read, outcome.rows_copied), (12_000, 12_000));
        assert_eq!(
            (&outcome.content_hash, &outcome.columns),
            (&whole.content_hash, &whole.columns),
            "{sink}"
        );
        assert_eq!(
            differing(&server, &format!("TABLE {to}"), &format!("({expected})")).await,
            "0",
            "{sink}"
        );
        assert_eq!(leftovers(&server).await, "0", "{sink}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_changed_is_copied_from_the_beginning() {
    let server = server().await;
    let changes = [
        "UPDATE a SET name = 'changed' WHERE id = 10",
        "DELETE FROM a WHERE id = 20",
        "CREATE TABLE a12 PARTITION OF a FOR VALUES FROM (12000) TO (13000); INSERT INTO a VALUES (12000, 1, 'new')",
        "DROP TABLE a1",
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let to = format!("made{place}");
        let job = job(&server, &to, json!({ "tableOption": "autoCreate" })).await;
        job.cut_off(1, 5).await;
        server.sql(change).await;
        let outcome = job.attempt(2, None).await.unwrap().unwrap();
        assert_eq!(
            differing(&server, &format!("TABLE {to}"), "TABLE a").await,
            "0",
            "{change}"
        );
        // A new partition takes nothing from the finished ones.
        let kept = outcome.extra["resumed"]["parts"].as_u64().unwrap();
        assert_eq!(kept, if place == 2 { 5 } else { 0 }, "{change}: {:?}", outcome.extra);
        assert_eq!(leftovers(&server).await, "0", "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_was_overtaken_cannot_write_or_publish() {
    let server = server().await;
    let job = job(&server, "made", json!({ "tableOption": "autoCreate" })).await;
    let dealer = Until::new(5);
    let mut finished = dealer.finished.subscribe();
    let zombie = job.attempt(1, Some(dealer.clone()));
    finished.wait_for(|count| *count == 5).await.unwrap();
    let outcome = job.attempt(2, None).await.unwrap().unwrap();
    assert_eq!(outcome.extra["resumed"]["parts"], 5);
    dealer.go_on.send_replace(true);
    let fault = zombie.await.unwrap().unwrap_err();
    assert!(fault.code.as_str().starts_with("SL"), "{fault}");
    assert_eq!(differing(&server, "TABLE made", "TABLE a").await, "0");
    assert_eq!(leftovers(&server).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_of_the_server_emptied_is_copied_again() {
    let mut server = server().await;
    // Staged in a table that is not logged.
    let job = job(&server, "b", json!({ "preCopyScript": "DELETE FROM b" })).await;
    job.cut_off(1, 5).await;
    server.kill();
    server.boot();
    let outcome = job.attempt(2, None).await.unwrap().unwrap();
    assert!(outcome.extra.get("resumed").is_none(), "{:?}", outcome.extra);
    assert_eq!(differing(&server, "TABLE b", "TABLE a").await, "0");
}

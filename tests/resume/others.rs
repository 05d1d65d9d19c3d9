//! Other sinks than PostgreSQL, which keep parts, too.

use super::bench::{Job, Until, object};
use super::postgres;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use sluice_store_core::{Connection, Connector, SinkRequest, StoreProperties};
use sluice_tests::mariadb::{DATABASE, MariaDb, PASSWORD, USER};
use sluice_tests::tds::{self, TdsPeer};
use std::sync::Arc;

/// A store that is written.
struct Place {
    store: Arc<dyn Connection>,
    dataset_kind: &'static str,
    dataset: fn(&str) -> Value,
    /// Gives the only value of a query.
    ask: Box<dyn Fn(String) -> BoxFuture<'static, String> + Send + Sync>,
    /// Counts the tables that a copy stages in.
    leftovers: &'static str,
    /// Whether jobs of long ago are forgotten.
    forgets: bool,
    _files: Option<tempfile::TempDir>,
}

async fn open(connector: Arc<dyn Connector>, kind: &str, public: Value, password: &str) -> Arc<dyn Connection> {
    let mut properties = StoreProperties {
        kind: kind.to_owned(),
        public: object(public),
        ..StoreProperties::default()
    };
    if !password.is_empty() {
        properties.secrets.insert("password", password);
    }
    connector.connect(properties).await.unwrap()
}

async fn sqlite() -> Place {
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("shop.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE b (id INTEGER PRIMARY KEY, amount TEXT, name TEXT); INSERT INTO b VALUES (5, '0', 'old'), (-1, '0', 'old')")
        .unwrap();
    let asked = path.clone();
    Place {
        store: open(sluice_store_sqlite::connector(), "Sqlite", json!({ "path": path }), "").await,
        dataset_kind: "SqliteTable",
        dataset: |name| json!({ "tableName": name }),
        ask: Box::new(move |query| {
            let asked = asked.clone();
            async move {
                let connection = rusqlite::Connection::open(asked).unwrap();
                let value: i64 = connection.query_row(&query, [], |row| row.get(0)).unwrap();
                value.to_string()
            }
            .boxed()
        }),
        leftovers: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 8) = '_sluice_'",
        forgets: true,
        _files: Some(files),
    }
}

async fn mariadb() -> Place {
    let server = Arc::new(MariaDb::start());
    server
        .sql(&[
            "CREATE TABLE b (id bigint PRIMARY KEY, amount decimal(15,2), name text)",
            "INSERT INTO b VALUES (5, 0, 'old'), (-1, 0, 'old')",
        ])
        .await;
    let public =
        json!({ "server": "127.0.0.1", "port": server.port, "database": DATABASE, "username": USER, "sslMode": 0 });
    Place {
        store: open(sluice_store_mysql::connector(), "MariaDB", public, PASSWORD).await,
        dataset_kind: "MariaDBTable",
        dataset: |name| json!({ "tableName": name }),
        ask: Box::new(move |query| {
            let server = server.clone();
            async move { server.one(&query).await }.boxed()
        }),
        leftovers: "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_NAME LIKE '\\_sluice\\_%'",
        forgets: true,
        _files: None,
    }
}

async fn sqlserver() -> Place {
    sluice_tests::init_tls();
    let peer = Arc::new(TdsPeer::start());
    peer.sql("CREATE TABLE b (id bigint NOT NULL PRIMARY KEY, amount decimal(15,2), name nvarchar(100))");
    peer.sql("INSERT INTO b (id, amount, name) VALUES (5, 0, 'old')");
    peer.sql("INSERT INTO b (id, amount, name) VALUES (-1, 0, 'old')");
    let public = json!({ "server": format!("tcp:127.0.0.1,{}", peer.port), "database": tds::DATABASE,
        "userName": tds::USER, "encrypt": "mandatory", "caCertificate": peer.identity.ca_pem });
    Place {
        store: open(sluice_store_sqlserver::connector(), "SqlServer", public, tds::PASSWORD).await,
        dataset_kind: "SqlServerTable",
        dataset: |name| json!({ "schema": "dbo", "table": name }),
        ask: Box::new(move |query| {
            let peer = peer.clone();
            let ask = move || peer.column(&query).into_iter().next().unwrap_or_default();
            async move { tokio::task::spawn_blocking(ask).await.unwrap() }.boxed()
        }),
        leftovers: "SELECT count(*) FROM sys.objects WHERE name LIKE '%sluice_stage%' OR name LIKE '%sluice_parts%'",
        forgets: false,
        _files: None,
    }
}

impl Place {
    /// A copy of the twelve partitions of `a`.
    async fn job(&self, server: &sluice_tests::postgres::Postgres, to: &str, sink: Value) -> Job {
        Job {
            sink: self.store.clone(),
            to: SinkRequest {
                dataset_kind: self.dataset_kind.to_owned(),
                dataset: object((self.dataset)(to)),
                activity: object(sink),
                ..SinkRequest::default()
            },
            ..postgres::job(server, to, json!({})).await
        }
    }

    async fn ask(&self, query: &str) -> String {
        (self.ask)(query.to_owned()).await
    }

    /// Twelve thousand rows, each once, and the rows that were there.
    async fn check(&self, table: &str, old: u64, why: &str) {
        assert_eq!(
            self.ask(&format!("SELECT count(*) FROM {table}")).await,
            (12_000 + old).to_string(),
            "{why}"
        );
        let ids = format!(
            "SELECT count(DISTINCT id) FROM {table} WHERE id BETWEEN 0 AND 11999 AND (name IS NULL OR name <> 'old')"
        );
        assert_eq!(self.ask(&ids).await, "12000", "{why}");
        assert_eq!(self.ask(self.leftovers).await, "0", "{why}");
    }
}

async fn goes_on(place: Place) {
    let server = postgres::server().await;
    let whole = place
        .job(&server, "whole", json!({ "tableOption": "autoCreate" }))
        .await;
    let whole = whole.attempt(1, None).await.unwrap().unwrap();
    if place.forgets {
        let old = "INSERT INTO sluice_commit (job, attempt, token, `rows`, committed_at) VALUES ('old', 1, 1, 0, '2020-01-01') RETURNING 1";
        assert_eq!(place.ask(old).await, "1");
    }
    let ways = [
        ("made", json!({ "tableOption": "autoCreate" }), 0),
        ("b", json!({ "preCopyScript": "DELETE FROM b WHERE id = 5" }), 1),
        (
            "b",
            json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["id"] } }),
            1,
        ),
    ];
    for (to, sink, old) in ways {
        let job = place.job(&server, to, sink.clone()).await;
        job.cut_off(1, 5).await;
        job.cut_off(2, 3).await;
        let outcome = job.attempt(3, None).await.unwrap().unwrap();
        let resumed = &outcome.extra["resumed"];
        assert_eq!(
            (resumed["parts"].as_u64(), resumed["rows"].as_u64()),
            (Some(8), Some(8_000)),
            "{sink}: {resumed}"
        );
        assert_eq!(outcome.content_hash, whole.content_hash, "{sink}");
        place.check(to, old, &sink.to_string()).await;
    }
    assert_eq!(
        place.ask("SELECT count(*) FROM sluice_commit WHERE job = 'old'").await,
        "0"
    );
    // The source has changed: what was staged is of no use.
    let job = place
        .job(&server, "again", json!({ "tableOption": "autoCreate" }))
        .await;
    job.cut_off(1, 5).await;
    server.sql("UPDATE a SET name = 'changed' WHERE id = 10").await;
    let outcome = job.attempt(2, None).await.unwrap().unwrap();
    assert_eq!(outcome.extra["resumed"]["parts"], 0, "{:?}", outcome.extra);
    place.check("again", 0, "a source that changed").await;
    assert_eq!(
        place.ask("SELECT count(*) FROM again WHERE name = 'changed'").await,
        "1"
    );
    // One that was overtaken can neither write nor publish.
    let job = place
        .job(&server, "fenced", json!({ "tableOption": "autoCreate" }))
        .await;
    let dealer = Until::new(5);
    let mut finished = dealer.finished.subscribe();
    let zombie = job.attempt(1, Some(dealer.clone()));
    finished.wait_for(|count| *count == 5).await.unwrap();
    let outcome = job.attempt(2, None).await.unwrap().unwrap();
    assert_eq!(outcome.extra["resumed"]["parts"], 5);
    dealer.go_on.send_replace(true);
    zombie.await.unwrap().unwrap_err();
    place.check("fenced", 0, "an attempt that was overtaken").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_goes_on_with_finished_partitions() {
    goes_on(sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_goes_on_with_finished_partitions() {
    goes_on(mariadb().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_server_goes_on_with_finished_partitions() {
    goes_on(sqlserver().await).await;
}

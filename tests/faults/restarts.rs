//! Databases are killed under a copy and come back.

use super::common::{digest, fill, make, mariadb_digest, mariadb_end, nothing_is_staged, succeeds};
use serde_json::json;
use sluice_tests::documents::{postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::mariadb::MariaDb;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use std::time::Duration;

/// So many rows are of 20 MB, and a copy takes some eight seconds.
const ROWS: u32 = 20_000;

async fn fill_up(server: &Postgres, times: u32) {
    fill(server, times * ROWS).await;
    server.sql("UPDATE big SET text = repeat(text, 10)").await;
}

async fn gateway(factory: &Factory, times: u32) -> Gateway {
    let gateway = Gateway::start(factory, "onprem").await;
    let rate = format!("{}KB/s", 2500 * times);
    gateway.ask(&["limit", "--bandwidth", &rate]).expect(0);
    gateway
}

/// Waits until rows travel.
async fn in_the_middle(rest: &Rest, run: &str) {
    until("rows to travel", Duration::from_secs(60), || async {
        let activity = rest.activity(run).await?;
        (activity["output"]["dataRead"].as_u64().unwrap_or_default() > 2_000_000).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_at_either_end() {
    let (mut source, mut sink, factory) = (Postgres::start(), Postgres::start(), Factory::start());
    // More than the sockets of both partitions hold: what a server has sent before it dies is not lost.
    const TIMES: u32 = 4;
    fill_up(&source, TIMES).await;
    sink.sql("CREATE TABLE out (id int PRIMARY KEY, text text)").await;
    let expected = digest(&source, "big").await;
    let gateway = gateway(&factory, TIMES).await;
    let rest = factory.rest();
    let (from, to) = (
        postgres_source(&source, "public", "big"),
        postgres_sink(&sink, "public", "out"),
    );
    make(&rest, "Copy", &from, &to, 8).await;
    for the_sink in [true, false] {
        sink.sql("TRUNCATE out").await;
        let run = rest.start("Copy").await;
        in_the_middle(&rest, &run).await;
        let server = if the_sink { &mut sink } else { &mut source };
        // Its backends first: they would finish what they are at when only their parent dies.
        let backends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
                        AND backend_type = 'client backend'";
        server.client().await.simple_query(backends).await.unwrap();
        server.kill();
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.boot();
        let activity = succeeds(&rest, &run).await;
        assert!(activity["attempts"].as_array().unwrap().len() > 1, "{activity:#}");
        assert_eq!(digest(&sink, "out").await, expected, "{activity:#}\n{}", gateway.log());
        sink.sql("DROP TABLE sluice_commit").await;
        nothing_is_staged(&sink).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_as_the_sink() {
    // The table's digest is taken of all its text in one value, which may be no longer than a packet.
    let mut sink = MariaDb::start_with(&["--local-infile=1", "--max-allowed-packet=64M"]);
    let (source, factory) = (Postgres::start(), Factory::start());
    fill_up(&source, 1).await;
    sink.sql(&["CREATE TABLE out_ (id int PRIMARY KEY, text text)"]).await;
    let expected = digest(&source, "big").await;
    let gateway = gateway(&factory, 1).await;
    let rest = factory.rest();
    let to = mariadb_end(sink.port, "out_", json!({ "type": "MariaDBSink" }));
    make(&rest, "Copy", &postgres_source(&source, "public", "big"), &to, 8).await;
    let run = rest.start("Copy").await;
    in_the_middle(&rest, &run).await;
    sink.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    sink.boot();
    let activity = succeeds(&rest, &run).await;
    assert!(activity["attempts"].as_array().unwrap().len() > 1, "{activity:#}");
    assert_eq!(
        mariadb_digest(&sink, "out_").await,
        expected,
        "{activity:#}\n{}",
        gateway.log()
    );
    assert_eq!(sink.rows("SHOW TABLES LIKE '\\\\_sluice%'").await, Vec::<String>::new());
}

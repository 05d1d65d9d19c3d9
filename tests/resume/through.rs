//! A gateway dies in the middle of a large table; its next process goes on with the partitions that are staged.

use serde_json::json;
use sluice_tests::documents::{make_copy, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

const PARTITIONS: u32 = 12;
const ROWS: u32 = 60_000;

async fn source() -> Postgres {
    let server = Postgres::start();
    let each = ROWS / PARTITIONS;
    server
        .sql(&format!(
            "CREATE TABLE big (id int8, text text) PARTITION BY RANGE (id);
             DO $$ BEGIN FOR n IN 0..{PARTITIONS} - 1 LOOP EXECUTE format(
                 'CREATE TABLE big%s PARTITION OF big FOR VALUES FROM (%s) TO (%s)', n, n * {each}, (n + 1) * {each});
             END LOOP; END $$;
             INSERT INTO big SELECT g, repeat(md5(g::text), 3) FROM generate_series(0, {ROWS} - 1) g"
        ))
        .await;
    server
}

/// How many partitions are staged.
async fn staged(server: &Postgres) -> u32 {
    let table =
        "SELECT coalesce(max(relname), '') FROM pg_class WHERE relname LIKE '\\_sluice\\_parts\\_%' AND relkind = 'r'";
    match server.one(table).await.as_str() {
        "" => 0,
        name => server
            .one(&format!("SELECT count(*) FROM {name}"))
            .await
            .parse()
            .unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gateway_goes_on_with_the_partitions_that_are_missing() {
    let (server, factory) = (source().await, Factory::start());
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    gateway.boot_with(&["--resume-from", "1000"], &[]);
    gateway.online(&factory).await;
    // Some six seconds for all of it.
    gateway.ask(&["limit", "--bandwidth", "1MB/s"]).expect(0);
    let rest = factory.rest();
    let physical = json!({ "type": "PostgreSqlV2Source", "partitionOption": "PhysicalPartitionsOfTable" });
    let source = postgres_source(&server, "public", "big").activity(physical);
    make_copy(
        &rest,
        "onprem",
        "Big",
        &source,
        &postgres_sink(&server, "public", "copied"),
    )
    .await;
    let run = rest.start("Big").await;
    let before = until("partitions to be staged", Duration::from_secs(60), || async {
        Some(staged(&server).await).filter(|parts| *parts >= 4)
    })
    .await;
    gateway.kill9();
    assert!(before < PARTITIONS, "the copy was over too soon to die in it");
    gateway.boot_with(&["--resume-from", "1000"], &[]);
    gateway.ask(&["limit", "--bandwidth", "off"]).expect(0);
    let activity = rest.end_of(&run, Duration::from_secs(200)).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}\n{}", gateway.log());
    let output = &activity["output"];
    let parts = output["resumed"]["parts"].as_u64().unwrap_or_default();
    assert!(parts >= u64::from(before), "{output:#}");
    assert_eq!(output["rowsCopied"], ROWS, "{output:#}");
    let differing =
        "SELECT count(*) FROM ((TABLE big EXCEPT ALL TABLE copied) UNION ALL (TABLE copied EXCEPT ALL TABLE big)) x";
    assert_eq!(server.one(differing).await, "0");
    assert_eq!(staged(&server).await, 0);
}

//! Processes die in the middle of a copy; the copy ends complete, once, and leaves nothing behind.

mod channel;
mod clocks;
mod common;
mod cuts;
mod drain;
mod link;
mod objects;
mod orchestrator;
mod own_state;
mod parked;
mod replays;
mod restarts;
mod rounds;
mod stall;
mod triggers;

use serde_json::json;
use sluice_tests::azurite::Azurite;
use sluice_tests::documents::{blob_parquet_sink, make_copy, postgres_query, postgres_sink};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::python;
use std::time::Duration;

const ROWS: u32 = 4000;
/// A run that lost a node waits for its lease first.
const PATIENCE: Duration = Duration::from_secs(200);

/// Some ten seconds of rows, so that there is a middle to die in.
fn slow_query() -> String {
    format!(
        "SELECT g AS id, CASE WHEN pg_sleep(0.002) IS NULL THEN '' ELSE repeat(md5(g::text), 20) END AS text \
         FROM generate_series(1, {ROWS}) g"
    )
}

struct World {
    postgres: Postgres,
    azurite: Azurite,
    factory: Factory,
    gateway: Gateway,
}

impl World {
    async fn new() -> Self {
        let (postgres, azurite, factory) = (Postgres::start(), Azurite::http(), Factory::start());
        azurite.client().create_container("lake").await;
        let gateway = Gateway::start(&factory, "onprem").await;
        Self {
            postgres,
            azurite,
            factory,
            gateway,
        }
    }

    /// Waits until the source's server is busy with the copy, as the server itself says.
    async fn in_the_middle(&self) {
        let copying = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' \
                       AND query ILIKE '%generate_series%'";
        until("the copy to read", Duration::from_secs(60), || async {
            (self.postgres.one(copying).await != "0").then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_ne!(
            self.postgres.one(copying).await,
            "0",
            "the copy was over too soon to die in it"
        );
    }

    /// The blob is there as a whole, and nothing else is.
    async fn blob_is_complete(&self) {
        let client = self.azurite.client();
        assert_eq!(client.list("lake").await, ["out/slow.parquet"]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), client.get("lake/out/slow.parquet").await).unwrap();
        let facts = python::json("e2e/parquet_facts.py", &[file.path().to_str().unwrap(), "id"]);
        assert_eq!(facts["rows"], ROWS);
        assert_eq!(facts["sum"], u64::from(ROWS) * u64::from(ROWS + 1) / 2);
    }

    /// The table holds every row once, and no table but it is there.
    async fn table_is_complete(&self) {
        let count = self
            .postgres
            .one("SELECT count(*) || '/' || count(DISTINCT id) FROM public.slow")
            .await;
        assert_eq!(count, format!("{ROWS}/{ROWS}"));
        let staged = "SELECT coalesce(string_agg(relname, ','), '') FROM pg_class WHERE relkind = 'r' \
             AND relname LIKE '%stage%' AND relnamespace = 'public'::regnamespace";
        assert_eq!(self.postgres.one(staged).await, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gateway_finishes_the_copy_after_its_restart() {
    let mut world = World::new().await;
    let rest = world.factory.rest();
    let source = postgres_query(&world.postgres, &slow_query());
    let sink = blob_parquet_sink(&world.azurite, "lake", "slow.parquet");
    make_copy(&rest, "onprem", "Slow", &source, &sink).await;
    let run = rest.start("Slow").await;
    world.in_the_middle().await;
    world.gateway.kill9();
    assert!(
        !world
            .azurite
            .client()
            .list("lake")
            .await
            .contains(&"out/slow.parquet".to_owned()),
        "a part of the copy is visible"
    );
    world.gateway.boot();
    let activity = rest.end_of(&run, PATIENCE).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}");
    assert_eq!(activity["output"]["rowsCopied"], ROWS, "{activity:#}");
    world.blob_is_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_factory_sees_the_run_through_after_its_restart() {
    let mut world = World::new().await;
    let rest = world.factory.rest();
    let source = postgres_query(&world.postgres, &slow_query());
    let sink = postgres_sink(&world.postgres, "public", "slow");
    make_copy(&rest, "onprem", "Slow", &source, &sink).await;
    let run = rest.start("Slow").await;
    world.in_the_middle().await;
    world.factory.kill9();
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.gateway.assert_running();
    world.factory.restart();
    let activity = rest.end_of(&run, PATIENCE).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}");
    world.table_is_complete().await;
    // Everything goes on: the gateway is back online and takes the next job.
    world.gateway.online(&world.factory).await;
    let again = postgres_query(&world.postgres, "SELECT 1 AS id, 'x' AS text");
    make_copy(
        &rest,
        "onprem",
        "Next",
        &again,
        &postgres_sink(&world.postgres, "public", "next"),
    )
    .await;
    rest.succeed("Next", PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_killed_at_once_still_copy_once() {
    let mut world = World::new().await;
    let rest = world.factory.rest();
    let source = postgres_query(&world.postgres, &slow_query());
    make_copy(
        &rest,
        "onprem",
        "Slow",
        &source,
        &postgres_sink(&world.postgres, "public", "slow"),
    )
    .await;
    let run = rest.start("Slow").await;
    world.in_the_middle().await;
    world.gateway.kill9();
    world.factory.kill9();
    world.factory.restart();
    world.gateway.boot();
    let activity = rest.end_of(&run, PATIENCE).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}");
    world.table_is_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_leaves_nothing() {
    let world = World::new().await;
    let rest = world.factory.rest();
    let source = postgres_query(&world.postgres, &slow_query());
    let sink = blob_parquet_sink(&world.azurite, "lake", "slow.parquet");
    make_copy(&rest, "onprem", "Slow", &source, &sink).await;
    let run = rest.start("Slow").await;
    world.in_the_middle().await;
    rest.post(&format!("pipelineruns/{run}/cancel"), &json!({})).await.ok();
    let activity = rest.end_of(&run, PATIENCE).await;
    assert_eq!(activity["status"], "Cancelled", "{activity:#}");
    until("the staging to be removed", Duration::from_secs(30), || async {
        world.azurite.client().list("lake").await.is_empty().then_some(())
    })
    .await;
}

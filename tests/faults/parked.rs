//! A job that brings down whoever takes it is parked, with the history of its attempts.

use super::common::{digest, fill, make};
use sluice_tests::documents::{postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_brings_down_its_nodes_is_parked() {
    let (server, factory) = (Postgres::start(), Factory::start());
    fill(&server, 20_000).await;
    let mut gateway = Gateway::start(&factory, "onprem").await;
    gateway.ask(&["limit", "--bandwidth", "50KB/s"]).expect(0);
    let rest = factory.rest();
    let to = postgres_sink(&server, "public", "out");
    make(&rest, "Poison", &postgres_source(&server, "public", "big"), &to, 5).await;
    let run = rest.start("Poison").await;
    for attempt in 1..=4 {
        until("the attempt to read", Duration::from_secs(90), || async {
            let activity = rest.activity(&run).await?;
            let last = activity["attempts"].as_array()?.last()?.clone();
            let reads = activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0;
            (last["status"] == "InProgress" && reads && activity["attempts"].as_array()?.len() >= attempt).then_some(())
        })
        .await;
        gateway.kill9();
        gateway.boot();
    }
    let activity = rest.end_of(&run, Duration::from_secs(120)).await;
    assert_eq!(activity["status"], "Failed", "{activity:#}");
    assert_eq!(activity["error"]["errorCode"], "SL7020", "{activity:#}");
    let attempts = activity["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 4, "{activity:#}");
    assert!(
        attempts
            .iter()
            .all(|one| one["status"] == "Lost" && one["node"] == "node1"),
        "{activity:#}"
    );
    // The gateway itself is well, and so is the pipeline when nothing kills its node.
    gateway.ask(&["limit", "--bandwidth", "off"]).expect(0);
    rest.succeed("Poison", Duration::from_secs(120)).await;
    assert_eq!(digest(&server, "out").await, digest(&server, "big").await);
}

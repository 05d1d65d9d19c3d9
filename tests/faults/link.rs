//! A node on a machine of its own, whose cable is pulled in the middle of a copy: neither its factory nor its stores hear of it, and it
//! does not hear of them. What the kernel keeps of the connections is in play, which no proxy has: what was sent is sent again
//! when the cable is plugged, over connections that both ends have given up.

use super::common::{digest, fill, make, nothing_is_staged, succeeds};
use serde_json::json;
use sluice_tests::documents::{postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::namespace::Namespace;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

const ROWS: u32 = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_cable_that_is_pulled_for_longer_than_the_idle_timeout() {
    let machine = Namespace::start();
    let here = machine.here.to_string();
    let (server, factory) = (Postgres::start_at(&here), Factory::start_at(&here));
    fill(&server, ROWS).await;
    let expected = digest(&server, "big").await;
    server.sql("CREATE TABLE out (id int PRIMARY KEY, text text)").await;
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    gateway.move_to(&machine);
    gateway.boot();
    gateway.online(&factory).await;
    gateway.ask(&["limit", "--bandwidth", "200KB/s"]).expect(0);

    let rest = factory.rest();
    let (from, to) = (
        postgres_source(&server, "public", "big").property("server", json!(here)),
        postgres_sink(&server, "public", "out").property("server", json!(here)),
    );
    make(&rest, "Copy", &from, &to, 3).await;
    let run = rest.start("Copy").await;
    until("rows to travel", Duration::from_secs(60), || async {
        let activity = rest.activity(&run).await?;
        (activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0).then_some(())
    })
    .await;
    machine.pull();
    // The factory's idle timeout is a minute.
    until("the factory to notice", Duration::from_secs(120), || async {
        let status = rest.post("integrationRuntimes/onprem/getStatus", &json!({})).await.ok();
        (status["properties"]["state"] != "Online").then_some(())
    })
    .await;
    let activity = rest.activity(&run).await.unwrap();
    assert_eq!(activity["attempts"][0]["status"], "Lost", "{activity:#}");
    assert_eq!(server.one("SELECT count(*) FROM out").await, "0");
    machine.plug();
    let activity = succeeds(&rest, &run).await;
    assert!(activity["attempts"].as_array().unwrap().len() > 1, "{activity:#}");
    assert_eq!(activity["output"]["rowsCopied"], ROWS, "{activity:#}");
    assert_eq!(digest(&server, "out").await, expected, "{activity:#}");
    nothing_is_staged(&server).await;
    gateway.online(&factory).await;
}

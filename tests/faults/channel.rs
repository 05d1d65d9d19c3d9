//! The network between node and factory: a black hole that outlasts every timeout, and connections that are cut again and again,
//! so that messages come twice and in another order.

use super::common::{digest, fill, make, nothing_is_staged, succeeds};
use serde_json::json;
use sluice_tests::documents::{postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::proxy::Proxy;
use std::time::Duration;

/// A factory with a node that reaches it through a proxy.
async fn through_a_proxy() -> (Factory, Proxy, Gateway) {
    let factory = Factory::start();
    let port = factory.amqp.rsplit_once(':').unwrap().1.parse().unwrap();
    let proxy = Proxy::start(port);
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    gateway.reach_factory_at(&format!("127.0.0.1:{}", proxy.port));
    gateway.boot();
    gateway.online(&factory).await;
    assert!(proxy.connections() > 0, "the node does not go through the proxy");
    (factory, proxy, gateway)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_longer_than_the_idle_timeout() {
    let (server, (factory, proxy, mut gateway)) = (Postgres::start(), through_a_proxy().await);
    fill(&server, 20_000).await;
    let expected = digest(&server, "big").await;
    server.sql("CREATE TABLE out (id int PRIMARY KEY, text text)").await;
    gateway.ask(&["limit", "--bandwidth", "200KB/s"]).expect(0);
    let rest = factory.rest();
    let (from, to) = (
        postgres_source(&server, "public", "big"),
        postgres_sink(&server, "public", "out"),
    );
    make(&rest, "Copy", &from, &to, 0).await;
    let run = rest.start("Copy").await;
    until("rows to travel", Duration::from_secs(60), || async {
        let activity = rest.activity(&run).await?;
        (activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0).then_some(())
    })
    .await;
    proxy.freeze();
    // The factory's idle timeout is a minute.
    until("the factory to notice", Duration::from_secs(120), || async {
        let status = rest.post("integrationRuntimes/onprem/getStatus", &json!({})).await.ok();
        (status["properties"]["state"] != "Online").then_some(())
    })
    .await;
    let activity = rest.activity(&run).await.unwrap();
    assert_eq!(activity["attempts"][0]["status"], "Lost", "{activity:#}");
    proxy.thaw();
    let activity = succeeds(&rest, &run).await;
    assert_eq!(digest(&server, "out").await, expected, "{activity:#}");
    nothing_is_staged(&server).await;
    gateway.online(&factory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_again_and_again() {
    const RUNS: usize = 12;
    let (server, (factory, proxy, gateway)) = (Postgres::start(), through_a_proxy().await);
    fill(&server, 3000).await;
    let expected = digest(&server, "big").await;
    gateway.ask(&["limit", "--bandwidth", "600KB/s"]).expect(0);
    let rest = factory.rest();
    let mut runs = Vec::new();
    for number in 0..RUNS {
        let to = postgres_sink(&server, "public", &format!("out{number}"));
        make(
            &rest,
            &format!("Copy{number}"),
            &postgres_source(&server, "public", "big"),
            &to,
            0,
        )
        .await;
        runs.push(rest.start(&format!("Copy{number}")).await);
    }
    // A network that is slow and unreliable, for a while.
    proxy.delay(Duration::from_millis(30));
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        proxy.cut();
    }
    proxy.throttle(50_000);
    for (number, run) in runs.iter().enumerate() {
        let activity = succeeds(&rest, run).await;
        assert_eq!(activity["output"]["rowsCopied"], 3000, "{activity:#}");
        assert_eq!(digest(&server, &format!("out{number}")).await, expected, "{activity:#}");
    }
    nothing_is_staged(&server).await;
    assert!(proxy.connections() > 5, "{} connections", proxy.connections());
}

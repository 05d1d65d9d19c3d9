//! A component is restarted by hand in the middle of a copy; a process stands still for a while.

use serde_json::Value;
use sluice_tests::documents::{make_copy, postgres_query, postgres_sink};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

const ROWS: u32 = 3000;
const PATIENCE: Duration = Duration::from_secs(120);

fn component(gateway: &Gateway, id: &str) -> Value {
    let rows = gateway.ask(&["actors", "-o", "json"]).expect(0).json();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == id);
    row.unwrap_or_else(|| panic!("no {id} in {rows:#}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_goes_on_while_the_scheduler_restarts() {
    let (postgres, factory) = (Postgres::start(), Factory::start());
    let mut gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let slow = format!(
        "SELECT g AS id, CASE WHEN pg_sleep(0.002) IS NULL THEN '' ELSE repeat(md5(g::text), 20) END AS text \
         FROM generate_series(1, {ROWS}) g"
    );
    let source = postgres_query(&postgres, &slow);
    make_copy(
        &rest,
        "onprem",
        "Slow",
        &source,
        &postgres_sink(&postgres, "public", "slow"),
    )
    .await;
    let run = rest.start("Slow").await;
    until("the copy to run", PATIENCE, || async {
        let status = gateway.ask(&["status", "-o", "json"]).expect(0).json();
        (status["jobs"].as_array().is_some_and(|jobs| !jobs.is_empty())).then_some(())
    })
    .await;

    let unknown = gateway
        .ask(&["actors", "restart", "NoSuch"])
        .expect(3)
        .expect_fault("SL8009");
    assert!(unknown.stderr.contains("NoSuch"), "{}", unknown.stderr);
    assert_eq!(component(&gateway, "JobScheduler")["incarnation"], 1);
    for times in 1..=3 {
        let done = gateway.ask(&["actors", "restart", "JobScheduler"]).expect(0);
        assert!(done.stdout.is_empty(), "{}", done.stdout);
        until("the scheduler to come back", PATIENCE, || async {
            let row = component(&gateway, "JobScheduler");
            (row["health"] == "running" && row["restarts"]["requested"] == times).then_some(())
        })
        .await;
    }
    let status = gateway.ask(&["status", "-o", "json"]).expect(0).json();
    assert_eq!(status["overall"], "Healthy", "{status:#}");
    assert_eq!(
        status["jobs"].as_array().map(Vec::len),
        Some(1),
        "the copy was over too soon, or lost its place: {status:#}"
    );

    let activity = rest.end_of(&run, PATIENCE).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}");
    assert_eq!(activity["output"]["rowsCopied"], ROWS, "{activity:#}");
    let count = "SELECT count(*) || '/' || count(DISTINCT id) FROM public.slow";
    assert_eq!(postgres.one(count).await, format!("{ROWS}/{ROWS}"));
    assert_eq!(component(&gateway, "JobScheduler")["incarnation"], 4);
    gateway.assert_running();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stood_still_condemns_nobody() {
    let factory = Factory::start();
    let mut gateway = Gateway::start(&factory, "onprem").await;
    gateway.signal("STOP");
    // Longer than a component may hang.
    tokio::time::sleep(Duration::from_secs(7)).await;
    gateway.signal("CONT");
    gateway.online(&factory).await;
    // The watchdog has had its rounds by now.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rows = gateway.ask(&["actors", "-o", "json"]).expect(0).json();
    for row in rows.as_array().unwrap() {
        assert_eq!(row["health"], "running", "{row:#}");
        assert_eq!(row["restarts"]["total"], 0, "{row:#}");
    }
    assert!(!gateway.log().contains("unresponsive"), "{}", gateway.log());
}

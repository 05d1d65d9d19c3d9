//! Why a run does not begin, and how many jobs a node takes.

use serde_json::json;
use sluice_tests::binary::sluice;
use sluice_tests::documents::{make_copy, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// Waits until a run says that it waits, for a reason with these words in it.
async fn waits(rest: &Rest, run: &str, words: &str) -> String {
    let mut last = String::new();
    let found = tokio::time::timeout(SOON, async {
        loop {
            let activity = rest.activity(run).await.unwrap_or_default();
            last = activity["waitingBecause"].as_str().unwrap_or_default().to_owned();
            if last.contains(words) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    assert!(found.await.is_ok(), "{words:?} was waited for; last it was {last:?}");
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_run_says_what_it_waits_for() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql("CREATE TABLE t AS SELECT g AS id, repeat(md5(g::text), 3) AS text FROM generate_series(1, 20000) g")
        .await;
    let rest = factory.rest();
    let key = rest.make_gateway("gw").await;
    let mut node = Gateway::join(&factory, "gw", &key).await;
    node.ask(&["limit", "--bandwidth", "200KB/s"]).expect(0);
    let source = postgres_source(&server, "public", "t");
    for name in ["one", "two"] {
        make_copy(&rest, "gw", name, &source, &postgres_sink(&server, "public", name)).await;
    }
    // Nobody is there.
    node.kill9();
    let one = rest.start("one").await;
    waits(&rest, &one, "node1 is offline since").await;
    let mut show = sluice();
    show.args(["run", "show", &one]).args(factory.cli_args());
    let told = sluice_tests::binary::finish(show, None).expect(0);
    assert!(
        told.stdout.contains("waits because no node of the gateway gw"),
        "{}",
        told.stdout
    );

    // A limit that was set once holds after the node was started anew, with more places.
    let limit = json!({ "concurrentJobsLimit": 1 });
    let path = rest.path("integrationRuntimes/gw/nodes/node1");
    let answer = rest.raw("PATCH", &path, Some(&limit.to_string())).await.ok();
    assert_eq!(answer["concurrentJobsLimit"], 1, "{answer:#}");
    node.boot_with(&["--jobs", "4"], &[]);
    node.online(&factory).await;
    until("the first to run", SOON, || async {
        let activity = rest.activity(&one).await?;
        (activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0).then_some(())
    })
    .await;
    let two = rest.start("two").await;
    waits(&rest, &two, "node1 runs 1 of 1 jobs").await;
    assert!(rest.activity(&one).await.unwrap()["waitingBecause"].is_null());
    let status = node.ask(&["status", "-o", "json"]).expect(0).json();
    assert_eq!(
        (&status["slots"], &status["slotsFree"]),
        (&json!(1), &json!(0)),
        "{status:#}"
    );

    // More places, and it goes on.
    let limit = json!({ "concurrentJobsLimit": 2 });
    rest.raw("PATCH", &path, Some(&limit.to_string())).await.ok();
    for run in [&one, &two] {
        let activity = rest.end_of(run, SOON * 3).await;
        assert_eq!(activity["status"], "Succeeded", "{activity:#}");
        assert!(activity["waitingBecause"].is_null(), "{activity:#}");
    }
}

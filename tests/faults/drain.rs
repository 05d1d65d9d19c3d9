//! SIGTERM: what can be finished in time is, the rest goes to another node at once.

use super::common::{digest, fill, make, nothing_is_staged, succeeds};
use sluice_tests::documents::{postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_told_to_stop_finishes_or_hands_over() {
    let (server, factory) = (Postgres::start(), Factory::start());
    fill(&server, 10_000).await;
    let expected = digest(&server, "big").await;
    let mut gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    for name in ["finished", "handed_over"] {
        let to = postgres_sink(&server, "public", name);
        make(&rest, name, &postgres_source(&server, "public", "big"), &to, 0).await;
    }
    let travelling = async |run: &str| {
        until("rows to travel", Duration::from_secs(60), || async {
            let activity = rest.activity(run).await?;
            (activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0).then_some(())
        })
        .await;
    };
    // Time enough: it ends in order, the copy is done.
    gateway.ask(&["limit", "--bandwidth", "200KB/s"]).expect(0);
    let run = rest.start("finished").await;
    travelling(&run).await;
    gateway.signal("TERM");
    assert!(gateway.wait(Duration::from_secs(90)).success(), "{}", gateway.log());
    let activity = succeeds(&rest, &run).await;
    assert_eq!(activity["attempts"].as_array().unwrap().len(), 1, "{activity:#}");
    assert_eq!(digest(&server, "finished").await, expected);

    // No time: the copy is stopped, and the factory need not wait for the end of the lease.
    gateway.boot_with(&["--drain", "1"], &[]);
    gateway.online(&factory).await;
    gateway.ask(&["limit", "--bandwidth", "20KB/s"]).expect(0);
    let run = rest.start("handed_over").await;
    travelling(&run).await;
    gateway.signal("TERM");
    let stopped = Instant::now();
    assert!(gateway.wait(Duration::from_secs(90)).success(), "{}", gateway.log());
    let activity = rest.activity(&run).await.unwrap();
    assert_eq!(
        activity["attempts"][0]["status"],
        "Lost",
        "{activity:#}\n{:?}",
        stopped.elapsed()
    );
    nothing_is_staged(&server).await;
    gateway.boot();
    gateway.ask(&["limit", "--bandwidth", "off"]).expect(0);
    let activity = succeeds(&rest, &run).await;
    assert_eq!(activity["attempts"].as_array().unwrap().len(), 2, "{activity:#}");
    assert_eq!(digest(&server, "handed_over").await, expected);
    nothing_is_staged(&server).await;
}

//! The bandwidth limit of a node, on the command line.

use super::fill;
use sluice_tests::documents::{file_parquet_sink, make_copy, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_a_running_copy_is_remembered_and_lifted_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("shop.db");
    fill(&database, "wide", 20, 1024 * 1024);
    let factory = Factory::start();
    let mut gateway = Gateway::start(&factory, "onprem").await;
    // At this rate it would take hours.
    gateway.ask(&["limit", "--bandwidth", "2KB/s"]).expect(0);
    gateway.kill9();
    gateway.boot_with(&["--stall", "2"], &[]);
    gateway.online(&factory).await;
    let status = |gateway: &Gateway| gateway.ask(&["status", "-o", "json"]).expect(0).json();
    assert_eq!(status(&gateway)["limits"]["bandwidth"], 2000);
    let rest = factory.rest();
    let sink = file_parquet_sink(folder.path(), "out.parquet");
    make_copy(&rest, "onprem", "Slow", &sqlite_source(&database, "wide"), &sink).await;
    let run = rest.start("Slow").await;
    let job = until("the copy to read", Duration::from_secs(60), || async {
        let status = status(&gateway);
        let read = status["jobs"][0]["progress"]["bytes_read"].as_u64().unwrap_or_default();
        (read > 0).then(|| status["jobs"][0]["job"].as_str().unwrap().to_owned())
    })
    .await;
    // Longer than it may stand still: it waits for its turn, and that is not a stall.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(status(&gateway)["jobs"][0]["job"], job.as_str(), "{}", gateway.log());

    gateway
        .ask(&["limit", "--bandwidth", "1KiB/s", "--job", &job])
        .expect(0);
    assert_eq!(status(&gateway)["jobs"][0]["bandwidth"], 1024);
    let text = gateway.ask(&["status"]).expect(0).stdout;
    assert!(text.contains("limits.bandwidth         2000"), "{text}");
    gateway.ask(&["limit", "--bandwidth", "off"]).expect(0);
    assert!(status(&gateway)["limits"]["bandwidth"].is_null());
    gateway.ask(&["limit", "--bandwidth", "off", "--job", &job]).expect(0);
    let activity = rest.end_of(&run, Duration::from_secs(60)).await;
    assert_eq!(activity["output"]["rowsCopied"], 20, "{activity:#}\n{}", gateway.log());
    assert!(activity["retryAttempt"].is_null(), "{activity:#}");
    gateway
        .ask(&["limit", "--bandwidth", "off", "--job", &job])
        .expect_fault("SL8010");
    gateway.ask(&["limit", "--bandwidth", "quick"]).expect(2);
}

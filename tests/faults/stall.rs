//! A source that stops talking: the copy is given up, says where it hung, and is tried again.

use serde_json::json;
use sluice_tests::documents::{copy_pipeline, file_parquet_sink, make_copy, postgres_query};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::proxy::Proxy;
use sluice_tests::python;
use std::time::Duration;

const ROWS: u32 = 3000;

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_falls_silent_is_noticed_and_read_again() {
    let (postgres, factory) = (Postgres::start(), Factory::start());
    let proxy = Proxy::to(postgres.port).await;
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    gateway.boot_with(&["--stall", "4"], &[]);
    gateway.online(&factory).await;
    let rest = factory.rest();
    let folder = tempfile::tempdir().unwrap();
    // Slow enough that there is a middle.
    let query = format!(
        "SELECT g AS id, CASE WHEN pg_sleep(0.001) IS NULL THEN '' ELSE repeat(md5(g::text), 20) END AS text \
         FROM generate_series(1, {ROWS}) g"
    );
    let source = postgres_query(&postgres, &query).property("port", json!(proxy.port));
    let sink = file_parquet_sink(folder.path(), "out.parquet");
    make_copy(&rest, "onprem", "Silent", &source, &sink).await;
    // No retry is asked for; the pause is only that of the attempt that a stall gets anyway.
    let mut pipeline = copy_pipeline("Silent", &source, &sink);
    let policy = json!({ "timeout": "0.00:10:00", "retry": 0, "retryIntervalInSeconds": 1 });
    pipeline["properties"]["activities"][0]["policy"] = policy;
    rest.put("pipelines/Silent", &pipeline).await.ok();
    let run = rest.start("Silent").await;
    let reads = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' \
                 AND query ILIKE '%generate_series%'";
    until("the copy to read", Duration::from_secs(60), || async {
        (postgres.one(reads).await != "0").then_some(())
    })
    .await;
    proxy.hush();

    let activity = rest.end_of(&run, Duration::from_secs(120)).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}\n{}", gateway.log());
    assert_eq!(activity["output"]["rowsCopied"], ROWS, "{activity:#}");
    assert_eq!(activity["retryAttempt"], 1, "{activity:#}");
    let earlier = &activity["output"]["previousAttempts"];
    assert_eq!(earlier[0]["attempt"], 1, "{activity:#}");
    assert_eq!(earlier[0]["errorCode"], "SL7007", "{activity:#}");
    let message = earlier[0]["message"].as_str().unwrap();
    assert!(
        message.contains("reading partition") || message.contains("planning the source"),
        "{message}"
    );
    assert!(message.contains("4 seconds"), "{message}");
    assert!(earlier[1].is_null(), "{activity:#}");
    let file = folder.path().join("out.parquet");
    let facts = python::json("e2e/parquet_facts.py", &[file.to_str().unwrap(), "id"]);
    assert_eq!(facts["rows"], ROWS);
    assert_eq!(facts["sum"], u64::from(ROWS) * u64::from(ROWS + 1) / 2);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "staging was left behind"
    );
}

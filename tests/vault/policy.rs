//! The node's own policy: what it forbids does not happen, whatever the factory asks for.

use super::failed_stage;
use super::test_connection;
use serde_json::json;
use sluice_tests::binary::run;
use sluice_tests::documents::{file_parquet_sink, make_copy, postgres_query, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use std::net::TcpListener;
use std::time::Duration;

#[tokio::test]
async fn what_the_policy_forbids_does_not_happen_and_the_rule_is_named() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
        .await;
    let mut node = Gateway::registered(&factory, "gw").await;
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    let file = node.state().join("policy.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let files = format!("[files]\nroots = ['{}']\n", inside.display());
    write(&format!("{files}[sql]\nqueries = false\n"));
    node.boot();
    node.online(&factory).await;
    let rest = factory.rest();
    let source = postgres_source(&server, "public", "t");
    make_copy(&rest, "gw", "fine", &source, &file_parquet_sink(&inside, "t.parquet")).await;
    make_copy(
        &rest,
        "gw",
        "outside",
        &source,
        &file_parquet_sink(&outside, "t.parquet"),
    )
    .await;
    make_copy(
        &rest,
        "gw",
        "vault",
        &source,
        &file_parquet_sink(&node.state(), "t.parquet"),
    )
    .await;
    make_copy(
        &rest,
        "gw",
        "query",
        &postgres_query(&server, "SELECT 1 AS a"),
        &file_parquet_sink(&inside, "q.parquet"),
    )
    .await;
    rest.succeed("fine", Duration::from_secs(60)).await;
    let refused = |pipeline: &'static str, rule: &'static str| {
        let rest = rest.clone();
        async move {
            let run = rest.start(pipeline).await;
            let ended = rest.end_of(&run, Duration::from_secs(60)).await;
            let error = ended["error"].to_string();
            assert!(
                error.contains("SL5021") && error.contains(rule),
                "{pipeline}: {ended:#}"
            );
        }
    };
    refused("outside", "files.roots").await;
    refused("vault", "state directory").await;
    refused("query", "sql.queries").await;
    assert!(std::fs::read_dir(&outside).unwrap().next().is_none());

    // A host that is denied is not even connected to; the change counts at once.
    let bait = TcpListener::bind("127.0.0.1:0").unwrap();
    bait.set_nonblocking(true).unwrap();
    let port = bait.local_addr().unwrap().port();
    let service = json!({ "properties": { "type": "PostgreSqlV2", "connectVia": { "referenceName": "gw", "type": "IntegrationRuntimeReference" },
        "typeProperties": { "server": "127.0.0.1", "port": port, "database": "x", "username": "u", "password": { "type": "SecureString", "value": "canary" } } } });
    super::put_service(&rest, "bait", &service).await;
    write(&format!("{files}[hosts]\ndeny = ['127.0.0.1:{port}']\n"));
    let answer = test_connection(&rest, "bait").await;
    assert_eq!(
        failed_stage(&answer),
        ("policy".to_owned(), "SL5021".to_owned()),
        "{answer:#}"
    );
    let metadata = json!({ "properties": { "type": "PostgreSqlV2", "connectVia": service["properties"]["connectVia"],
        "typeProperties": { "server": "169.254.169.254", "port": 80, "database": "x", "username": "u" } } });
    super::put_service(&rest, "metadata", &metadata).await;
    assert!(
        test_connection(&rest, "metadata")
            .await
            .to_string()
            .contains("hosts.link_local")
    );
    assert_eq!(
        bait.accept().map(drop).map_err(|e| e.kind()),
        Err(std::io::ErrorKind::WouldBlock)
    );

    // A policy that cannot be read allows nothing.
    write("[hosts]\nalow = []\n");
    assert_eq!(failed_stage(&test_connection(&rest, "bait").await).1, "SL5022");
    let status = node.ask(&["status", "-o", "json"]).expect(0).stdout;
    assert!(status.contains("SL5022"), "{status}");
}

#[test]
fn a_policy_is_checked_before_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    let path = file.display().to_string();
    let check = |more: &[&str]| run(&[&["gateway", "policy", "check", &path], more].concat());
    std::fs::write(&file, "[hosts]\nallow = ['db.corp.local']\n").unwrap();
    let shown = check(&["-o", "json"]).expect(0).json();
    assert_eq!(shown["hosts"]["link_local"], false);
    let service = folder.path().join("service.json");
    let document =
        |server: &str| json!({ "properties": { "type": "SqlServer", "typeProperties": { "server": server } } });
    let service_path = service.display().to_string();
    std::fs::write(&service, document("db.corp.local").to_string()).unwrap();
    check(&["-f", &service_path]).expect(0);
    std::fs::write(&service, document("evil.example").to_string()).unwrap();
    let refused = check(&["-f", &service_path]).expect_fault("SL5021");
    assert!(refused.stderr.contains("hosts.allow"), "{}", refused.stderr);
    std::fs::write(&file, "[hosts]\nalow = []\n").unwrap();
    let invalid = check(&[]).expect_fault("SL5022");
    assert!(invalid.stderr.contains("line 2"), "{}", invalid.stderr);
}

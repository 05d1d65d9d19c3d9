//! Several nodes of one gateway, and the gateway that moves to another machine.

mod backends;
mod cloned;
mod handover;
mod remote;
mod renewal;
mod shared;
mod waiting;

use serde_json::{Value, json};
use sluice_tests::documents::{file_parquet_sink, make_copy, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::{Gateway, register, register_with};
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

fn nodes_of(status: &Value) -> Vec<String> {
    let nodes = status["properties"]["typeProperties"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| {
            format!(
                "{} {}",
                node["nodeName"].as_str().unwrap(),
                node["status"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn three_nodes_share_the_certificate_and_a_removed_one_is_cut() {
    let factory = Factory::start();
    let mut nodes = Gateway::several(&factory, "gw", 3).await;
    let shown: Vec<_> = nodes
        .iter()
        .map(|node| node.ask(&["certificate", "show", "-o", "json"]).expect(0).json())
        .collect();
    assert_eq!(shown[0][0]["current"], true);
    assert!(shown[1..].iter().all(|one| one == &shown[0]), "{shown:?}");
    let rest = factory.rest();
    rest.delete("integrationRuntimes/gw/nodes/node2").await.ok();
    let node = &nodes[1];
    until("the removed node to be cut", Duration::from_secs(5), || async {
        let state = node.ask(&["status", "-o", "json"]).expect(0).json();
        (state["channel"]["state"] != "Connected").then_some(())
    })
    .await;
    let status = rest.post("integrationRuntimes/gw/getStatus", &json!({})).await.ok();
    assert_eq!(nodes_of(&status), ["node1 Online", "node3 Online"]);
    for node in &mut nodes {
        node.assert_running();
    }
}

#[tokio::test]
async fn a_node_without_the_gateways_key_or_with_a_wrong_password_does_not_register() {
    let factory = Factory::start();
    let key = factory.rest().make_gateway("gw").await;
    let first = tempfile::tempdir().unwrap();
    register(first.path(), &key, "node1").expect(0);
    let second = tempfile::tempdir().unwrap();
    register(second.path(), &key, "node2").expect_fault("SL2010");

    let first = Gateway::registered(&factory, "other").await;
    let exported = first.export();
    std::fs::write(&exported.password, "another password").unwrap();
    let key = factory.rest().make_gateway("other").await;
    let third = tempfile::tempdir().unwrap();
    let outcome = register_with(third.path(), &key, "node2", &exported).expect_fault("SL5009");
    assert!(!outcome.stderr.contains("another password"));
    assert!(!third.path().join("gateway.toml").exists());
    // Repeated with the right one it gets through.
    std::fs::write(&exported.password, sluice_tests::gateway::CERTIFICATE_PASSWORD).unwrap();
    register_with(third.path(), &key, "node2", &exported).expect(0);
}

#[tokio::test]
async fn a_gateway_moves_to_another_machine_with_its_credentials() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t SELECT generate_series(1, 100)")
        .await;
    let mut old = Gateway::start(&factory, "gw").await;
    let rest = factory.rest();
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        file_parquet_sink(folder.path(), "t.parquet"),
    );
    make_copy(&rest, "gw", "copy", &source, &sink).await;
    rest.succeed("copy", Duration::from_secs(60)).await;

    let certificate = old.export();
    let answer = rest
        .post(
            "integrationRuntimes/gw/regenerateAuthKey",
            &json!({ "keyName": "authKey1", "recreate": true }),
        )
        .await
        .ok();
    until("the old machine to be cut", Duration::from_secs(5), || async {
        let state = old.ask(&["status", "-o", "json"]).expect(0).json();
        (state["channel"]["state"] != "Connected").then_some(())
    })
    .await;
    old.assert_running();
    let key = answer["authKey1"].as_str().unwrap();
    let mut new = Gateway::second("gw", key, "node1", &certificate);
    new.boot();
    new.online(&factory).await;
    rest.succeed("copy", Duration::from_secs(60)).await;
}

#[tokio::test]
async fn a_running_node_opens_old_credentials_once_their_key_is_imported() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
        .await;
    let old = Gateway::start(&factory, "gw").await;
    let rest = factory.rest();
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        file_parquet_sink(folder.path(), "t.parquet"),
    );
    make_copy(&rest, "gw", "copy", &source, &sink).await;
    let exported = old.export();
    rest.delete("integrationRuntimes/gw/nodes/node1").await.ok();
    let key = rest.make_gateway("gw").await;
    let new = Gateway::join(&factory, "gw", &key).await;
    let run = rest.start("copy").await;
    let ended = rest.end_of(&run, Duration::from_secs(60)).await;
    assert_eq!(ended["status"], "Failed", "{ended}");
    assert!(ended.to_string().contains("SL5002"), "{ended}");
    let (file, password) = (
        exported.file.display().to_string(),
        exported.password.display().to_string(),
    );
    new.ask(&["certificate", "import", "--file", &file, "--password-file", &password])
        .expect(0);
    assert_eq!(
        new.ask(&["certificate", "show", "-o", "json"])
            .expect(0)
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    rest.succeed("copy", Duration::from_secs(60)).await;
}

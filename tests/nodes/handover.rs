//! A new node gets the gateway's keys from a node that has them, after an administrator there compared fingerprints.

use serde_json::{Value, json};
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::documents::{file_parquet_sink, make_copy, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

/// Registers a node that waits for approval.
#[track_caller]
fn register_waiting(node: &Gateway, key: &str, name: &str) -> Outcome {
    let mut command = sluice();
    command
        .args([
            "gateway",
            "register",
            "--await-approval",
            "-o",
            "json",
            "--name",
            name,
            "--state",
        ])
        .arg(node.state());
    finish(command, Some(&format!("{key}\n")))
}

async fn in_sync(factory: &Factory, name: &str) -> bool {
    let node = factory
        .rest()
        .get(&format!("integrationRuntimes/gw/nodes/{name}"))
        .await
        .ok();
    match node["capabilities"]["credentialInSync"].as_str() {
        Some("True") => true,
        Some("False") => false,
        other => panic!("{other:?} in {node}"),
    }
}

fn sealed_keys(factory: &Factory) -> Vec<String> {
    let database = rusqlite::Connection::open(factory.state().join("factory.db")).unwrap();
    let mut query = database.prepare("SELECT keys FROM handovers").unwrap();
    let rows = query.query_map((), |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn thumbprints(node: &Gateway) -> Vec<Value> {
    let shown = node.ask(&["certificate", "show", "-o", "json"]).expect(0).json();
    let mut all: Vec<_> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["thumbprint"].clone())
        .collect();
    all.sort_by_key(Value::to_string);
    all
}

#[tokio::test]
async fn a_new_node_gets_the_gateways_keys_once_its_fingerprint_is_approved() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
        .await;
    let rest = factory.rest();
    let key = rest.make_gateway("gw").await;
    // Nobody could hand anything over to the first.
    let mut second = Gateway::empty("gw");
    register_waiting(&second, &key, "node2").expect_fault("SL5030");
    let mut first = Gateway::join(&factory, "gw", &key).await;
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        file_parquet_sink(folder.path(), "t.parquet"),
    );
    make_copy(&rest, "gw", "copy", &source, &sink).await;
    // From now on there are two keys: one that opens what is sealed already, and one in use.
    first.ask(&["certificate", "change"]).expect(0);

    let registered = register_waiting(&second, &key, "node2").expect(0);
    let fingerprint = registered.json()["fingerprint"].as_str().unwrap().to_owned();
    assert!(registered.stderr.contains(&fingerprint), "{}", registered.stderr);
    let printed = second.ask(&["nodes", "fingerprint"]).expect(0);
    assert_eq!(printed.stdout.trim(), fingerprint);
    second.boot();
    until("the new node to wait for its keys", Duration::from_secs(60), || async {
        let status = second.ask(&["status", "-o", "json"]).expect(0).json();
        (status["channel"]["state"] == "Connected" && status.to_string().contains("SL5029")).then_some(())
    })
    .await;
    assert!(!in_sync(&factory, "node2").await && in_sync(&factory, "node1").await);
    let status = rest.post("integrationRuntimes/gw/getStatus", &json!({})).await.ok();
    assert_eq!(status["properties"]["state"], "Limited");

    // Who waits is seen on every node; who has no keys approves nothing, and nobody does so with another fingerprint.
    let waiting = first.ask(&["nodes", "waiting", "-o", "json"]).expect(0).json();
    assert_eq!(
        (waiting[0]["name"].as_str(), waiting[0]["fingerprint"].as_str()),
        (Some("node2"), Some(&*fingerprint))
    );
    let own = thumbprints(&first)[0].as_str().unwrap().to_owned();
    first
        .ask(&["nodes", "approve", "node2", "--fingerprint", &own])
        .expect_fault("SL5030");
    first
        .ask(&["nodes", "approve", "node3", "--fingerprint", &fingerprint])
        .expect_fault("SL5030");
    second
        .ask(&["nodes", "approve", "node2", "--fingerprint", &fingerprint])
        .expect_fault("SL5007");
    assert_eq!(sealed_keys(&factory), ["[]"]);

    let approved = first
        .ask(&["nodes", "approve", "node2", "--fingerprint", &fingerprint, "-o", "json"])
        .expect(0);
    assert_eq!(approved.json()["keys"], 2);
    until("the new node to hold the keys", Duration::from_secs(60), || async {
        in_sync(&factory, "node2").await.then_some(())
    })
    .await;
    assert_eq!(thumbprints(&second), thumbprints(&first));
    assert!(sealed_keys(&factory).is_empty());
    assert!(
        first
            .ask(&["nodes", "waiting", "-o", "json"])
            .expect(0)
            .json()
            .as_array()
            .unwrap()
            .is_empty()
    );
    second.ask(&["nodes", "fingerprint"]).expect_fault("SL5030");

    // What was sealed before it came opens on it alone.
    first.kill9();
    rest.succeed("copy", Duration::from_secs(90)).await;
    // Removed, it is out.
    rest.delete("integrationRuntimes/gw/nodes/node2").await.ok();
    until("the removed node to be cut", Duration::from_secs(5), || async {
        let state = second.ask(&["status", "-o", "json"]).expect(0).json();
        (state["channel"]["state"] != "Connected").then_some(())
    })
    .await;
    second.ask(&["nodes", "waiting"]).expect_fault("SL2009");
}

#[tokio::test]
async fn keys_that_the_factory_holds_back_or_changes_do_not_get_into_the_vault() {
    let factory = Factory::start();
    let rest = factory.rest();
    let key = rest.make_gateway("gw").await;
    let first = Gateway::join(&factory, "gw", &key).await;
    let (mut second, third) = (Gateway::empty("gw"), Gateway::empty("gw"));
    let fingerprint_of = |node: &Gateway, name: &str| {
        let registered = register_waiting(node, &key, name).expect(0).json();
        registered["fingerprint"].as_str().unwrap().to_owned()
    };
    let (of_second, of_third) = (fingerprint_of(&second, "node2"), fingerprint_of(&third, "node3"));
    first
        .ask(&["nodes", "approve", "node3", "--fingerprint", &of_third])
        .expect(0);
    // A factory in hostile hands shows one node's certificate under another's name, and gives one the other's keys.
    let database = rusqlite::Connection::open(factory.state().join("factory.db")).unwrap();
    let of = |name: &str| -> String {
        let sql = "SELECT id FROM nodes WHERE name = ?1";
        database.query_row(sql, (name,), |row| row.get(0)).unwrap()
    };
    let (node2, node3) = (of("node2"), of("node3"));
    let move_keys = "UPDATE handovers SET keys = (SELECT keys FROM handovers WHERE node = ?2) WHERE node = ?1";
    assert_eq!(database.execute(move_keys, (&node2, &node3)).unwrap(), 1);
    second.boot();
    until("the wrong keys to be refused", Duration::from_secs(60), || async {
        let status = second.ask(&["status", "-o", "json"]).expect(0).json();
        status.to_string().contains("SL5002").then_some(())
    })
    .await;
    assert!(thumbprints(&second).is_empty());
    assert!(!in_sync(&factory, "node2").await);
    let swap = "UPDATE handovers SET keys = '[]', certificate = (SELECT certificate FROM handovers WHERE node = ?2) WHERE node = ?1";
    assert_eq!(database.execute(swap, (&node2, &node3)).unwrap(), 1);
    first
        .ask(&["nodes", "approve", "node2", "--fingerprint", &of_second])
        .expect_fault("SL5030");
}

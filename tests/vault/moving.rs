//! Registration and moving, as a user does them.

use serde_json::{Value, json};
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::documents::{file_parquet_sink, make_copy, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::{Gateway, register};
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::path::Path;
use std::time::Duration;

/// `sluice gateway ARGS --state DIR`, with something on its standard input.
#[track_caller]
fn gateway(state: &Path, args: &[&str], stdin: &str) -> Outcome {
    let mut command = sluice();
    command.arg("gateway").args(args).arg("--state").arg(state);
    finish(command, Some(&format!("{stdin}\n")))
}

async fn nodes(factory: &Factory) -> Vec<Value> {
    let status = factory
        .rest()
        .post("integrationRuntimes/gw/getStatus", &json!({}))
        .await
        .ok();
    status["properties"]["typeProperties"]["nodes"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_backup_brings_the_node_back_on_another_machine() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
        .await;
    let mut old = Gateway::start(&factory, "gw").await;
    let rest = factory.rest();
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        file_parquet_sink(folder.path(), "t.parquet"),
    );
    make_copy(&rest, "gw", "copy", &source, &sink).await;

    let file = folder.path().join("gw.backup");
    let path = file.display().to_string();
    let password = "canary-backup-9d1e";
    gateway(&old.state(), &["backup", &path], "short").expect_fault("SL5010");
    gateway(&old.state(), &["backup", &path], password).expect(0);
    gateway(&old.state(), &["backup", &path], password).expect_fault("SL1003");
    let bytes = std::fs::read(&file).unwrap();
    assert!(!bytes.windows(11).any(|part| part == b"PRIVATE KEY"));
    old.kill9();

    let mut new = Gateway::empty("gw");
    gateway(&new.state(), &["restore", &path], "another password").expect_fault("SL5028");
    assert!(!new.state().join("gateway.toml").exists());
    let restored = gateway(&new.state(), &["restore", &path, "-o", "json"], password)
        .expect(0)
        .json();
    assert_eq!(
        (restored["node"].as_str(), restored["keys"].as_u64()),
        (Some("node1"), Some(1))
    );
    new.boot();
    new.online(&factory).await;
    // The credentials open, and nothing had to be entered again.
    rest.succeed("copy", Duration::from_secs(60)).await;
    assert_eq!(nodes(&factory).await.len(), 1);
}

#[tokio::test]
async fn a_node_leaves_is_replaced_and_keeps_its_keys() {
    let factory = Factory::start();
    let mut node = Gateway::start(&factory, "gw").await;
    let key = factory.rest().make_gateway("gw").await;
    // A running agent keeps its place.
    gateway(&node.state(), &["unregister"], "").expect_fault("SL2008");
    register(&node.state(), &key, "node1").expect_fault("SL2004");
    let second = tempfile::tempdir().unwrap();
    register(second.path(), &key, "NODE1").expect_fault("SL2012");
    let pin = node.ask(&["certificate", "show", "-o", "json"]).expect(0).json()[0]["thumbprint"].clone();
    node.kill9();

    // Another machine takes the node's place; the one before it is out.
    let replaced = gateway(second.path(), &["register", "--replace", "--name", "node1"], &key).expect(0);
    assert!(
        replaced.stderr.contains("Agent registration is successful!"),
        "{}",
        replaced.stderr
    );
    assert_eq!(nodes(&factory).await.len(), 1);
    node.boot();
    until("the replaced node to be refused", Duration::from_secs(10), || async {
        let state = node.ask(&["status", "-o", "json"]).expect(0).json();
        state.to_string().contains("SL2009").then_some(())
    })
    .await;
    node.kill9();

    // It comes back by itself: its own registration is replaced, its keys stay.
    gateway(second.path(), &["unregister"], "").expect(0);
    assert!(nodes(&factory).await.is_empty());
    gateway(second.path(), &["unregister"], "").expect_fault("SL2005");
    gateway(&node.state(), &["register", "--replace", "--name", "node1"], &key).expect(0);
    let shown = node.ask(&["certificate", "show", "-o", "json"]).expect(0).json();
    assert_eq!(shown[0]["thumbprint"], pin);
    node.boot();
    node.online(&factory).await;
    node.kill9();
    // Without its factory it goes only when it is told so.
    drop(factory);
    gateway(&node.state(), &["unregister"], "").expect_fault("SL2006");
    let gone = gateway(&node.state(), &["unregister", "--force"], "").expect(0);
    assert!(gone.stderr.contains("delete the node there"), "{}", gone.stderr);
    assert!(!node.state().join("node.key").exists() && node.state().join("vault").exists());
}

#[tokio::test]
async fn keys_run_out_and_places_are_counted() {
    let factory = Factory::start();
    let rest = factory.rest();
    rest.make_gateway("gw").await;
    let regenerate = |body: Value| {
        let rest = rest.clone();
        async move { rest.post("integrationRuntimes/gw/regenerateAuthKey", &body).await }
    };
    regenerate(json!({ "keyName": "authKey1", "expiresInHours": 0 }))
        .await
        .expect_fault(400, "SL4005");
    let answer = regenerate(json!({ "keyName": "authKey1", "expiresInHours": 1 }))
        .await
        .ok();
    let key = answer["authKey1"].as_str().unwrap().to_owned();
    let path = rest.path("integrationRuntimes/gw");
    let places = |n: i64| {
        let (rest, path) = (rest.clone(), path.clone());
        async move {
            rest.raw("PATCH", &path, Some(&json!({ "nodePlaces": n }).to_string()))
                .await
        }
    };
    places(0).await.expect_fault(400, "SL4005");
    places(1).await.ok();
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    register(one.path(), &key, "one").expect(0);
    register(two.path(), &key, "two").expect_fault("SL2011");
    // Its time is over: the same words as for every other key.
    let database = rusqlite::Connection::open(factory.state().join("factory.db")).unwrap();
    database
        .execute("UPDATE gateways SET key1_expires = 1, places = 4", ())
        .unwrap();
    register(two.path(), &key, "two").expect_fault("SL2002");
}

#[tokio::test]
async fn several_nodes_run_on_one_machine_by_their_names() {
    let factory = Factory::start();
    let rest = factory.rest();
    let (a, b) = (rest.make_gateway("a").await, rest.make_gateway("b").await);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("node");
    gateway(&state, &["register", "--instance", "a"], &a).expect(0);
    gateway(&state, &["register", "--instance", "b"], &b).expect(0);
    assert!(folder.path().join("node-a/gateway.toml").exists() && folder.path().join("node-b/gateway.toml").exists());
    gateway(&state, &["register", "--instance", "a"], &a).expect_fault("SL2004");
    gateway(&state, &["status", "--instance", "../b"], "").expect(2);
}

//! A machine that was copied with the node on it.

use serde_json::{Value, json};
use sluice_tests::binary::{finish, sluice};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// What the factory's audit log says of it.
#[track_caller]
fn noticed(factory: &Factory) -> Vec<Value> {
    let mut command = sluice();
    command
        .args(["factory", "audit", "-o", "json"])
        .args(factory.cli_args());
    let all = finish(command, None).expect(0).json();
    let of_twins = |entry: &&Value| entry["detail"].as_str().is_some_and(|detail| detail.contains("SL8030"));
    all.as_array().unwrap().iter().filter(of_twins).cloned().collect()
}

async fn status(factory: &Factory) -> Value {
    let status = factory
        .rest()
        .post("integrationRuntimes/gw/getStatus", &json!({}))
        .await;
    status.ok()["properties"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_copied_to_another_machine_is_noticed() {
    let factory = Factory::start();
    let mut node = Gateway::start(&factory, "gw").await;

    // Whoever is killed and starts anew is the same machine.
    for _ in 0..2 {
        node.kill9();
        node.boot();
        node.online(&factory).await;
    }
    assert_eq!(noticed(&factory), Vec::<Value>::new());
    let told = status(&factory).await;
    assert_eq!(told["state"], "Online", "{told:#}");
    assert_eq!(told["typeProperties"]["nodes"][0]["conditions"], Value::Null);

    let mut copy = Gateway::empty("gw");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(node.state())
        .arg(copy.state())
        .status();
    assert!(copied.unwrap().success());
    copy.boot();
    until("the factory to notice", PATIENCE, || async {
        (!noticed(&factory).is_empty()).then_some(())
    })
    .await;
    let entries = noticed(&factory);
    assert_eq!(
        (entries.len(), &entries[0]["actor"]),
        (1, &"node1".into()),
        "{entries:#?}"
    );
    let told = status(&factory).await;
    assert_ne!(told["state"], "Online", "{told:#}");
    let condition = &told["typeProperties"]["nodes"][0]["conditions"][0];
    assert_eq!(condition["code"], "SL8030", "{told:#}");
    assert!(factory.log().contains("The same node runs twice"));

    // The one that is left goes on.
    copy.kill9();
    until("the first to be back", PATIENCE, || async {
        let told = status(&factory).await;
        (told["typeProperties"]["nodes"][0]["status"] == "Online").then_some(())
    })
    .await;
    assert_eq!(noticed(&factory).len(), 1, "it is told once");
}

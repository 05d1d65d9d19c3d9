//! The commands that talk to a factory, and those of the agent.

use rusqlite::Connection;
use sluice_tests::binary::{Outcome, finish, run, sluice};
use sluice_tests::documents::{copy_pipeline, file_parquet_sink, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::{Gateway, register};
use std::path::Path;

pub(super) fn call(factory: &Factory, args: &[&str]) -> Outcome {
    let mut command = sluice();
    command.args(args).args(factory.cli_args());
    finish(command, None)
}

/// Documents in the folders of Data Factory's Git layout.
fn write_documents(dir: &Path, database: &Path, lake: &Path) {
    let (source, sink) = (sqlite_source(database, "t"), file_parquet_sink(lake, "t.parquet"));
    let write = |folder: &str, name: &str, mut document: serde_json::Value| {
        document["name"] = name.into();
        std::fs::create_dir_all(dir.join(folder)).unwrap();
        std::fs::write(dir.join(folder).join(format!("{name}.json")), document.to_string()).unwrap();
    };
    for (name, end) in [("CopySource", &source), ("CopySink", &sink)] {
        let via = serde_json::json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
        let service = serde_json::json!({ "type": end.service, "connectVia": via, "typeProperties": end.properties });
        write("linkedService", name, serde_json::json!({ "properties": service }));
        let dataset = serde_json::json!({ "type": end.dataset, "typeProperties": end.table,
            "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": name } });
        write("dataset", name, serde_json::json!({ "properties": dataset }));
    }
    write("pipeline", "Copy", copy_pipeline("Copy", &source, &sink));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_applied_run_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("shop.db");
    Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        .unwrap();
    let factory = Factory::start();
    let gateway = Gateway::start(&factory, "onprem").await;
    let documents = dir.path().join("documents");
    write_documents(&documents, &database, dir.path());
    let documents = documents.display().to_string();

    let applied = call(&factory, &["apply", "-f", &documents, "-o", "json"])
        .expect(0)
        .json();
    assert_eq!(applied.as_array().unwrap().len(), 5, "{applied:#}");
    // Again: nothing changes.
    call(&factory, &["apply", "-f", &documents]).expect(0);

    let ran = call(&factory, &["pipeline", "run", "Copy", "--wait", "-o", "json"])
        .expect(0)
        .json();
    assert_eq!(ran["run"]["status"], "Succeeded", "{ran:#}");
    assert_eq!(ran["activities"][0]["output"]["rowsCopied"], 2, "{ran:#}");
    assert!(dir.path().join("t.parquet").exists());

    let id = ran["run"]["runId"].as_str().unwrap();
    let list = call(&factory, &["run", "list"]).expect(0);
    assert!(
        list.stdout.contains(id) && list.stdout.contains("Succeeded"),
        "{}",
        list.stdout
    );
    let shown = call(&factory, &["run", "show", id]).expect(0);
    assert!(
        shown.stdout.contains("Copy") && shown.stdout.contains("Succeeded"),
        "{}",
        shown.stdout
    );

    let status = run(&[
        "gateway",
        "status",
        "-o",
        "json",
        "--state",
        gateway.state().to_str().unwrap(),
    ])
    .expect(0);
    assert!(status.json().is_object(), "{}", status.stdout);

    // Failures of each kind.
    assert_eq!(
        call(&factory, &["pipeline", "run", "Nope"]).expect_fault("SL4003").code,
        3
    );
    assert_eq!(call(&factory, &["run", "show", "nope"]).expect_fault("SL4003").code, 3);
    let bad = dir.path().join("bad.json");
    std::fs::write(&bad, "{ \"properties\": ").unwrap();
    call(&factory, &["apply", "-f", bad.to_str().unwrap()]).expect_fault("SL4002");
    call(&factory, &["apply", "-f", "/nowhere"]).expect_fault("SL1003");
    std::fs::remove_file(&database).unwrap();
    let failed = call(&factory, &["pipeline", "run", "Copy", "--wait"]);
    assert_ne!(failed.code, 0, "{}", failed.stdout);
    assert!(failed.stderr.contains("SL6"), "{}", failed.stderr);
}

#[tokio::test]
async fn a_wrong_token_and_a_missing_factory_are_told_apart() {
    let factory = Factory::start();
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "not-the-token").unwrap();
    let mut args = factory.cli_args();
    let at = args.iter().position(|arg| arg == "--token-file").unwrap();
    args[at + 1] = token.display().to_string();
    let call = |args: &[String]| {
        let mut command = sluice();
        command.args(["run", "list"]).args(args);
        finish(command, None)
    };
    assert_eq!(call(&args).expect_fault("SL4001").code, 4);
    let args = factory.cli_args();
    drop(factory);
    let mut gone = args;
    // The files went with the factory: any will do to find nobody at home.
    let ca = sluice_tests::tls::server_identity(dir.path()).ca_file;
    for (name, value) in [
        ("--ca-file", ca.display().to_string()),
        ("--token-file", token.display().to_string()),
    ] {
        let at = gone.iter().position(|arg| arg == name).unwrap();
        gone[at + 1] = value;
    }
    assert_eq!(call(&gone).expect_fault("SL1004").code, 5);
}

#[tokio::test]
async fn an_agent_without_identity_or_without_process_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("node");
    let state_text = state.to_str().unwrap();
    let outcome = run(&["gateway", "run", "--state", state_text]).expect_fault("SL2005");
    assert_eq!(outcome.code, 4);
    let outcome = run(&["gateway", "status", "--state", state_text]);
    assert_ne!(outcome.code, 0);
    assert!(
        outcome.stderr.contains("SL8005") || outcome.stderr.contains("SL2005"),
        "{}",
        outcome.stderr
    );

    let factory = Factory::start();
    let key = factory.rest().make_gateway("onprem").await;
    register(&state, &key, "node1").expect(0);
    run(&["gateway", "status", "--state", state_text]).expect_fault("SL8005");
    // Two agents on one state directory: the second is refused.
    let mut command = sluice();
    command
        .args(["gateway", "run", "--state", state_text, "--ready-file"])
        .arg(dir.path().join("ready"));
    let mut first = sluice_tests::process::Process::start("first", dir.path(), command);
    sluice_tests::binary::ready_file(&mut first, &dir.path().join("ready"));
    let outcome = run(&["gateway", "run", "--state", state_text]).expect_fault("SL2008");
    assert_eq!(outcome.code, 7);
    first.assert_running();
    // A polite stop ends it in good order.
    first.signal("TERM");
    let status = first.wait(std::time::Duration::from_secs(60));
    assert_eq!(status.code(), Some(0), "{}", first.log());
}

#[test]
fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().to_str().unwrap();
    let outcome = run(&[
        "factory",
        "run",
        "--state",
        state,
        "--listen",
        &address,
        "--amqp-listen",
        "127.0.0.1:0",
    ]);
    let outcome = outcome.expect_fault("SL1006");
    assert!(outcome.stderr.contains(&address), "{}", outcome.stderr);
}

/// A gateway is made and joined with nothing but the command line; asking again gives the same key.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_created_joined_and_listed() {
    let factory = Factory::start();
    let create = ["gateway", "create", "branch", "-o", "json"];
    let made = call(&factory, &create).expect(0).json();
    let key = made["key"].as_str().unwrap().to_owned();
    assert_eq!(call(&factory, &create).expect(0).json()["key"], key.as_str());
    let listed = call(&factory, &["gateway", "list"]).expect(0);
    assert!(listed.stdout.contains("NeedRegistration"), "{}", listed.stdout);

    let mut gateway = Gateway::join(&factory, "branch", &key).await;
    let listed = call(&factory, &["gateway", "list"]).expect(0);
    assert!(
        listed.stdout.contains("branch   Online  node1 (Online"),
        "{}",
        listed.stdout
    );
    gateway.assert_running();
}

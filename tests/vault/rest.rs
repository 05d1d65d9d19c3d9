//! Keys at rest: encrypted, unlocked, changed.

use serde_json::{Value, json};
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::documents::{file_parquet_sink, make_copy, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PASSPHRASE: &str = "canary-vault-passphrase";

#[track_caller]
fn gateway(state: &Path, args: &[&str], stdin: &str) -> Outcome {
    let mut command = sluice();
    command.arg("gateway").args(args).arg("--state").arg(state);
    finish(command, Some(&format!("{stdin}\n")))
}

fn key_file(state: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(state.join("vault"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "pk8"))
        .unwrap()
}

/// openssl's word on whether a passphrase opens the key's file.
fn openssl_opens(file: &Path, passphrase: &str) -> bool {
    let output = Command::new("openssl")
        .args(["pkcs8", "-inform", "DER", "-passin", "env:WORD", "-in"])
        .arg(file)
        .env("WORD", passphrase)
        .output()
        .unwrap();
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("BEGIN PRIVATE KEY")
}

async fn sync(factory: &Factory) -> Vec<Value> {
    let status = factory
        .rest()
        .post("integrationRuntimes/gw/getStatus", &json!({}))
        .await
        .ok();
    let nodes = status["properties"]["typeProperties"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["capabilities"]["credentialInSync"].clone())
        .collect()
}

#[tokio::test]
async fn a_locked_vault_takes_no_jobs_until_it_is_unlocked() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
        .await;
    let mut node = Gateway::start(&factory, "gw").await;
    let (rest, state) = (factory.rest(), node.state());
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        file_parquet_sink(folder.path(), "t.parquet"),
    );
    make_copy(&rest, "gw", "copy", &source, &sink).await;
    // Encrypted from the beginning, with a passphrase of the vault's own.
    let own = std::fs::read_to_string(state.join("vault/passphrase")).unwrap();
    assert!(openssl_opens(&key_file(&state), &own));

    gateway(&state, &["vault", "protect"], "short").expect_fault("SL5010");
    gateway(&state, &["vault", "protect"], PASSPHRASE).expect(0);
    assert!(!state.join("vault/passphrase").exists());
    assert!(openssl_opens(&key_file(&state), PASSPHRASE) && !openssl_opens(&key_file(&state), &own));
    // The running agent goes on.
    rest.succeed("copy", Duration::from_secs(60)).await;

    node.kill9();
    node.boot();
    let locked = until("the vault to be locked", Duration::from_secs(20), || async {
        let status = node.ask(&["status", "-o", "json"]).expect(0).json();
        let connected = status["channel"]["state"] == "Connected";
        (connected && status.to_string().contains("SL5020")).then_some(status)
    })
    .await;
    assert_eq!(
        (locked["slotsFree"].as_u64(), locked["draining"].as_str()),
        (Some(0), Some("the credential vault is locked"))
    );
    assert_eq!(locked["overall"], "Degraded", "{locked:#}");
    let run = rest.start("copy").await;
    let test = rest
        .post("linkedservices/copySource/testConnection", &json!({}))
        .await
        .ok();
    assert_eq!(test["stages"][0]["fault"]["code"], "SL5020", "{test:#}");
    gateway(&state, &["unlock"], "a wrong passphrase").expect_fault("SL5024");
    gateway(&state, &["unlock"], PASSPHRASE).expect(0);
    let ended = rest.end_of(&run, Duration::from_secs(60)).await;
    assert_eq!(ended["status"], "Succeeded", "{ended:#}");
    let open = node.ask(&["status", "-o", "json"]).expect(0).json();
    assert_eq!(open["overall"], "Healthy", "{open:#}");

    // With the passphrase in a file the agent starts by itself.
    let word = folder.path().join("word");
    std::fs::write(&word, PASSPHRASE).unwrap();
    node.kill9();
    node.boot_with(&["--vault-passphrase-file", &word.display().to_string()], &[]);
    node.online(&factory).await;
    rest.succeed("copy", Duration::from_secs(60)).await;
    gateway(
        &state,
        &[
            "vault",
            "unprotect",
            "--vault-passphrase-file",
            &word.display().to_string(),
        ],
        "",
    )
    .expect(0);
    node.kill9();
    node.boot();
    node.online(&factory).await;
    rest.succeed("copy", Duration::from_secs(60)).await;
    assert!(!node.log().contains(PASSPHRASE));
}

#[tokio::test]
async fn a_changed_certificate_opens_old_and_new_credentials() {
    let (factory, server) = (Factory::start(), Postgres::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
        .await;
    let node = Gateway::start(&factory, "gw").await;
    let (rest, state) = (factory.rest(), node.state());
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        file_parquet_sink(folder.path(), "t.parquet"),
    );
    make_copy(&rest, "gw", "old", &source, &sink).await;
    let info = || async {
        rest.post("integrationRuntimes/gw/getConnectionInfo", &json!({}))
            .await
            .ok()["identityCertThumbprint"]
            .clone()
    };
    let before = info().await;
    let changed = gateway(&state, &["certificate", "change", "--key", "p256", "-o", "json"], "")
        .expect(0)
        .json();
    let after = info().await;
    assert_ne!(before, after);
    assert_eq!(after, changed["thumbprint"]);
    make_copy(&rest, "gw", "new", &source, &sink).await;
    // What was sealed to the one before opens as it did: nothing was entered again.
    for pipeline in ["old", "new"] {
        rest.succeed(pipeline, Duration::from_secs(60)).await;
    }
    let shown = node.ask(&["certificate", "show", "-o", "json"]).expect(0).json();
    assert_eq!(
        (shown[0]["thumbprint"].clone(), shown[0]["current"].clone()),
        (after, json!(true))
    );
    assert_eq!(shown.as_array().unwrap().len(), 2);
    assert_eq!(sync(&factory).await, ["True"]);
}

#[tokio::test]
async fn all_nodes_have_a_new_certificate_before_it_is_used() {
    let factory = Factory::start();
    let nodes = Gateway::several(&factory, "gw", 2).await;
    assert_eq!(sync(&factory).await, ["True", "True"]);
    let changed = gateway(
        &nodes[0].state(),
        &["certificate", "change", "--later", "-o", "json"],
        "",
    )
    .expect(0)
    .json();
    let thumbprint = changed["thumbprint"].as_str().unwrap();
    let refused = gateway(&nodes[0].state(), &["certificate", "use", thumbprint], "").expect_fault("SL2020");
    assert!(refused.stderr.contains("node2"), "{}", refused.stderr);
    // Carried there, it may be used, and every node opens what is sealed to it.
    let folder = tempfile::tempdir().unwrap();
    let (file, word) = (
        folder.path().join("new.p12").display().to_string(),
        folder.path().join("word").display().to_string(),
    );
    std::fs::write(&word, "canary-p12-new-key").unwrap();
    let pair = ["--file", &file, "--password-file", &word];
    gateway(
        &nodes[0].state(),
        &[&["certificate", "export", "--thumbprint", thumbprint], &pair[..]].concat(),
        "",
    )
    .expect(0);
    gateway(&nodes[1].state(), &[&["certificate", "import"], &pair[..]].concat(), "").expect(0);
    gateway(&nodes[0].state(), &["certificate", "use", thumbprint], "").expect(0);
    let info = factory
        .rest()
        .post("integrationRuntimes/gw/getConnectionInfo", &json!({}))
        .await
        .ok();
    assert_eq!(info["identityCertThumbprint"], thumbprint);
    assert_eq!(sync(&factory).await, ["True", "True"]);
    gateway(&nodes[0].state(), &["certificate", "use", "../x"], "").expect_fault("SL5002");
    // A node that does not hold it is out of step, and the gateway is limited.
    let other = gateway(
        &nodes[1].state(),
        &["certificate", "change", "--later", "-o", "json"],
        "",
    )
    .expect(0)
    .json();
    let database = rusqlite::Connection::open(factory.state().join("factory.db")).unwrap();
    database
        .execute(
            "UPDATE gateways SET thumbprint = ?1",
            [other["thumbprint"].as_str().unwrap()],
        )
        .unwrap();
    assert_eq!(sync(&factory).await, ["False", "False"]);
    let status = factory
        .rest()
        .post("integrationRuntimes/gw/getStatus", &json!({}))
        .await
        .ok();
    assert_eq!(status["properties"]["state"], "Limited");
}

//! Support bundles: what a person gets who sends one, with and without a running program.

use serde_json::Value;
use sluice_tests::archive::unpacked;
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::documents::{file_parquet_sink, make_copy, sqlite_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);

/// The texts of a bundle, by name; only its owner may read it, and it unpacks below the folder that one stands in.
#[track_caller]
fn read(file: &Path) -> BTreeMap<String, String> {
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    let mut texts = BTreeMap::new();
    for (name, bytes) in unpacked(file) {
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.');
        assert!(name.split('/').all(plain) && !name.contains('\\'), "{name}");
        texts.insert(name, String::from_utf8(bytes).unwrap());
    }
    // The manifest tells of every part.
    let manifest = json(&texts, "manifest.json");
    let told: Vec<&str> = manifest["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["file"].as_str().unwrap())
        .collect();
    for name in texts.keys().filter(|name| *name != "manifest.json") {
        assert!(told.contains(&name.as_str()), "{name} is not in {told:?}");
    }
    assert_eq!(told.len() + 1, texts.len(), "{told:?}");
    texts
}

#[track_caller]
fn json(texts: &BTreeMap<String, String>, name: &str) -> Value {
    let text = texts
        .get(name)
        .unwrap_or_else(|| panic!("no {name} in {:?}", texts.keys()));
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{name} is not JSON ({e}): {text}"))
}

/// What came of a check, and its code.
#[track_caller]
fn check(texts: &BTreeMap<String, String>, name: &str) -> (String, Option<String>) {
    let checks = json(texts, "checks.json");
    let found = checks.as_array().unwrap().iter().find(|check| check["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no check {name} in {checks:#}"));
    let word = |member: &str| found[member].as_str().map(str::to_owned);
    (word("outcome").unwrap(), word("code"))
}

fn missing(texts: &BTreeMap<String, String>) -> Vec<String> {
    let manifest = json(texts, "manifest.json");
    let names = manifest["missing"].as_array().unwrap().iter();
    names
        .map(|missing| missing["part"].as_str().unwrap().to_owned())
        .collect()
}

fn ok() -> (String, Option<String>) {
    ("ok".to_owned(), None)
}

fn failed(code: &str) -> (String, Option<String>) {
    ("failed".to_owned(), Some(code.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_says_how_a_node_is_whether_it_runs_or_not() {
    let factory = Factory::start();
    let rest = factory.rest();
    let mut node = Gateway::start(&factory, "gw").await;
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("shop.db");
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (4711)")
        .unwrap();
    let sink = file_parquet_sink(folder.path(), "t.parquet");
    make_copy(&rest, "gw", "orders", &sqlite_source(&database, "t"), &sink).await;
    rest.succeed("orders", PATIENCE).await;

    let file = folder.path().join("running.zip");
    let path = file.display().to_string();
    let outcome = node.ask(&["support-bundle", &path]).expect(0);
    assert_eq!(outcome.stdout, format!("{path}\n"));
    let texts = read(&file);
    assert_eq!(missing(&texts), Vec::<String>::new());
    let manifest = json(&texts, "manifest.json");
    assert_eq!(
        (&manifest["role"], &manifest["version"]),
        (&"gateway".into(), &env!("CARGO_PKG_VERSION").into())
    );
    for name in [
        "registration",
        "state directory",
        "credential keys",
        "node certificate",
        "policy",
        "ledger",
        "channel",
        "factory",
        "agent",
    ] {
        assert_eq!(check(&texts, name), ok(), "{name}: {}", texts["checks.json"]);
    }
    assert_eq!(json(&texts, "status.json")["gatewayName"], "gw");
    assert_eq!(json(&texts, "configuration.json")["gateway"]["gateway_name"], "gw");
    assert_eq!(json(&texts, "certificates.json")[0]["current"], true);
    assert!(
        texts["actors.json"].contains("CredentialVault"),
        "{}",
        texts["actors.json"]
    );
    assert!(
        texts["metrics.txt"].contains("sluice_actor_state"),
        "{}",
        texts["metrics.txt"]
    );
    assert!(texts["policy.toml"].contains("roots"), "{}", texts["policy.toml"]);
    let ledger = json(&texts, "ledger.json");
    assert_eq!(ledger["attempts"]["done"], 1, "{ledger:#}");
    assert_eq!(ledger["newest"][0]["pipeline"], "orders", "{ledger:#}");
    let receipts = json(&texts, "receipts.json");
    assert_eq!(
        (&receipts["kept"], &receipts["newest"][0]["pipeline"]),
        (&1.into(), &"orders".into())
    );
    assert_eq!(texts["exports.json"], "[]");
    assert!(texts["files.json"].contains("ledger.db"), "{}", texts["files.json"]);
    // The log from its beginning on, before the agent knew that it may write there.
    let log = &texts["logs/agent.log"];
    assert!(log.contains("The factory has welcomed this node."), "{log}");
    assert!(log.contains("A copy is complete."), "{log}");
    assert!(
        !texts.values().any(|text| text.contains("4711")),
        "what was copied is not in it"
    );

    // Nothing is overwritten.
    node.ask(&["support-bundle", &path]).expect_fault("SL1003");

    node.kill9();
    let file = folder.path().join("stopped.zip");
    let outcome = node.ask(&["support-bundle", &file.display().to_string()]).expect(0);
    assert!(outcome.stderr.contains("status.json"), "{}", outcome.stderr);
    let texts = read(&file);
    assert_eq!(missing(&texts), ["status.json", "actors.json", "metrics.txt"]);
    assert_eq!(check(&texts, "agent"), failed("SL8005"));
    assert_eq!(check(&texts, "channel"), ok());
    assert_eq!(json(&texts, "ledger.json")["newest"][0]["pipeline"], "orders");
    assert!(texts["logs/agent.log"].contains("A copy is complete."));

    // What is wrong is said: others may enter, the policy is none, the factory is away.
    drop(factory);
    std::fs::set_permissions(node.state(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(node.state().join("policy.toml"), "[nonsense]\nx = 1\n").unwrap();
    let file = folder.path().join("wrong.zip");
    node.ask(&["support-bundle", &file.display().to_string()]).expect(0);
    let texts = read(&file);
    assert_eq!(check(&texts, "state directory"), failed("SL8006"));
    assert_eq!(check(&texts, "policy"), failed("SL5022"));
    assert_eq!(check(&texts, "channel").0, "failed");

    let mut command = sluice();
    command.args(["gateway", "support-bundle", "x.zip", "--state", "/nowhere/at/all"]);
    finish(command, None).expect_fault("SL1003");
}

#[track_caller]
fn of_factory(state: &Path, url: &str, file: &Path) -> Outcome {
    let mut command = sluice();
    command
        .args(["factory", "support-bundle"])
        .arg(file)
        .arg("--state")
        .arg(state)
        .args(["--factory", url]);
    finish(command, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_says_how_a_factory_is_whether_it_runs_or_not() {
    let mut factory = Factory::start();
    let node = Gateway::start(&factory, "gw").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("running.zip");
    of_factory(&factory.state(), &factory.url, &file).expect(0);
    let texts = read(&file);
    assert_eq!(missing(&texts), Vec::<String>::new());
    assert_eq!(json(&texts, "manifest.json")["role"], "factory");
    assert_eq!((check(&texts, "database"), check(&texts, "factory")), (ok(), ok()));
    assert_eq!(json(&texts, "health.json")["nodesOnline"], 1);
    assert!(
        texts["metrics.txt"].contains("sluice_channel_nodes"),
        "{}",
        texts["metrics.txt"]
    );
    let database = json(&texts, "database.json");
    let told = &database["nodes"][0];
    assert_eq!(
        (&told["node"], &told["gateway"]),
        (&"node1".into(), &"gw".into()),
        "{database:#}"
    );
    assert!(database["audit"].to_string().contains("Enrol"), "{database:#}");
    assert!(
        texts["logs/factory.log"].contains("A node registered"),
        "{}",
        texts["logs/factory.log"]
    );
    let token = factory.token();
    assert!(
        !texts.values().any(|text| text.contains(&token)),
        "the token is not in it"
    );
    drop(node);

    factory.kill9();
    let file = folder.path().join("stopped.zip");
    of_factory(&factory.state(), &factory.url, &file).expect(0);
    let texts = read(&file);
    assert_eq!(missing(&texts), ["health.json", "metrics.txt"]);
    assert_eq!(
        (check(&texts, "database"), check(&texts, "factory")),
        (ok(), failed("SL1004"))
    );
    assert_eq!(json(&texts, "database.json")["nodes"][0]["node"], "node1");
}

//! `sluice gateway test-connection`: on the node itself, with secrets that come from a file or from standard input.

use serde_json::{Value, json};
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::net::free_port;
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use std::path::{Path, PathBuf};

#[track_caller]
fn test_connection(node: &Gateway, args: &[&str], stdin: &str) -> Outcome {
    let mut command = sluice();
    command
        .args(["gateway", "test-connection", "-o", "json", "--state"])
        .arg(node.state())
        .args(args);
    finish(command, Some(&format!("{stdin}\n")))
}

fn write(folder: &Path, name: &str, properties: &Value) -> PathBuf {
    let path = folder.join(name);
    let document = json!({ "name": "Pg", "properties": { "type": "PostgreSqlV2", "typeProperties": properties } });
    std::fs::write(&path, document.to_string()).unwrap();
    path
}

/// The names of the stages, each with the code of its fault.
fn stages(outcome: &Outcome) -> Vec<(String, Option<String>)> {
    let stages = outcome.json();
    let stage = |stage: &Value| {
        let code = stage["fault"]["code"].as_str().map(str::to_owned);
        (stage["name"].as_str().unwrap().to_owned(), code)
    };
    stages.as_array().unwrap().iter().map(stage).collect()
}

#[tokio::test]
async fn a_connection_is_tested_on_the_node_before_anything_is_saved() {
    let (factory, server) = (Factory::start(), Postgres::start());
    let mut node = Gateway::start(&factory, "gw").await;
    let folder = tempfile::tempdir().unwrap();
    let public =
        json!({ "server": "127.0.0.1", "port": server.port, "database": "postgres", "username": USER, "sslMode": 0 });
    let file = write(folder.path(), "public.json", &public).display().to_string();
    let asked = ["--file", &file, "--secret", "password"];

    let works = test_connection(&node, &asked, PASSWORD).expect(0);
    let seen = stages(&works);
    assert!(seen.iter().all(|(_, code)| code.is_none()), "{seen:?}");
    let names: Vec<_> = seen.iter().map(|(name, _)| name.as_str()).collect();
    let login = names.iter().position(|name| *name == "login").expect("a login");
    assert!(
        names[..login].contains(&"connect") && names.len() > login + 1,
        "{names:?}"
    );
    assert!(works.stderr.contains("The connection works"), "{}", works.stderr);

    // The secret may stand in the document, which nobody but the node reads.
    let mut whole = public.clone();
    whole["password"] = json!({ "type": "SecureString", "value": PASSWORD });
    let whole = write(folder.path(), "whole.json", &whole).display().to_string();
    test_connection(&node, &["--file", &whole], "").expect(0);

    // What is in the way is the stage that fails, after those that did not.
    let wrong = test_connection(&node, &asked, "canary-wrong-1c9a").expect_fault("SL6002");
    let last = stages(&wrong).pop().unwrap();
    assert_eq!(last, ("login".to_owned(), Some("SL6002".to_owned())));
    assert!(wrong.stderr.contains("stage login"), "{}", wrong.stderr);
    let mut nobody = public.clone();
    nobody["port"] = json!(free_port());
    let nobody = write(folder.path(), "nobody.json", &nobody).display().to_string();
    let refused = test_connection(&node, &["--file", &nobody, "--secret", "password"], PASSWORD).expect_fault("SL6001");
    assert_eq!(
        stages(&refused).pop().unwrap(),
        ("connect".to_owned(), Some("SL6001".to_owned()))
    );

    for outcome in [&works, &wrong, &refused] {
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!text.contains(PASSWORD) && !text.contains("canary-wrong"), "{text}");
    }
    assert!(!node.log().contains(PASSWORD) && !node.log().contains("canary-wrong"));
    // Nothing was saved anywhere.
    let saved = factory.rest().get("linkedservices").await.ok();
    assert_eq!(saved["value"], json!([]));

    std::fs::write(folder.path().join("broken.json"), "{").unwrap();
    let broken = folder.path().join("broken.json").display().to_string();
    test_connection(&node, &["--file", &broken], "").expect_fault("SL4002");
    node.kill9();
    test_connection(&node, &asked, PASSWORD).expect_fault("SL8005");
}

//! The console and a node's own page, as Chromium shows them.

use crate::vault::{put_service, test_connection};
use serde_json::{Value, json};
use sluice_tests::documents::{make_copy, postgres_query, postgres_sink};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use sluice_tests::{root, test_env};
use std::path::Path;
use std::process::Command;

fn chromium() -> &'static str {
    let known = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    let found = known.into_iter().find(|path| Path::new(path).exists());
    found.expect("Chromium is installed (tests/env/setup.sh)")
}

fn run(script: &str, facts: &Value) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), facts.to_string()).unwrap();
    let output = Command::new("node")
        .arg(root().join("tests/browser").join(script))
        .arg(file.path())
        .output()
        .expect("node starts");
    let (said, error) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}\n{error}");
    serde_json::from_str(said.trim()).unwrap_or_else(|e| panic!("{script} printed no JSON ({e}): {said}"))
}

fn service(port: u16) -> Value {
    let via = json!({ "referenceName": "onprem", "type": "IntegrationRuntimeReference" });
    json!({ "properties": { "type": "PostgreSqlV2", "connectVia": via, "typeProperties": {
        "server": "127.0.0.1", "port": port, "database": "postgres", "username": USER, "sslMode": 0 } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn people_follow_runs_and_set_credentials_in_a_browser() {
    let (factory, server) = (Factory::start(), Postgres::start());
    let mut node = Gateway::registered(&factory, "onprem").await;
    let ready = node.boot_with(&["--credentials-listen", "127.0.0.1:0"], &[]);
    node.online(&factory).await;
    let rest = factory.rest();
    let slow =
        "SELECT g AS id, CASE WHEN pg_sleep(0.002) IS NULL THEN 0 ELSE 1 END AS n FROM generate_series(1, 2000) g";
    let to = postgres_sink(&server, "public", "nightly");
    make_copy(&rest, "onprem", "Nightly", &postgres_query(&server, slow), &to).await;
    put_service(&rest, "ByBrowser", &service(server.port)).await;
    assert_eq!(
        test_connection(&rest, "ByBrowser").await["succeeded"],
        false,
        "it has no password yet"
    );

    let certificate = node.ask(&["certificate", "show", "-o", "json"]).expect(0).json();
    let code = node.ask(&["credentials", "-o", "json"]).expect(0).json();
    let token = std::fs::read_to_string(&factory.token_file).unwrap();
    let seen = run(
        "console.mjs",
        &json!({
            "modules": test_env("npm/node_modules"), "browser": chromium(),
            // SLUICE_TEST_PICTURES=FOLDER keeps pictures of every page.
            "pictures": std::env::var("SLUICE_TEST_PICTURES").ok(),
            "login": factory.login, "url": factory.url, "token": token.trim(),
            "createRun": format!("{}{}", factory.url, rest.path("pipelines/Nightly/createRun")),
            "service": "ByBrowser", "secret": PASSWORD, "user": USER, "port": server.port,
            "nodePage": format!("https://{}/", ready["credentials"].as_str().unwrap()), "code": code["code"],
        }),
    );
    let text = |name: &str| seen[name].as_str().unwrap_or_else(|| panic!("{name}: {seen:#}"));
    assert_eq!(seen["complaints"], json!([]), "{seen:#}");
    assert!(
        text("gateway").contains("onprem") && text("gateway").contains("node1"),
        "{seen:#}"
    );
    assert_eq!(
        (&seen["reloaded"], &seen["reloadedBelow"]),
        (&json!(false), &json!(false)),
        "{seen:#}"
    );
    assert!(
        text("vault").contains("Running") && text("own").contains("Running"),
        "{seen:#}"
    );
    for (page, beyond) in seen["wide"].as_object().unwrap() {
        assert!(
            beyond.as_i64().unwrap() <= 0,
            "{page} is wider than a telephone: {seen:#}"
        );
    }
    let (wrong, right) = (text("wrong"), text("right"));
    assert!(wrong.contains("did not reach") && wrong.contains("SL6002"), "{wrong}");
    assert!(
        right.contains("reached the store") && right.contains("Nothing was saved"),
        "{right}"
    );
    // What the page shows is what the node says of its certificate.
    let thumbprint = text("fingerprint");
    assert!(
        certificate.to_string().contains(thumbprint),
        "{thumbprint}: {certificate:#}"
    );
    assert_eq!(seen["leaksToFactory"], json!([]), "the secret left the browser");
    assert_eq!(seen["leaksBesideNode"], json!([]), "the secret went elsewhere");

    assert!(text("nodeTest").contains("The store was reached"), "{seen:#}");

    // Both credentials open on the node, and the server takes them.
    assert_eq!(test_connection(&rest, "ByBrowser").await["succeeded"], true);
    let mut sealed = service(server.port);
    sealed["properties"]["typeProperties"]["encryptedCredential"] = text("sealed").into();
    put_service(&rest, "ByNode", &sealed).await;
    assert_eq!(test_connection(&rest, "ByNode").await["succeeded"], true);
}

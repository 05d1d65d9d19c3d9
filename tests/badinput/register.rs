//! Registration keys that are not the right one.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::register;
use sluice_tests::net::free_port;

/// The key with one of its parts replaced.
fn with_part(key: &str, index: usize, part: &str) -> String {
    let mut parts: Vec<&str> = key.split('@').collect();
    parts[index] = part;
    parts.join("@")
}

#[tokio::test]
async fn every_wrong_key_is_told_apart() {
    let mut factory = Factory::start();
    let key = factory.rest().make_gateway("onprem").await;
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("node");
    let other = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);

    for (what, wrong, code) in [
        ("nothing", String::new(), "SL2001"),
        ("no key", "hello".to_owned(), "SL2001"),
        ("a key that was cut", key[..key.len() - 5].to_owned(), "SL2001"),
        ("a key of Azure", "IR@0f8fad5b@adf@we@abc=".to_owned(), "SL2001"),
        ("another secret", with_part(&key, 5, &other), "SL2002"),
        ("another gateway", with_part(&key, 1, "not-there"), "SL2002"),
        ("another CA", with_part(&key, 4, &format!("ca={other}")), "SL2003"),
        (
            "nobody at the address",
            with_part(&key, 3, &format!("ServiceEndpoint=127.0.0.1:{}", free_port())),
            "SL2006",
        ),
    ] {
        let outcome = register(&state, &wrong, "node1");
        println!("{what}: {}", outcome.stderr);
        let outcome = outcome.expect_fault(code);
        // Once each: the code, and what to do.
        assert_eq!(
            outcome.stderr.matches(&format!("{code}: ")).count(),
            0,
            "{what}: {}",
            outcome.stderr
        );
        assert_eq!(
            outcome.stderr.matches("listAuthKeys").count(),
            usize::from(code < "SL2003"),
            "{what}"
        );
        let secret = key.rsplit_once('@').unwrap().1;
        assert!(!outcome.stderr.contains(secret), "{what}: the key's secret was printed");
        assert!(!outcome.stdout.contains(secret), "{what}: the key's secret was printed");
    }
    factory.assert_running();
    // What was refused is not noted as done as well.
    let log = factory
        .rest()
        .raw("GET", "/access/v1/audit?text=enrol", None)
        .await
        .ok();
    let outcomes: Vec<_> = log["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["outcome"])
        .collect();
    assert_eq!(outcomes, ["refused", "refused"], "{log:#}");

    // None of it stands in the way of the right one, and a second time is refused.
    register(&state, &key, "node1").expect(0);
    register(&state, &key, "node1").expect_fault("SL2004");
}

#[tokio::test]
async fn a_regenerated_key_replaces_the_old_one() {
    let factory = Factory::start();
    let rest = factory.rest();
    let old = rest.make_gateway("onprem").await;
    let body = serde_json::json!({ "keyName": "authKey1" });
    let new = rest
        .post("integrationRuntimes/onprem/regenerateAuthKey", &body)
        .await
        .ok();
    let new = new["authKey1"].as_str().unwrap();
    let dir = tempfile::tempdir().unwrap();
    register(&dir.path().join("node"), &old, "node1").expect_fault("SL2002");
    register(&dir.path().join("node"), new, "node1").expect(0);
}

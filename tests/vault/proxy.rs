//! A node whose only way out is its company's HTTP proxy.

use super::{failed_stage, put_service, test_connection};
use serde_json::{Value, json};
use sluice_tests::azurite::Azurite;
use sluice_tests::backend::{Backend, Line};
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::connect_proxy::ConnectProxy;
use sluice_tests::documents::{blob_parquet_sink, make_copy, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::{Gateway, register};
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::path::Path;
use std::time::Duration;

const PASSWORD: &str = "canary-proxy-4c1b";

#[track_caller]
fn set(state: &Path, more: &[&str], password: &str) -> Outcome {
    let mut command = sluice();
    command
        .args(["gateway", "proxy", "set", "--state"])
        .arg(state)
        .args(more);
    finish(command, Some(&format!("{password}\n")))
}

/// Every file below a folder that holds these bytes.
fn holding(folder: &Path, wanted: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, wanted));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(wanted.len()).any(|part| part == wanted)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

/// The ports of the factory's REST and of its channel.
fn ports(node: &Gateway) -> (u16, u16) {
    let of = |text: &str| {
        text.rsplit(':')
            .next()
            .unwrap()
            .trim_matches(['/', '"'])
            .parse()
            .unwrap()
    };
    let identity = std::fs::read_to_string(node.state().join("gateway.toml")).unwrap();
    let amqp = identity.lines().find(|line| line.starts_with("amqp_endpoint")).unwrap();
    let https = identity
        .lines()
        .find(|line| line.starts_with("https_endpoint"))
        .unwrap();
    (of(https), of(amqp))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_not_a_database_goes_through_the_proxy() {
    let (factory, server, azurite) = (Factory::start(), Postgres::start(), Azurite::https());
    azurite.client().create_container("lake").await;
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t SELECT generate_series(1, 100)")
        .await;
    let proxy = ConnectProxy::start("gateway", PASSWORD).await;
    let rest = factory.rest();
    let key = rest.make_gateway("gw").await;
    let mut node = Gateway::empty("gw");
    let shown = set(
        &node.state(),
        &[&proxy.url(), "--user", "gateway", "-o", "json"],
        PASSWORD,
    )
    .expect(0);
    assert_eq!(shown.json()["proxy"]["user"], "gateway");
    register(&node.state(), &key, "node1").expect(0);
    let (https, amqp) = ports(&node);
    assert!(proxy.led_to(https), "{:?}", proxy.asked());
    node.boot();
    node.online(&factory).await;
    assert!(proxy.led_to(amqp), "{:?}", proxy.asked());

    // A store of objects is written through it, the database is read past it.
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        blob_parquet_sink(&azurite, "lake", "t.parquet"),
    );
    make_copy(&rest, "gw", "copy", &source, &sink).await;
    rest.succeed("copy", Duration::from_secs(60)).await;
    assert!(
        proxy.led_to(azurite.port) && !proxy.led_to(server.port),
        "{:?}",
        proxy.asked()
    );
    let answer = test_connection(&rest, "copySink").await;
    assert!(
        answer.to_string().contains("\"proxy\"") && failed_stage(&answer).1.is_empty(),
        "{answer:#}"
    );
    // And a web address, with TLS and without.
    let plain = ConnectProxy::start("x", "y").await;
    let via = json!({ "referenceName": "gw", "type": "IntegrationRuntimeReference" });
    for (name, url) in [
        ("encrypted", format!("{}/openapi.json", rest.base)),
        ("plain", format!("{}/x", plain.url())),
    ] {
        let call = json!({ "type": "WebActivity", "name": name, "typeProperties": { "method": "GET", "connectVia": via,
            "disableCertValidation": true, "url": url } });
        rest.put(
            &format!("pipelines/{name}"),
            &json!({ "properties": { "activities": [call] } }),
        )
        .await
        .ok();
        let run = rest.start(name).await;
        rest.end_of(&run, Duration::from_secs(60)).await;
    }
    let asked = proxy.asked();
    assert!(
        asked.contains(&format!("GET http://127.0.0.1:{}/x", plain.port)),
        "{asked:?}"
    );
    // What the other server heard is the call, which carries nothing of the login.
    assert_eq!(plain.refused(), 1);
    assert_eq!(proxy.refused(), 0);

    // The password is nowhere but sealed, and in no answer.
    assert_eq!(
        holding(node.state().parent().unwrap(), PASSWORD.as_bytes()),
        Vec::<String>::new()
    );
    let shown = node.ask(&["proxy", "show"]).expect(0).stdout;
    assert!(shown.contains("gateway") && !shown.contains(PASSWORD), "{shown}");

    // Another proxy counts at once, without a restart.
    let other = ConnectProxy::start("gateway", PASSWORD).await;
    set(&node.state(), &[&other.url(), "--user", "gateway"], PASSWORD).expect(0);
    until(
        "the store to be reached through the other proxy",
        Duration::from_secs(30),
        || async {
            test_connection(&rest, "copySink").await;
            other.led_to(azurite.port).then_some(())
        },
    )
    .await;
    // And hosts that are named go past it.
    set(
        &node.state(),
        &[&other.url(), "--user", "gateway", "--bypass", "127.0.0.0/8"],
        PASSWORD,
    )
    .expect(0);
    let answer = test_connection(&rest, "copySink").await;
    assert!(answer.to_string().contains("\"resolve\""), "{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_is_told_of_and_a_locked_vault_waits() {
    let factory = Factory::start();
    let proxy = ConnectProxy::start("gateway", PASSWORD).await;
    let key = factory.rest().make_gateway("gw").await;
    let mut node = Gateway::empty("gw");
    // Nothing is kept that cannot work, and no password in an address.
    let with_login = format!("http://gateway:{PASSWORD}@127.0.0.1:{}", proxy.port);
    let refused = set(&node.state(), &[&with_login], "").expect_fault("SL5033");
    assert!(!refused.stderr.contains(PASSWORD), "{}", refused.stderr);
    set(&node.state(), &["https://127.0.0.1:1"], "").expect_fault("SL5033");
    set(&node.state(), &[&proxy.url(), "--user", "gateway"], "").expect_fault("SL1001");
    set(&node.state(), &[&proxy.url(), "--user", "gateway"], "canary-wrong").expect(0);
    let refused = register(&node.state(), &key, "node1").expect_fault("SL5031");
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    assert_eq!(proxy.asked(), Vec::<String>::new());
    set(&node.state(), &[&proxy.url(), "--user", "gateway"], PASSWORD).expect(0);
    register(&node.state(), &key, "node1").expect(0);
    // With a passphrase of the administrator's own the agent starts locked: nobody can log in at the proxy yet.
    let passphrase = "canary passphrase of mine";
    let mut protect = sluice();
    protect
        .args(["gateway", "vault", "protect", "--state"])
        .arg(node.state());
    finish(protect, Some(&format!("{passphrase}\n"))).expect(0);
    node.boot();
    let channel = |node: &Gateway| -> Value { node.ask(&["status", "-o", "json"]).expect(0).json()["channel"].clone() };
    until(
        "the channel to say what it waits for",
        Duration::from_secs(60),
        || async { channel(&node).to_string().contains("SL5020").then_some(()) },
    )
    .await;
    let mut unlock = sluice();
    unlock.args(["gateway", "unlock", "--state"]).arg(node.state());
    finish(unlock, Some(&format!("{passphrase}\n"))).expect(0);
    node.online(&factory).await;
    let (_, amqp) = ports(&node);
    assert!(proxy.led_to(amqp));
    // Without one the node goes its own way.
    node.ask(&["proxy", "clear"]).expect(0);
    assert!(node.ask(&["proxy", "show"]).expect(0).stdout.contains("No proxy"));
    put_service(&factory.rest(), "s", &json!({ "properties": { "type": "AzureBlobStorage",
        "connectVia": { "referenceName": "gw", "type": "IntegrationRuntimeReference" },
        "typeProperties": { "connectionString": { "type": "SecureString", "value": "AccountName=a;AccountKey=QUFBQQ==;BlobEndpoint=https://127.0.0.1:1/a" } } } })).await;
    let answer = test_connection(&factory.rest(), "s").await;
    assert_eq!(
        failed_stage(&answer),
        ("connect".to_owned(), "SL6001".to_owned()),
        "{answer:#}"
    );
}

/// A broker outside, which is reached like everything else: no byte of the channel goes past the proxy.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_is_reached_through_the_proxy() {
    let (line, server) = (Line::start(Backend::Rabbit), Postgres::start());
    let broker = line.broker.as_ref().unwrap();
    let factory = line.factory();
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1), (2)")
        .await;
    let proxy = ConnectProxy::start("gateway", PASSWORD).await;
    let key = factory.rest().make_gateway("gw").await;
    let mut node = Gateway::empty("gw");
    set(&node.state(), &[&proxy.url(), "--user", "gateway"], PASSWORD).expect(0);
    register(&node.state(), &key, "node1").expect(0);
    assert!(!proxy.led_to(broker.port), "{:?}", proxy.asked());

    // A login that the proxy does not take is said, and counts as soon as it is put right.
    set(&node.state(), &[&proxy.url(), "--user", "gateway"], "canary-wrong").expect(0);
    node.boot();
    let channel = || node.ask(&["status", "-o", "json"]).expect(0).json()["channel"].to_string();
    until("the channel to say why", Duration::from_secs(60), || async {
        channel().contains("SL5031").then_some(())
    })
    .await;
    assert!(!proxy.led_to(broker.port), "{:?}", proxy.asked());
    set(&node.state(), &[&proxy.url(), "--user", "gateway"], PASSWORD).expect(0);
    node.online(&factory).await;
    assert!(proxy.led_to(broker.port), "{:?}", proxy.asked());

    // Jobs and outcomes travel there.
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        postgres_sink(&server, "public", "copied"),
    );
    let rest = factory.rest();
    make_copy(&rest, "gw", "copy", &source, &sink).await;
    rest.succeed("copy", Duration::from_secs(60)).await;
    assert_eq!(server.one("SELECT count(*) FROM copied").await, "2");
    let log = node.log();
    assert!(!log.contains(PASSWORD) && !log.contains("canary-wrong"), "{log}");
}

//! Ways into the server, and ways that lead nowhere.

use super::place::properties;
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_contract::message::ProbeStage;
use sluice_tests::tds::{Encryption, TdsPeer};
use sluice_tests::tls::server_identity;

async fn probe(peer: &TdsPeer, more: Value) -> Vec<ProbeStage> {
    let connection = sluice_store_sqlserver::connector()
        .connect(properties(peer, more))
        .await
        .unwrap();
    connection.probe().await
}

/// The names of the stages, and the code of the last when it failed.
fn outcome(stages: &[ProbeStage]) -> (Vec<&str>, Option<Code>) {
    let names = stages.iter().map(|stage| stage.name.as_str()).collect();
    (
        names,
        stages
            .last()
            .and_then(|stage| stage.fault.as_ref())
            .map(|fault| fault.code),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_agreement_on_encryption() {
    let all = vec!["resolve", "connect", "tls", "login", "read"];
    let plain = vec!["resolve", "connect", "login", "read"];
    for (offer, more, expected) in [
        (Encryption::Offered, json!({}), (all.clone(), None)),
        (
            Encryption::Required,
            json!({ "encrypt": "mandatory" }),
            (all.clone(), None),
        ),
        (
            Encryption::Unsupported,
            json!({ "encrypt": true }),
            (vec!["resolve", "connect", "tls"], Some(Code::TlsFailed)),
        ),
        (
            Encryption::Offered,
            json!({ "encrypt": "optional" }),
            (plain.clone(), None),
        ),
        (
            Encryption::Required,
            json!({ "encrypt": "false" }),
            (plain.clone(), None),
        ),
        (
            Encryption::Unsupported,
            json!({ "encrypt": false }),
            (plain.clone(), None),
        ),
        (
            Encryption::Offered,
            json!({ "trustServerCertificate": true, "caCertificate": "" }),
            (all.clone(), None),
        ),
        (
            Encryption::Offered,
            json!({ "caCertificate": "" }),
            (vec!["resolve", "connect", "tls"], Some(Code::TlsFailed)),
        ),
        (
            Encryption::Offered,
            json!({ "hostNameInCertificate": "localhost" }),
            (all.clone(), None),
        ),
        (
            Encryption::Offered,
            json!({ "hostNameInCertificate": "elsewhere.example" }),
            (vec!["resolve", "connect", "tls"], Some(Code::TlsFailed)),
        ),
    ] {
        let peer = TdsPeer::with(|options| options.encryption = offer);
        let stages = probe(&peer, more.clone()).await;
        assert_eq!(outcome(&stages), expected, "{offer:?} {more}: {stages:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_authority_is_not_trusted() {
    let peer = TdsPeer::start();
    let dir = tempfile::tempdir().unwrap();
    let foreign = server_identity(dir.path()).ca_pem;
    let stages = probe(&peer, json!({ "caCertificate": foreign })).await;
    let (_, code) = outcome(&stages);
    assert_eq!(code, Some(Code::TlsFailed), "{stages:?}");
    let text = format!("{stages:?}");
    assert!(text.contains("caCertificate") && !text.contains("Config::"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_refused_with_a_code() {
    let peer = TdsPeer::start();
    for (more, words) in [
        (json!({ "userName": "nobody" }), "18456"),
        (json!({ "database": "nowhere" }), "4060"),
    ] {
        let stages = probe(&peer, more).await;
        assert_eq!(
            outcome(&stages),
            (vec!["resolve", "connect", "login"], Some(Code::LoginFailed)),
            "{stages:?}"
        );
        let text = format!("{stages:?}");
        assert!(text.contains(words) && !text.contains("canary"), "{text}");
    }
    // The port of nobody.
    let stages = probe(&peer, json!({ "server": "127.0.0.1,1" })).await;
    assert_eq!(
        outcome(&stages),
        (vec!["resolve", "connect"], Some(Code::StoreUnreachable))
    );
    let stages = probe(&peer, json!({ "server": "no-such-host.invalid" })).await;
    assert_eq!(outcome(&stages), (vec!["resolve"], Some(Code::StoreUnreachable)));
}

#[tokio::test(flavor = "multi_thread")]
async fn named_instances_are_asked_for() {
    let mut peer = TdsPeer::start();
    let browser = peer.browse("REPORTS");
    let stages = probe(&peer, json!({ "server": "127.0.0.1\\Reports", "browserPort": browser })).await;
    assert_eq!(outcome(&stages).1, None, "{stages:?}");
    let stages = probe(&peer, json!({ "server": "127.0.0.1\\other", "browserPort": browser })).await;
    assert_eq!(outcome(&stages), (vec!["resolve"], Some(Code::StoreUnreachable)));
    assert!(format!("{stages:?}").contains("Browser"), "{stages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_sent_on_to_another_server() {
    let there = TdsPeer::start();
    let here = TdsPeer::with(|options| options.route = Some(("127.0.0.1".to_owned(), there.port)));
    let more = json!({ "caCertificate": format!("{}{}", here.identity.ca_pem, there.identity.ca_pem), "applicationIntent": "ReadOnly" });
    let stages = probe(&here, more).await;
    assert_eq!(outcome(&stages).1, None, "{stages:?}");
    assert_eq!(there.logins(), [("sluice".to_owned(), true)]);
    assert!(here.logins().is_empty());
}

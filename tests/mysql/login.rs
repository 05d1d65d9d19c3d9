//! Logins, TLS, and what a probe says of them.

use super::connect;
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_tests::mariadb::{MariaDb, PASSWORD};
use sluice_tests::tls::server_identity;

async fn probe(server: &MariaDb, more: Value, password: &str) -> Vec<(String, Option<Code>)> {
    let connection = connect(server, more, password).await.unwrap();
    let stages = connection.probe().await;
    for fault in stages.iter().filter_map(|stage| stage.fault.as_ref()) {
        assert!(!fault.message.contains("canary"), "{fault}");
    }
    stages
        .into_iter()
        .map(|stage| (stage.name, stage.fault.map(|fault| fault.code)))
        .collect()
}

fn passed(names: &[&str]) -> Vec<(String, Option<Code>)> {
    names.iter().map(|name| ((*name).to_owned(), None)).collect()
}

fn failed(names: &[&str], code: Code) -> Vec<(String, Option<Code>)> {
    let mut stages = passed(names);
    stages.last_mut().unwrap().1 = Some(code);
    stages
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_say_where_they_end() {
    let server = MariaDb::start();
    server
        .sql(&[
            "CREATE USER nobody IDENTIFIED BY ''",
            "CREATE USER longer IDENTIFIED BY 'canary-päss;word=\"'",
        ])
        .await;
    let plain = ["resolve", "connect", "login", "read"];
    assert_eq!(probe(&server, json!({}), PASSWORD).await, passed(&plain));
    let wrong = probe(&server, json!({}), "canary-wrong").await;
    assert_eq!(wrong, failed(&plain[..3], Code::LoginFailed));
    let nowhere = probe(&server, json!({ "database": "nowhere" }), PASSWORD).await;
    assert_eq!(nowhere, failed(&plain[..3], Code::LoginFailed));
    let unknown = probe(&server, json!({ "server": "no-such-host.invalid" }), PASSWORD).await;
    assert_eq!(unknown, failed(&plain[..1], Code::StoreUnreachable));
    // The server has no certificate.
    let tls = probe(&server, json!({ "sslMode": 2 }), PASSWORD).await;
    assert_eq!(tls, failed(&["resolve", "connect", "tls"], Code::TlsFailed));
    let local = json!({ "server": server.socket });
    assert_eq!(probe(&server, local, PASSWORD).await, passed(&["login", "read"]));
    for (user, password) in [("nobody", ""), ("longer", "canary-päss;word=\"")] {
        server.sql(&[&format!("GRANT SELECT ON shop.* TO {user}")]).await;
        let stages = probe(&server, json!({ "username": user }), password).await;
        assert_eq!(stages, passed(&plain), "{user}");
    }
    // A login that is not known here says which one it is.
    server
        .sql(&[
            "INSTALL SONAME 'auth_ed25519'",
            "CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('x')",
        ])
        .await;
    let connection = connect(&server, json!({ "username": "ed" }), "x").await.unwrap();
    let stages = connection.probe().await;
    let fault = stages.last().unwrap().fault.as_ref().unwrap();
    assert_eq!(fault.code, Code::LoginFailed);
    assert!(fault.message.contains("ed25519"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_verified_as_far_as_asked() {
    let server = MariaDb::start_tls();
    let identity = server.identity.as_ref().unwrap();
    let other = tempfile::tempdir().unwrap();
    let stranger = server_identity(other.path());
    let all = ["resolve", "connect", "tls", "login", "read"];
    for (more, code) in [
        (json!({}), None),
        (json!({ "sslMode": 2 }), None),
        (json!({ "sslMode": "VerifyCA", "caCertificate": identity.ca_pem }), None),
        (json!({ "sslMode": 4, "caCertificate": identity.ca_pem }), None),
        (
            json!({ "sslMode": 4, "caCertificate": identity.ca_pem, "server": "localhost" }),
            None,
        ),
        (
            json!({ "sslMode": 2, "caCertificate": stranger.ca_pem }),
            Some(Code::TlsFailed),
        ),
        (
            json!({ "sslMode": 3, "caCertificate": stranger.ca_pem }),
            Some(Code::TlsFailed),
        ),
        (json!({ "sslMode": 4 }), Some(Code::TlsFailed)),
    ] {
        let expected = match code {
            None => passed(&all),
            Some(code) => failed(&all[..3], code),
        };
        assert_eq!(probe(&server, more.clone(), PASSWORD).await, expected, "{more}");
    }
    let off = probe(&server, json!({ "sslMode": 0 }), PASSWORD).await;
    assert_eq!(off, passed(&["resolve", "connect", "login", "read"]));
    let wrong = probe(&server, json!({ "sslMode": 2 }), "canary-wrong").await;
    assert_eq!(wrong, failed(&all[..4], Code::LoginFailed));
    server
        .sql(&[
            "CREATE USER safe IDENTIFIED BY 'canary-safe' REQUIRE SSL",
            "GRANT SELECT ON shop.* TO safe",
        ])
        .await;
    let open = probe(&server, json!({ "sslMode": 0, "username": "safe" }), "canary-safe").await;
    assert_eq!(open.last().unwrap().1, Some(Code::LoginFailed));
    let fault = connect(&server, json!({ "caCertificate": "no pem" }), PASSWORD)
        .await
        .err()
        .unwrap();
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
}

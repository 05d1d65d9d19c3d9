//! The module that seals in a browser, run by Node's WebCrypto, and opened as a node opens it.

use serde_json::{Value, json};
use sluice_seal::{KeyKind, KeyRing, generate_key_of, thumbprint};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use std::path::Path;
use std::process::Command;

pub(super) fn seal(certificate: &Path, credential: &Value) -> Value {
    let root = sluice_tests::root();
    let output = Command::new("node")
        .arg(root.join("tests/vault/seal.mjs"))
        .arg(root.join("actors/factory/assets/seal.js"))
        .arg(certificate)
        .arg(credential.to_string())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_a_browser_seals_opens_on_the_node_with_both_kinds_of_keys() {
    let temp = tempfile::tempdir().unwrap();
    for kind in [KeyKind::Rsa3072, KeyKind::P256] {
        let key = generate_key_of(kind, "gw").unwrap();
        let mut ring = KeyRing::new();
        ring.insert(&key.certificate_pem, &key.pkcs8).unwrap();
        let file = temp.path().join("certificate.pem");
        std::fs::write(&file, &key.certificate_pem).unwrap();
        let secret = "canary-p\u{e4}ss\"w\u{1f980}rd\\1";
        let credential = json!({ "type": "SqlServer", "bind": { "type": "sqlserver", "server": "db" }, "secret": { "password": secret } });
        let sealed = seal(&file, &credential);
        assert_eq!(sealed["thumbprint"], thumbprint(&key.certificate_pem).unwrap());
        let token = sealed["sealed"].as_str().unwrap();
        let opened = ring.open(token).unwrap();
        assert_eq!(opened.secret.get("password"), Some(secret));
        assert_eq!(
            (opened.kind.as_str(), opened.bind["server"].as_str()),
            ("SqlServer", "db")
        );
        assert_eq!(opened.by, "browser");
        // Another one each time, and only for this key.
        assert_ne!(seal(&file, &credential)["sealed"].as_str(), Some(token));
        let other = generate_key_of(KeyKind::P256, "gw").unwrap();
        let mut foreign = KeyRing::new();
        foreign.insert(&other.certificate_pem, &other.pkcs8).unwrap();
        assert_eq!(
            foreign.open(token).unwrap_err().code,
            sluice_contract::Code::UnknownCertificate
        );
    }
}

/// What stands behind `name="` in a page.
fn attribute(page: &str, name: &str) -> String {
    let rest = page
        .split(&format!("{name}=\""))
        .nth(1)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"')
        .next()
        .unwrap()
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

#[tokio::test]
async fn the_console_sets_a_credential_that_the_factory_never_sees() {
    let (factory, server) = (Factory::start(), Postgres::start());
    let node = Gateway::start(&factory, "gw").await;
    let rest = factory.rest();
    let via = json!({ "referenceName": "gw", "type": "IntegrationRuntimeReference" });
    let service = json!({ "properties": { "type": "PostgreSqlV2", "connectVia": via, "typeProperties": {
        "server": "127.0.0.1", "port": server.port, "database": "postgres", "username": USER, "sslMode": 0 } } });
    super::put_service(&rest, "Pg", &service).await;

    let ca = std::fs::read(&factory.ca_file).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let anonymous = http.get(format!("{}/credentials", factory.url)).send().await.unwrap();
    assert_eq!(anonymous.status().as_u16(), 303);
    let login = http.get(&factory.login).send().await.unwrap();
    let cookie = login.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let get = |path: String| {
        let request = http.get(format!("{}{path}", factory.url)).header("cookie", &cookie);
        async move { request.send().await.unwrap().text().await.unwrap() }
    };
    let list = get("/credentials".to_owned()).await;
    let place = list
        .split("href=\"")
        .find(|part| part.starts_with("/credentials?"))
        .unwrap();
    let place = place.split('"').next().unwrap().replace("&amp;", "&");
    let page = get(place).await;
    // The fields of the secret have no name: a browser without the script would send nothing of them.
    assert!(
        page.contains("id=\"secret\"") && !page.contains("name=\"secret\""),
        "{page}"
    );
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("certificate.pem");
    std::fs::write(&file, attribute(&page, "data-certificate")).unwrap();
    let bind: Value = serde_json::from_str(&attribute(&page, "data-bind")).unwrap();
    let credential = json!({ "type": attribute(&page, "data-type"), "bind": bind, "secret": { "password": PASSWORD } });
    let sealed = seal(&file, &credential);
    let shown = node.ask(&["certificate", "show", "-o", "json"]).expect(0).json();
    assert_eq!(sealed["thumbprint"], shown[0]["thumbprint"]);

    let form = |sealed: &str, origin: &str| {
        let id = attribute(&page, "name=\"factory\" value");
        let token = attribute(&page, "name=\"form_token\" value");
        let body = format!("form_token={token}&factory={id}&service=Pg&property=password&sealed={sealed}");
        let request = http
            .post(format!("{}/credentials", factory.url))
            .header("cookie", &cookie)
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        async move { request.send().await.unwrap() }
    };
    let token = sealed["sealed"].as_str().unwrap();
    assert_ne!(form(token, "https://evil.example").await.status().as_u16(), 303);
    let other = generate_key_of(KeyKind::P256, "gw").unwrap();
    std::fs::write(&file, &other.certificate_pem).unwrap();
    let foreign = seal(&file, &credential);
    let refused = form(foreign["sealed"].as_str().unwrap(), &factory.url).await;
    assert!(refused.text().await.unwrap().contains("not the gateway's certificate"));
    assert_eq!(form(token, &factory.url).await.status().as_u16(), 303);
    let answer = super::test_connection(&rest, "Pg").await;
    assert_eq!(answer["succeeded"], true, "{answer:#}");
    assert!(!factory.log().contains(PASSWORD));
}

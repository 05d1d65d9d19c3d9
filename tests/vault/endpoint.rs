//! The node's own page, on which a secret is sealed without leaving the node.

use super::{put_service, test_connection};
use serde_json::json;
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::{PASSWORD, Postgres, USER};

#[tokio::test]
async fn a_secret_is_sealed_on_the_nodes_page_and_only_with_its_code() {
    let (factory, server) = (Factory::start(), Postgres::start());
    let mut node = Gateway::registered(&factory, "gw").await;
    let open = node.try_boot(&["--credentials-listen", "0.0.0.0:0"]);
    open.expect(2);
    let ready = node.boot_with(&["--credentials-listen", "127.0.0.1:0"], &[]);
    node.online(&factory).await;
    let address = ready["credentials"].as_str().unwrap().to_owned();
    let access = node.ask(&["credentials", "-o", "json"]).expect(0).json();
    let code = access["code"].as_str().unwrap();
    let pem = std::fs::read(node.state().join("endpoint.pem")).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .build()
        .unwrap();
    let base = format!("https://{address}");
    let page = http.get(&base).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("Encrypt a credential on this node"));

    let via = json!({ "referenceName": "gw", "type": "IntegrationRuntimeReference" });
    let service = json!({ "name": "Pg", "properties": { "type": "PostgreSqlV2", "connectVia": via, "typeProperties": {
        "server": "127.0.0.1", "port": server.port, "database": "postgres", "username": USER, "sslMode": 0,
        "password": { "type": "SecureString", "value": PASSWORD } } } });
    let post = |path: &str, headers: &[(&str, &str)]| {
        let mut request = http.post(format!("{base}{path}")).body(service.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    };
    for headers in [
        &[][..],
        &[("x-sluice-code", "guess")],
        &[("x-sluice-code", code), ("host", "evil.example")],
        &[("x-sluice-code", code), ("origin", "https://evil.example")],
    ] {
        let (status, text) = post("/v1/seal", headers).await;
        assert!(status == 403 && text.contains("SL2022"), "{headers:?}: {status} {text}");
    }
    let (status, tested) = post("/v1/test-connection", &[("x-sluice-code", code)]).await;
    assert!(status == 200 && !tested.contains("fault"), "{tested}");
    let (status, sealed) = post("/v1/seal", &[("x-sluice-code", code)]).await;
    assert!(status == 200 && !sealed.contains(PASSWORD), "{sealed}");
    put_service(&factory.rest(), "Pg", &serde_json::from_str(&sealed).unwrap()).await;
    let answer = test_connection(&factory.rest(), "Pg").await;
    assert_eq!(answer["succeeded"], true, "{answer:#}");

    // The page's form does the same, and shows its errors as text.
    let form = |code: &str, kind: &str| {
        let text = format!("code={code}&type={kind}&server=127.0.0.1&property=password&secret={PASSWORD}");
        let request = http
            .post(&base)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(text);
        async move { request.send().await.unwrap().text().await.unwrap() }
    };
    let shown = form(code, "PostgreSqlV2").await;
    assert!(
        shown.contains("<textarea") && shown.contains("eyJ") && !shown.contains(PASSWORD),
        "{shown}"
    );
    let wrong = form("guess", "<b>").await;
    assert!(wrong.contains("SL2022") && !wrong.contains("<b>"), "{wrong}");
    assert!(!node.log().contains(PASSWORD) && !node.log().contains(code));
}

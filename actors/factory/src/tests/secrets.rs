//! Secrets are sealed before anything is stored, and are nowhere in clear.

use super::fixture::{F, Fixture, run};
use super::node::{Identity, credential};
use reqwest::Method;
use serde_json::{Value, json};
use sluice_contract::document::MASK;
use sluice_seal::KeyRing;

fn service(properties: Value) -> Value {
    json!({ "properties": { "type": "PostgreSqlV2", "typeProperties": properties,
        "connectVia": { "type": "IntegrationRuntimeReference", "referenceName": "gw1" } } })
}

fn secret(value: &str) -> Value {
    json!({ "type": "SecureString", "value": value })
}

/// Looks for a text in every file of the state directory.
fn search(dir: &std::path::Path, canary: &str) -> Vec<String> {
    let found = std::fs::read_dir(dir).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(canary.len())
            .any(|part| part == canary.as_bytes())
            .then(|| path.display().to_string())
    });
    found.collect()
}

/// The sealed credential that a test connection would send, opened.
async fn opened(fixture: &Fixture, key: &sluice_seal::GatewayKey, name: &str) -> sluice_contract::sealed::Plaintext {
    let mut ring = KeyRing::new();
    ring.insert(&key.certificate_pem, &key.pkcs8).unwrap();
    ring.open(&fixture.factory.sealed(name).await.unwrap()).unwrap()
}

#[test]
fn secrets_are_sealed_and_nowhere_in_clear() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let (code, _) = fixture
            .put(
                "/linkedservices/Pg",
                service(json!({ "server": "db", "password": secret("canary-0") })),
            )
            .await
            .error(400);
        assert_eq!(code, "SL5001", "no node has registered a certificate yet");
        let key = credential();
        Identity::register(&fixture, "n1", &key.certificate_pem).await;
        let body = service(json!({ "server": "db", "port": 5432, "password": secret("canary-1"),
            "nested": { "deep": [secret("canary-2")] } }));
        let reply = fixture.put("/linkedservices/Pg", body).await;
        assert_eq!(reply.ok()["properties"]["typeProperties"]["password"], secret(MASK));
        let body = service(json!({ "connectionString": "host=db;database=x;password=canary-3" }));
        let reply2 = fixture.put("/linkedservices/Cs", body).await;
        assert_eq!(
            reply2.ok()["properties"]["typeProperties"]["connectionString"],
            "host=db;database=x"
        );
        // Elsewhere there is nobody to seal to, so they are not kept.
        let pipeline = json!({ "properties": { "activities": [{ "name": "w", "type": "WebActivity",
            "typeProperties": { "authentication": { "password": secret("canary-4") } } }],
            "parameters": { "p": { "type": "SecureString", "defaultValue": "canary-5" } } } });
        let reply3 = fixture.put("/pipelines/W", pipeline).await;
        reply3.ok();
        let run = fixture
            .post("/pipelines/W/createRun", json!({ "p": "canary-6" }))
            .await
            .ok();
        let shown = fixture
            .get(&format!("/pipelineruns/{}", run["runId"].as_str().unwrap()))
            .await;
        let listed = fixture.get("/linkedservices").await;
        for answer in [&reply, &reply2, &reply3, &shown, &listed] {
            assert!(!answer.text.contains("canary"), "{answer:?}");
        }
        let plaintext = opened(&fixture, &key, "Pg").await;
        assert_eq!(plaintext.secret.get("password"), Some("canary-1"));
        assert_eq!(plaintext.kind, "PostgreSqlV2");
        assert_eq!(plaintext.bind["server"], "db");
        assert_eq!(
            opened(&fixture, &key, "Cs").await.secret.get("connectionString"),
            Some("host=db;database=x;password=canary-3")
        );
        assert_eq!(search(fixture.dir.path(), "canary"), Vec::<String>::new());
        fixture.stop().await;
    });
}

#[test]
fn masks_that_come_back_keep_the_secret() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let key = credential();
        Identity::register(&fixture, "n1", &key.certificate_pem).await;
        let body = service(json!({ "server": "db", "username": "u", "password": secret("first") }));
        let read = fixture.put("/linkedservices/Pg", body).await.ok();
        // What was read is sent back with a change.
        let mut changed = read.clone();
        changed["properties"]["description"] = "new".into();
        changed["properties"]["typeProperties"]["username"] = "v".into();
        let again = fixture.put("/linkedservices/Pg", changed).await.ok();
        assert_eq!(again["properties"]["description"], "new");
        assert_eq!(opened(&fixture, &key, "Pg").await.secret.get("password"), Some("first"));
        // A connection string comes back without its password.
        let body = service(json!({ "connectionString": "host=db;password=second" }));
        let read = fixture.put("/linkedservices/Cs", body).await.ok();
        fixture.put("/linkedservices/Cs", read).await.ok();
        assert_eq!(
            opened(&fixture, &key, "Cs").await.secret.get("connectionString"),
            Some("host=db;password=second")
        );
        // Another one without a password is another credential: none.
        fixture
            .put(
                "/linkedservices/Cs",
                service(json!({ "connectionString": "host=other" })),
            )
            .await
            .ok();
        assert!(fixture.factory.sealed("Cs").await.is_none());
        // Half new, half masked cannot be joined.
        let body = service(json!({ "password": secret("a"), "sasToken": secret("b") }));
        fixture.put("/linkedservices/Two", body).await.ok();
        let body = service(json!({ "password": secret("c"), "sasToken": secret(MASK) }));
        let (code, message) = fixture.put("/linkedservices/Two", body).await.error(400);
        assert_eq!(code, "SL4005");
        assert!(message.contains("all secrets"), "{message}");
        fixture.stop().await;
    });
}

#[test]
fn without_a_gateway_named_every_one_gets_its_copy() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        fixture
            .put(
                "/integrationRuntimes/gw2",
                json!({ "properties": { "type": "SelfHosted" } }),
            )
            .await
            .ok();
        let body = json!({ "properties": { "type": "AzureBlobStorage", "typeProperties": { "sasUri": secret("https://x/?sig=canary") } } });
        fixture.put("/linkedservices/Blob", body).await.ok();
        assert!(fixture.factory.sealed("Blob").await.is_some());
        let body = json!({ "properties": { "type": "AzureBlobStorage", "typeProperties": { "sasUri": secret("x") },
            "connectVia": { "type": "IntegrationRuntimeReference", "referenceName": "gw2" } } });
        let (code, message) = fixture.put("/linkedservices/Two", body).await.error(400);
        assert_eq!(code, "SL5001");
        assert!(message.contains("gw2"), "{message}");
        fixture.stop().await;
    });
}

#[test]
fn keys_and_tokens_are_not_in_the_database() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let keys = fixture
            .call(
                Method::POST,
                &format!("{F}/integrationRuntimes/gw1/listAuthKeys"),
                &[],
                None,
            )
            .await
            .ok();
        let secret = keys["authKey1"]
            .as_str()
            .unwrap()
            .rsplit('@')
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(search(fixture.dir.path(), &secret), Vec::<String>::new());
        let raw = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, &secret).unwrap();
        for entry in std::fs::read_dir(fixture.dir.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(32).any(|part| part == raw));
        }
        let where_token = search(fixture.dir.path(), &fixture.token);
        assert_eq!(where_token, [fixture.factory.admin_token_file().display().to_string()]);
        fixture.stop().await;
    });
}

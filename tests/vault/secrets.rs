//! Secrets that a linked service refers to: fetched by the node, never seen by the factory.

use super::{failed_stage, put_service, test_connection};
use serde_json::{Value, json};
use sluice_tests::documents::{End, file_parquet_sink, make_copy, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::{PASSWORD, Postgres};
use sluice_tests::secret_peer::{CLIENT_SECRET, SECRET_ID, SecretPeer};
use std::time::Duration;

fn secure(text: &str) -> Value {
    json!({ "type": "SecureString", "value": text })
}

fn store(name: &str) -> Value {
    json!({ "referenceName": name, "type": "LinkedServiceReference" })
}

fn service(kind: &str, properties: Value) -> Value {
    json!({ "properties": { "type": kind, "connectVia": { "referenceName": "gw", "type": "IntegrationRuntimeReference" },
        "typeProperties": properties } })
}

fn with_password(end: &End, reference: Value) -> End {
    end.clone().property("password", reference)
}

#[tokio::test]
async fn secrets_come_from_their_stores_to_the_node_and_nowhere_else() {
    let (factory, server, peer) = (Factory::start(), Postgres::start(), SecretPeer::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
        .await;
    let mut node = Gateway::registered(&factory, "gw").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets/pg");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let policy = format!(
        "[files]\nroots = ['/']\n[secrets]\nfiles = ['{}']\nenvironment = ['PG_WORD']\n",
        file.parent().unwrap().display()
    );
    std::fs::write(node.state().join("policy.toml"), policy).unwrap();
    node.boot_with(&[], &[("PG_WORD", PASSWORD)]);
    node.online(&factory).await;
    let rest = factory.rest();
    let (url, ca) = (peer.url(), peer.identity.ca_pem.clone());
    let vault = |secret: &str| {
        service(
            "AzureKeyVault",
            json!({ "baseUrl": url, "authority": url, "tenant": "tenant-1", "servicePrincipalId": "app-1",
            "servicePrincipalKey": secure(secret), "caCertificate": ca }),
        )
    };
    put_service(&rest, "kv", &vault(CLIENT_SECRET)).await;
    let hashicorp = json!({ "url": url, "roleId": "role-1", "secretId": secure(SECRET_ID), "caCertificate": ca });
    put_service(&rest, "hv", &service("HashiCorpVault", hashicorp)).await;
    peer.set("pg-password", PASSWORD);
    peer.set("apps/pg#password", PASSWORD);

    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        file_parquet_sink(folder.path(), "t.parquet"),
    );
    let azure = json!({ "type": "AzureKeyVaultSecret", "store": store("kv"), "secretName": "pg-password" });
    let references = [
        ("azure", azure.clone()),
        (
            "hashicorp",
            json!({ "type": "HashiCorpVaultSecret", "store": store("hv"), "path": "apps/pg", "key": "password" }),
        ),
        ("file", json!({ "type": "FileSecret", "path": file })),
        ("variable", json!({ "type": "EnvironmentSecret", "name": "PG_WORD" })),
    ];
    for (name, reference) in &references {
        make_copy(&rest, "gw", name, &with_password(&source, reference.clone()), &sink).await;
        rest.succeed(name, Duration::from_secs(60)).await;
    }
    // Cached: one more copy asks for nothing.
    let before = peer.log().len();
    rest.succeed("azure", Duration::from_secs(60)).await;
    assert_eq!(peer.log().len(), before, "{:?}", peer.log());

    // Changed at both ends: the login is refused once, and the secret fetched again.
    server.sql("ALTER USER sluice_test PASSWORD 'canary-changed'").await;
    peer.set("pg-password", "canary-changed");
    rest.succeed("azure", Duration::from_secs(60)).await;
    assert!(peer.log().len() > before);

    // A busy store is asked again; its refusals are told.
    let missing = json!({ "type": "AzureKeyVaultSecret", "store": store("kv"), "secretName": "missing" });
    make_copy(&rest, "gw", "missing", &with_password(&source, missing), &sink).await;
    peer.fail(&[503, 429]);
    let answer = test_connection(&rest, "missingSource").await;
    assert_eq!(
        failed_stage(&answer),
        ("credential".to_owned(), "SL5026".to_owned()),
        "{answer:#}"
    );
    assert!(answer.to_string().contains("A secret was not found"), "{answer:#}");
    peer.fail(&[500, 500, 500]);
    assert_eq!(failed_stage(&test_connection(&rest, "missingSource").await).1, "SL5027");
    // A redirect is not followed.
    peer.fail(&[302]);
    assert_eq!(failed_stage(&test_connection(&rest, "missingSource").await).1, "SL5026");
    put_service(&rest, "kv", &vault("canary-wrong")).await;
    let answer = test_connection(&rest, "missingSource").await;
    assert!(answer.to_string().contains("AADSTS7000215"), "{answer:#}");
    let hidden = json!({ "type": "FileSecret", "path": "/etc/passwd" });
    make_copy(&rest, "gw", "hidden", &with_password(&source, hidden), &sink).await;
    assert!(
        test_connection(&rest, "hiddenSource")
            .await
            .to_string()
            .contains("secrets.files")
    );

    // Whatever the node fetched, the factory has not seen.
    let database = std::fs::read(factory.state().join("factory.db")).unwrap();
    for canary in [PASSWORD, CLIENT_SECRET, SECRET_ID, "canary-changed", "canary-token"] {
        assert!(
            !factory.log().contains(canary) && !node.log().contains(canary),
            "{canary}"
        );
        assert!(
            !database.windows(canary.len()).any(|part| part == canary.as_bytes()),
            "{canary}"
        );
    }
}

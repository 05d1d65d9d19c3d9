//! `sluice encrypt`, and the linked service with what it prints.

use super::{failed_stage, put_service, test_connection};
use serde_json::{Value, json};
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::{self, Postgres};
use sluice_tests::tds::{DATABASE, PASSWORD, TdsPeer, USER};
use std::net::TcpListener;

/// Runs `sluice encrypt` with a secret on its standard input.
#[track_caller]
pub(super) fn encrypt(factory: &Factory, args: &[&str], secret: &str) -> Outcome {
    let mut command = sluice();
    command.arg("encrypt").args(factory.cli_args()).args(args);
    finish(command, Some(&format!("{secret}\n")))
}

pub(super) fn pin(node: &Gateway) -> String {
    let shown = node.ask(&["certificate", "show", "-o", "json"]).expect(0).json();
    shown[0]["thumbprint"].as_str().unwrap().to_owned()
}

fn seeds_service(connection_string: &str) -> Value {
    json!({ "name": "SqlServerLinkedService", "properties": { "type": "OnPremisesSqlServer", "typeProperties": {
        "connectionString": connection_string, "gatewayName": "gw" } } })
}

#[tokio::test]
async fn the_seeds_linked_service_works_as_written_and_a_changed_server_gets_no_packet() {
    let (factory, peer) = (Factory::start(), TdsPeer::start());
    let node = Gateway::start(&factory, "gw").await;
    let rest = factory.rest();
    let ca = peer.identity.ca_pem.clone();
    let place = |port: u16| format!("data source=127.0.0.1,{port};initial catalog={DATABASE};user id={USER}");
    let args = ["--gateway", "gw", "--pin", &pin(&node), "--type", "OnPremisesSqlServer"];
    let string = place(peer.port);
    let done = encrypt(
        &factory,
        &[&args[..], &["--connection-string", &string, "-o", "json"]].concat(),
        PASSWORD,
    )
    .expect(0);
    assert!(!format!("{}{}", done.stdout, done.stderr).contains(PASSWORD));
    let with_credential = done.json()["connectionString"].as_str().unwrap().to_owned();
    assert!(
        with_credential.contains(";EncryptedCredential=eyJ"),
        "{with_credential}"
    );

    let mut document = seeds_service(&with_credential);
    document["properties"]["typeProperties"]["caCertificate"] = ca.clone().into();
    put_service(&rest, "seed", &document).await;
    let answer = test_connection(&rest, "seed").await;
    assert_eq!(answer["succeeded"], true, "{answer:#}");
    // It is read back as it was written: the credential is no secret.
    let read = rest.get("linkedservices/seed").await.ok();
    assert_eq!(
        read["properties"]["typeProperties"]["connectionString"],
        with_credential.as_str()
    );

    // Whoever changes the server sends the password nowhere, whatever he calls the server.
    let evil = TcpListener::bind("127.0.0.1:0").unwrap();
    evil.set_nonblocking(true).unwrap();
    let port = evil.local_addr().unwrap().port();
    let credential = with_credential.split("EncryptedCredential=").nth(1).unwrap();
    for sly in [
        format!("{};EncryptedCredential={credential}", place(port)),
        format!("server=127.0.0.1,{port};{with_credential}"),
        format!("{with_credential};address=127.0.0.1,{port}"),
    ] {
        let mut changed = document.clone();
        changed["properties"]["typeProperties"]["connectionString"] = sly.clone().into();
        put_service(&rest, "seed", &changed).await;
        let answer = test_connection(&rest, "seed").await;
        assert_eq!(failed_stage(&answer).1, "SL5005", "{sly}: {answer:#}");
    }
    let mut moved = document.clone();
    moved["properties"]["typeProperties"]["server"] = format!("127.0.0.1,{port}").into();
    put_service(&rest, "seed", &moved).await;
    assert_eq!(failed_stage(&test_connection(&rest, "seed").await).1, "SL5005");
    let nobody = evil.accept().map(drop).map_err(|e| e.kind());
    assert_eq!(
        nobody,
        Err(std::io::ErrorKind::WouldBlock),
        "somebody connected to the new server"
    );
    assert!(!node.log().contains(PASSWORD) && !factory.log().contains(PASSWORD));
}

#[tokio::test]
async fn a_document_is_sealed_as_a_whole_and_runs() {
    let (factory, server) = (Factory::start(), Postgres::start());
    let node = Gateway::start(&factory, "gw").await;
    let rest = factory.rest();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Pg.json");
    let document = json!({ "name": "Pg", "properties": { "type": "PostgreSqlV2",
        "connectVia": { "referenceName": "gw", "type": "IntegrationRuntimeReference" },
        "typeProperties": { "server": "127.0.0.1", "port": server.port, "database": "postgres",
            "username": postgres::USER, "sslMode": 0 } } });
    std::fs::write(&file, document.to_string()).unwrap();
    let path = file.display().to_string();
    let sealed = encrypt(&factory, &["-f", &path, "--pin", &pin(&node)], postgres::PASSWORD)
        .expect(0)
        .json();
    put_service(&rest, "Pg", &sealed).await;
    let answer = test_connection(&rest, "Pg").await;
    assert_eq!(answer["succeeded"], true, "{answer:#}");

    // Another gateway cannot open it, and says so.
    let _other = Gateway::start(&factory, "other").await;
    let mut foreign = sealed.clone();
    foreign["properties"]["connectVia"]["referenceName"] = "other".into();
    put_service(&rest, "Foreign", &foreign).await;
    assert_eq!(failed_stage(&test_connection(&rest, "Foreign").await).1, "SL5002");
    // What Azure encrypted is not taken for a credential of ours.
    foreign["properties"]["typeProperties"]["encryptedCredential"] = "eyJDb25uZWN0aW9uU3RyaW5nIjoi".into();
    put_service(&rest, "Azure", &foreign).await;
    rest.post("linkedservices/Azure/testConnection", &json!({}))
        .await
        .expect_fault(400, "SL5023");
}

#[tokio::test]
async fn nothing_is_sealed_to_another_certificate_than_the_pinned_one() {
    let factory = Factory::start();
    let node = Gateway::registered(&factory, "gw").await;
    let other = Gateway::registered(&factory, "other").await;
    let args = ["--type", "SqlServer", "--server", "db", "--gateway", "gw", "--pin"];
    encrypt(&factory, &[&args[..], &[&pin(&node)]].concat(), "canary").expect(0);
    let outcome = encrypt(&factory, &[&args[..], &[&pin(&other)]].concat(), "canary").expect_fault("SL5025");
    assert!(outcome.stdout.is_empty());
    encrypt(&factory, &["--type", "SqlServer", "--gateway", "nowhere"], "canary").expect_fault("SL4003");
    encrypt(&factory, &["--type", "SqlServer", "--gateway", "gw"], "").expect(2);
}

/// Whoever is on the machine sees the command line.
#[tokio::test]
async fn a_password_on_the_command_line_is_refused() {
    let factory = Factory::start();
    factory.rest().make_gateway("gw").await;
    let string = "host=db;database=d;uid=u;password=canary-in-argv";
    for args in [["--connection-string", string], ["--set", "password=canary-in-argv"]] {
        let args = [&["--gateway", "gw", "--type", "PostgreSql"][..], &args].concat();
        let refused = encrypt(&factory, &args, PASSWORD).expect_fault("SL1001");
        assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    }
}

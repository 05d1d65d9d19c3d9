//! A node's certificate is renewed before it ends, and nobody is locked out by that.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rusqlite::Connection;
use serde_json::Value;
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn database(factory: &Factory) -> Connection {
    Connection::open(factory.state().join("factory.db")).unwrap()
}

/// The node's certificate, and when the factory takes it to end.
fn known(factory: &Factory) -> (String, DateTime<Utc>) {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?));
    let found = database(factory).query_row("SELECT fingerprint, expires FROM nodes", (), row);
    let (fingerprint, expires) = found.unwrap();
    (fingerprint, DateTime::from_timestamp_micros(expires).unwrap())
}

fn superseded(factory: &Factory) -> i64 {
    let sql = "SELECT count(*) FROM superseded_certificates";
    database(factory).query_row(sql, (), |row| row.get(0)).unwrap()
}

fn hex_of(pem: &str) -> String {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    digest(&SHA256, &der)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Gives the node a certificate of the factory's authority as it would be after `age` of its 30 days; its text.
fn age(factory: &mut Factory, node: &Gateway, days: i64) -> String {
    factory.kill9();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let home = factory.state();
    let authority = KeyPair::from_pem(&read(&home.join("ca.key"))).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&read(&home.join("ca.pem")), authority).unwrap();
    let key = KeyPair::from_pem(&read(&node.state().join("node.key"))).unwrap();
    let (from, to) = (
        Utc::now() - TimeDelta::days(days),
        Utc::now() + TimeDelta::days(30 - days),
    );
    let day = |at: DateTime<Utc>| rcgen::date_time_ymd(at.year(), at.month() as u8, at.day() as u8);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "node");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    (params.not_before, params.not_after) = (day(from), day(to));
    let pem = params.signed_by(&key, &issuer).unwrap().pem();
    std::fs::write(node.state().join("node.pem"), &pem).unwrap();
    let sql = "UPDATE nodes SET fingerprint = ?1, expires = ?2";
    database(factory)
        .execute(sql, (hex_of(&pem), to.timestamp_micros()))
        .unwrap();
    factory.restart();
    pem
}

fn status(node: &Gateway) -> Value {
    node.ask(&["status", "-o", "json"]).expect(0).json()
}

async fn connected(node: &Gateway) {
    until("the node to be connected", PATIENCE, || async {
        (status(node)["channel"]["state"] == "Connected").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_and_the_one_before_counts_until_its_end() {
    let mut factory = Factory::start();
    let mut node = Gateway::registered(&factory, "gw").await;
    let file = node.state().join("node.pem");
    let old = age(&mut factory, &node, 25);
    let aged = known(&factory);
    node.boot();
    let renewed = until("the certificate to be renewed", PATIENCE, || async {
        let now = known(&factory);
        (now.0 != aged.0 && std::fs::read_to_string(&file).unwrap() != old).then_some(now)
    })
    .await;
    assert!(renewed.1 > Utc::now() + TimeDelta::days(29), "{renewed:?}");
    let new = std::fs::read_to_string(&file).unwrap();
    assert_eq!(hex_of(&new), renewed.0);
    assert_eq!(superseded(&factory), 1);
    connected(&node).await;
    assert!(!status(&node).to_string().contains("SL8007"));

    // With the new one it comes back, also to a factory that was started since.
    node.kill9();
    factory.restart();
    node.boot();
    connected(&node).await;
    assert_eq!(known(&factory), renewed);

    // A node that died before it had written the new one down is not locked out: the old one counts, and is renewed again.
    node.kill9();
    std::fs::write(&file, &old).unwrap();
    node.boot();
    until("another renewal", PATIENCE, || async {
        (known(&factory).0 != renewed.0).then_some(())
    })
    .await;
    connected(&node).await;

    // It does not count beyond its end, nor on a node that was removed.
    node.kill9();
    std::fs::write(&file, &old).unwrap();
    database(&factory)
        .execute("UPDATE superseded_certificates SET expires = 1", ())
        .unwrap();
    factory.restart();
    node.boot();
    until("the old certificate to be refused", PATIENCE, || async {
        status(&node).to_string().contains("SL2009").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_removed_node_has_no_certificate_left_that_counts() {
    let mut factory = Factory::start();
    let mut node = Gateway::registered(&factory, "gw").await;
    let file = node.state().join("node.pem");
    let old = age(&mut factory, &node, 25);
    node.boot();
    until("the certificate to be renewed", PATIENCE, || async {
        (std::fs::read_to_string(&file).unwrap() != old).then_some(())
    })
    .await;
    factory.rest().delete("integrationRuntimes/gw/nodes/node1").await.ok();
    assert_eq!(superseded(&factory), 0);
    node.kill9();
    std::fs::write(&file, &old).unwrap();
    node.boot();
    until("the old certificate to be refused", PATIENCE, || async {
        status(&node).to_string().contains("SL2009").then_some(())
    })
    .await;
}

//! Certificates and private files.

use crate::pki::{Ca, NodeCertificate, ServerIdentity, WrappingKey, files};
use sluice_contract::{Code, GatewayId, NodeId};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_ca_and_the_server_certificate_are_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::open(dir.path(), "d1").unwrap();
    let first = ServerIdentity::open(dir.path(), &ca, &names(&["localhost", "127.0.0.1", "::1"])).unwrap();
    let again = Ca::open(dir.path(), "d1").unwrap();
    assert_eq!(ca.pin, again.pin);
    let second = ServerIdentity::open(dir.path(), &again, &names(&["localhost", "127.0.0.1", "::1"])).unwrap();
    assert_eq!(first.chain, second.chain);
    assert_eq!(first.chain.len(), 2, "leaf and CA are sent");
    for file in ["ca.key", "ca.pem", "server.key", "server.pem"] {
        let mode = std::fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn another_name_or_another_ca_makes_a_new_server_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::open(dir.path(), "d1").unwrap();
    let first = ServerIdentity::open(dir.path(), &ca, &names(&["localhost"])).unwrap();
    let named = ServerIdentity::open(dir.path(), &ca, &names(&["localhost", "factory.example.com"])).unwrap();
    assert_ne!(first.chain[0], named.chain[0]);
    let other = Ca::open(tempfile::tempdir().unwrap().path(), "d2").unwrap();
    let moved = ServerIdentity::open(dir.path(), &other, &names(&["localhost", "factory.example.com"])).unwrap();
    assert_ne!(named.chain[0], moved.chain[0]);
    let fault = ServerIdentity::open(dir.path(), &ca, &names(&["bad\u{fc}name"]))
        .err()
        .unwrap();
    assert_eq!(fault.code, Code::ConfigInvalid);
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Ca::open(dir.path(), "d1").unwrap();
    std::fs::set_permissions(dir.path().join("ca.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let fault = Ca::open(dir.path(), "d1").err().unwrap();
    assert!(fault.message.contains("chmod 600"), "{fault}");
}

#[test]
fn a_ca_without_its_key_is_not_replaced_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    Ca::open(dir.path(), "d1").unwrap();
    std::fs::remove_file(dir.path().join("ca.key")).unwrap();
    assert!(Ca::open(dir.path(), "d1").is_err());
}

#[test]
fn only_the_key_of_a_request_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::open(dir.path(), "d1").unwrap();
    let (csr, key) = super::node::request();
    let (gateway, node) = (GatewayId::from("g1"), NodeId::from("n1"));
    let issued = NodeCertificate::issue(&ca, &csr, "d1", &gateway, &node).unwrap();
    let (_, block) = x509_parser::pem::parse_x509_pem(issued.pem.as_bytes()).unwrap();
    let certificate = block.parse_x509().unwrap();
    assert_eq!(issued.fingerprint, crate::wire::sha256_hex(&block.contents));
    assert_eq!(
        certificate.public_key().subject_public_key.data.as_ref(),
        rcgen::PublicKeyData::der_bytes(&key)
    );
    let shown = format!("{:?}", certificate.subject_alternative_name().unwrap().unwrap().value);
    assert!(shown.contains("spiffe://d1/gateway/g1/node/n1"), "{shown}");
    assert!(!shown.contains("i-am-the-factory"), "{shown}");
    assert!(certificate.subject().to_string().contains("CN=n1"));
    assert!(!certificate.is_ca());
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth);
}

#[test]
fn a_request_that_is_not_signed_by_its_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::open(dir.path(), "d1").unwrap();
    let (csr, _) = super::node::request();
    let (_, block) = x509_parser::pem::parse_x509_pem(csr.as_bytes()).unwrap();
    let mut der = block.contents.clone();
    let last = der.len() - 1;
    der[last] ^= 1;
    let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &der);
    let damaged = format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n");
    for wrong in ["", "junk", damaged.as_str()] {
        let issued = NodeCertificate::issue(&ca, wrong, "d1", &GatewayId::from("g"), &NodeId::from("n"));
        assert_eq!(issued.err().unwrap().code, Code::CsrInvalid, "{wrong}");
    }
}

#[test]
fn wrapped_secrets_open_for_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let key = WrappingKey::open(dir.path()).unwrap();
    let wrapped = key.wrap("gw1", b"secret").unwrap();
    let same = WrappingKey::open(dir.path()).unwrap();
    assert_eq!(same.unwrap("gw1", &wrapped).unwrap().as_slice(), b"secret");
    assert!(same.unwrap("gw2", &wrapped).is_err());
    assert!(same.unwrap("gw1", &wrapped[..20]).is_err());
    let other = WrappingKey::open(tempfile::tempdir().unwrap().path()).unwrap();
    assert!(other.unwrap("gw1", &wrapped).is_err());
}

#[test]
fn private_files_are_replaced_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.key");
    std::fs::write(dir.path().join("x.new"), "left by a crash").unwrap();
    files::write_private(&file, b"one").unwrap();
    files::write_private(&file, b"two").unwrap();
    assert_eq!(files::read_private(&file).unwrap().unwrap(), b"two");
    assert!(!dir.path().join("x.new").exists());
}

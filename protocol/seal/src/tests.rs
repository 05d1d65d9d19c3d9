//! Round trips, and everything that has to be refused.

mod foreign;
mod refused;
mod round_trip;
mod tampered;

use crate::{GatewayKey, KeyKind, KeyRing, generate_key_of};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use sluice_contract::sealed::{Plaintext, Secrets, VERSION};
use sluice_contract::{Code, Fault};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const CANARY: &str = "canary-p\u{e4}ss\"word\\1";

/// One key of each kind for all tests: an RSA key takes a second to make.
fn key(kind: KeyKind) -> &'static GatewayKey {
    static RSA: OnceLock<GatewayKey> = OnceLock::new();
    static P256: OnceLock<GatewayKey> = OnceLock::new();
    let cell = match kind {
        KeyKind::Rsa3072 => &RSA,
        KeyKind::P256 => &P256,
    };
    cell.get_or_init(|| generate_key_of(kind, "test gateway").unwrap())
}

fn ring(kind: KeyKind) -> KeyRing {
    let mut ring = KeyRing::new();
    ring.insert(&key(kind).certificate_pem, &key(kind).pkcs8).unwrap();
    ring
}

fn plaintext() -> Plaintext {
    let mut secret = Secrets::new();
    secret.insert("password", CANARY);
    Plaintext {
        v: VERSION,
        kind: "PostgreSqlV2".to_owned(),
        bind: BTreeMap::from([("server".to_owned(), "db.local".to_owned())]),
        secret,
        iat: 1_700_000_000,
        by: "alice".to_owned(),
    }
}

fn sealed(kind: KeyKind) -> String {
    crate::seal(&key(kind).certificate_pem, &plaintext()).unwrap()
}

/// The five parts of a token, decoded.
fn parts(token: &str) -> Vec<Vec<u8>> {
    token.split('.').map(|part| BASE64.decode(part).unwrap()).collect()
}

fn join(parts: &[Vec<u8>]) -> String {
    parts
        .iter()
        .map(|part| BASE64.encode(part))
        .collect::<Vec<_>>()
        .join(".")
}

/// The same token with its header's text changed.
fn with_header(token: &str, change: impl Fn(&str) -> String) -> String {
    let mut parts = parts(token);
    let header = String::from_utf8(parts[0].clone()).unwrap();
    let changed = change(&header);
    assert_ne!(header, changed, "the header was not changed");
    parts[0] = changed.into_bytes();
    join(&parts)
}

fn refusal(ring: &KeyRing, token: &str) -> Fault {
    let fault = ring.open(token).expect_err("the token was opened");
    assert!(!fault.message.contains("canary"), "{fault}");
    fault
}

fn code(ring: &KeyRing, token: &str) -> Code {
    refusal(ring, token).code
}

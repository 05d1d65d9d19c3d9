//! A sealed credential: a token as it comes, and a good one with one part replaced, so that the parts behind the
//! thumbprint are reached.
#![no_main]

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use libfuzzer_sys::fuzz_target;
use sluice_contract::Code;
use sluice_contract::sealed::{Plaintext, Secrets, VERSION};
use sluice_seal::{KeyKind, KeyRing, generate_key_of, seal};
use std::sync::OnceLock;

/// Stands for the thumbprint of the key, which is another in every run.
const THUMBPRINT: &str = "THUMBPRINT";

struct House {
    ring: KeyRing,
    thumbprint: String,
    token: String,
}

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let key = generate_key_of(KeyKind::P256, "fuzz").expect("a key");
        let mut ring = KeyRing::new();
        let thumbprint = ring.insert(&key.certificate_pem, &key.pkcs8).expect("a pair");
        let mut secret = Secrets::new();
        secret.insert("password", "canary");
        let plaintext = Plaintext {
            v: VERSION,
            kind: "PostgreSqlV2".to_owned(),
            bind: [("server".to_owned(), "db".to_owned())].into(),
            secret,
            iat: 1,
            by: String::new(),
        };
        let token = seal(&key.certificate_pem, &plaintext).expect("a token");
        assert!(ring.open(&token).is_ok());
        House {
            ring,
            thumbprint,
            token,
        }
    })
}

fn open(token: &str) {
    let house = house();
    if let Err(fault) = house.ring.open(token) {
        let known = [Code::SealedInvalid, Code::UnknownCertificate, Code::DecryptFailed];
        assert!(known.contains(&fault.code), "{fault}");
    } else {
        assert_eq!(token, house.token, "a token that nobody sealed was opened");
    }
    let _ = sluice_seal::recipient(token);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((which, rest)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest).replace(THUMBPRINT, &house().thumbprint);
    let mut parts: Vec<String> = house().token.split('.').map(str::to_owned).collect();
    match which % 7 {
        6 => return open(&text),
        5 => {
            parts.extend([text]);
        }
        0 => parts[0] = BASE64.encode(text),
        part => parts[usize::from(part)] = BASE64.encode(rest),
    }
    open(&parts.join("."));
    // What is inside, had it been sealed by somebody else. It is never printed.
    if let Ok(plaintext) = serde_json::from_slice::<Plaintext>(rest) {
        let _ = (format!("{plaintext:?}"), plaintext.encode());
    }
});

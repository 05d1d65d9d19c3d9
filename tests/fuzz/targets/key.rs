//! A registration key as a person pastes it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_contract::Code;
use sluice_contract::enrol::RegistrationKey;

fuzz_target!(|text: &str| {
    match RegistrationKey::parse(text) {
        Err(fault) => {
            assert_eq!(fault.code, Code::KeyInvalid);
            // A key is a secret, whatever is wrong with it.
            let secret = text.trim().rsplit('@').next().unwrap_or_default();
            let is_secret = secret.len() >= 40 && secret.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            assert!(!is_secret || !fault.message.contains(secret), "{}", fault.message);
        }
        Ok(key) => {
            let again = RegistrationKey::parse(&key.expose()).expect("what was read can be written");
            assert!(again == key);
            // Unless somebody named the gateway after its secret.
            let exposed = key.expose();
            let (named, secret) = exposed.rsplit_once('@').expect("a secret");
            assert!(named.contains(secret) || !format!("{key:?}").contains(secret));
        }
    }
});

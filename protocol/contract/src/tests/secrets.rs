//! No secret is left in a document, wherever a client puts it.

use super::json::unknown_members;
use crate::Object;
use crate::document::{MASK, StoreProperties, carry_over, take_secrets};
use crate::sealed::{Plaintext, Secrets, VERSION};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a password may look like: everything that means something to a parser is in it. The canary is at both ends, so
/// that half a secret is found, too.
fn canary() -> impl Strategy<Value = String> {
    "[;=.'\"{}?&/@: a-z%\\\\-]{0,12}".prop_map(|middle| format!("canary{middle}canary"))
}

/// The spellings of a connection string's value that every dialect agrees on.
fn quoted(secret: &str) -> Vec<String> {
    let plain = !secret.contains([';', '\'', '"', '{', '}', '=', ' ']);
    let mut all = vec![
        format!("\"{}\"", secret.replace('"', "\"\"")),
        format!("'{}'", secret.replace('\'', "''")),
        format!("{{{}}}", secret.replace('}', "}}")),
    ];
    if plain {
        all.push(secret.to_owned());
    }
    all
}

fn take(value: Value) -> (Object, Secrets) {
    let mut object = value.as_object().cloned().unwrap();
    let secrets = take_secrets(&mut object);
    (object, secrets)
}

fn clean(object: &Object) -> bool {
    !Value::Object(object.clone()).to_string().contains("canary")
}

proptest! {
    #[test]
    fn a_secure_string_is_taken_under_any_name_and_at_any_depth(
        name in "[a-zA-Z]{7,12}", secret in canary(), kind in "[sS]ecure[sS]tring", others in unknown_members(),
    ) {
        let hidden = json!({"type": kind, "value": secret});
        let (left, secrets) = take(json!({"outer": {"b": [1, {name.clone(): hidden}]}, "others": others, name.clone(): hidden}));
        prop_assert!(clean(&left), "{:?}", left);
        prop_assert_eq!(secrets.get(&name), Some(secret.as_str()));
        prop_assert_eq!(secrets.get(&format!("outer.b[1].{name}")), Some(secret.as_str()));
        prop_assert!(carry_over(&left));
    }

    #[test]
    fn a_secret_property_is_taken_as_plain_text(
        name in proptest::sample::select(&["password", "PASSWORD", "accountKey", "sasToken", "sasUri", "servicePrincipalKey",
            "accessToken", "functionKey", "apiKey", "secretAccessKey", "clientSecret", "privateKeyContent", "passPhrase",
            "key", "credential", "proxyPassword", "pwd"][..]),
        secret in canary(),
    ) {
        let (left, secrets) = take(json!({name: secret, "auth": {name: secret, "list": [{name: secret}]}}));
        prop_assert!(clean(&left), "{:?}", left);
        prop_assert_eq!(secrets.get(name), Some(secret.as_str()));
        prop_assert_eq!(left["auth"]["list"][0][name]["value"].as_str(), Some(MASK));
    }

    #[test]
    fn a_password_leaves_the_connection_string(
        name in proptest::sample::select(&["Password", "pwd", "PASSWORD", "AccountKey", "SharedAccessKey", "Account Key",
            "SharedAccessSignature", "Client Secret", "Access Token"][..]),
        secret in canary(), spelling in 0..4_usize, place in 0..4_usize,
    ) {
        let spellings = quoted(&secret);
        let value = &spellings[spelling % spellings.len()];
        let mut parts = vec!["Host=db.local".to_owned(), "Database=x".to_owned(), "Timeout=3".to_owned()];
        parts.insert(place, format!("{name}={value}"));
        let text = parts.join(";");
        let (left, secrets) = take(json!({"connectionString": text}));
        prop_assert!(clean(&left), "{} left {:?}", text, left);
        prop_assert_eq!(secrets.get("connectionString"), Some(text.as_str()));
        let public = left["connectionString"].as_str().unwrap();
        prop_assert_eq!(public, "Host=db.local;Database=x;Timeout=3");
        // The password changes nothing about where the credential may go.
        let with = |public: Object, secrets: Secrets| StoreProperties { kind: "K".to_owned(), public, secrets }.binding();
        prop_assert_eq!(with(left.clone(), Secrets::new()), with(left, secrets));
    }

    #[test]
    fn nothing_of_a_secret_is_printed(secret in canary(), name in "[a-zA-Z]{1,12}") {
        let mut secrets = Secrets::new();
        secrets.insert(&name, &secret);
        let store = StoreProperties { kind: "K".to_owned(), public: Object::new(), secrets: secrets.clone() };
        let text = format!("Password={secret}");
        let parsed = crate::document::ConnectionString::parse(&text);
        let plaintext = Plaintext { v: VERSION, kind: "K".to_owned(), bind: BTreeMap::new(), secret: secrets, iat: 0, by: String::new() };
        let printed = format!("{store:?} {plaintext:?}");
        prop_assert!(!printed.contains("canary"));
        let names = format!("{parsed:?}");
        prop_assert!(!names.contains("canary") || secret.contains('='), "{}", names);
        let back: Plaintext = serde_json::from_slice(&plaintext.encode()).unwrap();
        prop_assert_eq!(back.secret.get(&name), Some(secret.as_str()));
    }
}

#[test]
fn secrets_in_addresses_leave_the_document() {
    for (address, public) in [
        ("https://u:canary@host/x?y=1", "https://u@host/x?y=1"),
        (
            "mongodb://u:canary@h1:1,h2:2/db?replicaSet=r",
            "mongodb://u@h1:1,h2:2/db?replicaSet=r",
        ),
        ("mongodb+srv://u:canary@h/", "mongodb+srv://u@h/"),
        ("postgres://u:can/ary-canary@h/db", "postgres://u@h/db"),
        ("postgres://:canary@h", "postgres://@h"),
        (
            "https://a.blob.core.windows.net/c?sv=1&sig=canary&se=2",
            "https://a.blob.core.windows.net/c?sv=1&se=2",
        ),
        (
            "https://a.blob.core.windows.net/c?SIG=canary",
            "https://a.blob.core.windows.net/c",
        ),
        (
            "jdbc:postgresql://h/db?user=u&password=canary",
            "jdbc:postgresql://h/db?user=u",
        ),
    ] {
        for name in ["url", "serviceUri", "connectionString"] {
            let (left, secrets) = take(json!({ name: address }));
            assert_eq!(left[name], public, "{address}");
            assert_eq!(secrets.get(name), Some(address));
        }
    }
    let (left, _) = take(json!({"connectionString": "jdbc:sqlserver://h;user=u;password={can;ary=canary}"}));
    assert!(clean(&left), "{left:?}");
}

#[test]
fn what_is_public_stays_public() {
    for value in [
        json!({"url": "https://host:8080/a@b?x=1"}),
        json!({"url": "https://user@host/"}),
        json!({"url": "mongodb://h1:1,h2:2/db"}),
        json!({"serviceEndpoint": "https://a.blob.core.windows.net/"}),
        json!({"server": "tcp:h,1433", "query": "SELECT 'a://b:c@d'"}),
        json!({"connectionString": "Host=db;Database=x;SharedAccessKeyName=n"}),
        json!({"password": {"type": "AzureKeyVaultSecret", "store": {"referenceName": "kv"}, "secretName": "s"}}),
        json!({"password": ""}),
        json!({"password": null}),
        json!({"password": {"type": "SecureString", "value": null}}),
        json!({"encryptedCredential": "a.b.c.d.e"}),
        json!({"tokenType": "Bearer", "secretName": "s", "accessKeyId": "AKIA", "port": 5432}),
    ] {
        let (left, secrets) = take(value.clone());
        assert_eq!(Value::Object(left), value);
        assert!(secrets.is_empty(), "{value}: {secrets:?}");
    }
}

#[test]
fn a_secure_string_without_its_type_is_one() {
    let (left, secrets) =
        take(json!({"password": {"value": "canary"}, "connectionString": {"value": "Host=db;Pwd=canary"}}));
    assert!(clean(&left), "{left:?}");
    assert_eq!(secrets.get("password"), Some("canary"));
    assert_eq!(secrets.get("connectionString"), Some("Host=db;Pwd=canary"));
    let (left, secrets) = take(json!({"password": 12345}));
    assert_eq!(secrets.get("password"), Some("12345"));
    assert!(!Value::Object(left).to_string().contains("12345"));
}

#[test]
fn masks_are_found_at_any_depth() {
    let mask = json!({"type": "SecureString", "value": MASK});
    for value in [
        json!({"a": mask}),
        json!({"a": {"b": mask}}),
        json!({"a": [{"b": [mask]}]}),
    ] {
        assert!(carry_over(value.as_object().unwrap()));
        let (left, secrets) = take(value.clone());
        assert!(secrets.is_empty() && Value::Object(left) == value);
    }
    assert!(!carry_over(json!({"a": MASK}).as_object().unwrap()));
}

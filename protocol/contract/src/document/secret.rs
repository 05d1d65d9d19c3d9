//! Taking the secrets out of a linked service before it is stored.

use super::address::without_address_secrets;
use super::properties::ConnectionString;
use crate::Object;
use crate::sealed::Secrets;
use serde_json::{Value, json};

/// What a stored secret reads as, as in Azure.
pub const MASK: &str = "**********";

/// Properties that are secret even when a client sends them as a plain string, besides those of [`secret_part`].
const SECRET_PROPERTIES: &[&str] = &["sasUri", "functionKey", "privateKeyContent", "key", "credential"];

/// Endings of the names of secret properties and of secret parts of a connection string.
const SECRET_ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "accountkey",
    "accesskey",
    "secretkey",
    "privatekey",
    "principalkey",
    "apikey",
    "sharedaccesskey",
    "sharedaccesssignature",
    "secret",
    "token",
    "credentials",
];

pub(super) fn secret_part(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn secret_property(name: &str) -> bool {
    secret_part(name) || SECRET_PROPERTIES.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

/// Moves every secret of a linked service's `typeProperties` out of them, at any depth.
///
/// A `SecureString` stays as the mask; a connection string or an address keeps its public parts, and the whole of it is
/// the secret. A secret inside another object goes by its path, such as `authHeaders.x-api-key` or `keys[0]`.
/// A value that *is* the mask is left alone: the client sent back what it read (see [`carry_over`]).
pub fn take_secrets(type_properties: &mut Object) -> Secrets {
    let mut secrets = Secrets::new();
    for (name, value) in type_properties.iter_mut() {
        take(name, name, value, &mut secrets);
    }
    secrets
}

fn take(name: &str, path: &str, value: &mut Value, secrets: &mut Secrets) {
    if name.eq_ignore_ascii_case("encryptedCredential") {
        return;
    }
    if let Some(text) = secure_string(value) {
        if text != MASK {
            secrets.insert(path, text);
            *value = masked();
        }
        return;
    }
    match value {
        Value::String(text) if secret_property(name) && text != MASK && !text.is_empty() => {
            secrets.insert(path, std::mem::take(text));
            *value = masked();
        }
        Value::Number(number) if secret_property(name) => {
            secrets.insert(path, number.to_string());
            *value = masked();
        }
        Value::String(text) => {
            if let Some(public) = public_part(name, text) {
                secrets.insert(path, std::mem::replace(text, public));
            }
        }
        Value::Object(object) => {
            let reference = is_reference(object);
            for (key, inner) in object.iter_mut() {
                // Where a secret is kept is none: a reference's `key` names one of several in its store.
                if reference && REFERENCE.contains(&key.to_ascii_lowercase().as_str()) && inner.is_string() {
                    continue;
                }
                take(key, &format!("{path}.{key}"), inner, secrets);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                take(name, &format!("{path}[{i}]"), item, secrets);
            }
        }
        _ => {}
    }
}

/// The members by which a reference says where a secret is, in lower case.
const REFERENCE: &[&str] = &["key", "path", "name", "secretname", "secretversion", "version"];

/// Whether an object says where a secret is kept, in place of the secret.
fn is_reference(object: &crate::Object) -> bool {
    let kinds = [
        "AzureKeyVaultSecret",
        "HashiCorpVaultSecret",
        "FileSecret",
        "EnvironmentSecret",
    ];
    super::text(object, "type").is_some_and(|kind| kinds.iter().any(|known| known.eq_ignore_ascii_case(kind)))
}

/// Whether a client sent back masked secrets, so that the stored credential has to be kept.
pub fn carry_over(type_properties: &Object) -> bool {
    type_properties.values().any(has_mask)
}

fn has_mask(value: &Value) -> bool {
    match value {
        _ if secure_string(value).as_deref() == Some(MASK) => true,
        Value::Object(object) => object.values().any(has_mask),
        Value::Array(items) => items.iter().any(has_mask),
        _ => false,
    }
}

fn masked() -> Value {
    json!({ "type": "SecureString", "value": MASK })
}

fn secure_string(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    let named = match super::member(object, "type") {
        Some(kind) => kind.as_str()?.eq_ignore_ascii_case("SecureString"),
        // azure-mgmt-datafactory 10.0.0 drops the `type` of a SecureString built with keyword arguments.
        None => object.len() == 1,
    };
    match super::member(object, "value").filter(|_| named)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What may be seen of a text that has a secret in it; `None` when it has none.
fn public_part(name: &str, text: &str) -> Option<String> {
    let address = without_address_secrets(text);
    if !name.to_ascii_lowercase().ends_with("string") {
        return address;
    }
    let parsed = ConnectionString::parse(address.as_deref().unwrap_or(text));
    if parsed.names().any(secret_part) {
        return Some(parsed.without(secret_part));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(mut value: Value) -> (Value, Secrets) {
        let secrets = take_secrets(value.as_object_mut().unwrap());
        (value, secrets)
    }

    #[test]
    fn secrets_leave_the_document() {
        let (left, secrets) = take(json!({
            "server": "db", "password": {"type": "SecureString", "value": "canary-1"},
            "accountKey": "canary-2",
            "connectionString": "Host=db;Password=canary-3;Database=x",
            "url": "https://u:canary-4@host/x",
        }));
        assert!(!left.to_string().contains("canary"), "{left}");
        assert!(!format!("{secrets:?}").contains("canary"));
        assert_eq!(secrets.get("PASSWORD"), Some("canary-1"));
        assert_eq!(
            secrets.get("connectionString"),
            Some("Host=db;Password=canary-3;Database=x")
        );
        assert_eq!(left["connectionString"], "Host=db;Database=x");
        assert_eq!(left["password"], masked());
        assert_eq!(left["server"], "db");
    }

    #[test]
    fn a_mask_sent_back_is_no_secret() {
        let value = json!({ "password": masked(), "server": "db" });
        assert!(carry_over(value.as_object().unwrap()));
        let (left, secrets) = take(value.clone());
        assert!(secrets.is_empty());
        assert_eq!(left, value);
    }

    #[test]
    fn a_key_vault_reference_is_no_secret() {
        let value = json!({ "password": {"type": "AzureKeyVaultSecret", "store": {"referenceName": "kv", "type": "LinkedServiceReference"}, "secretName": "s"} });
        let (left, secrets) = take(value.clone());
        assert!(secrets.is_empty());
        assert_eq!(left, value);
        let value = json!({ "password": {"type": "HashiCorpVaultSecret", "store": {"referenceName": "v"}, "path": "a/b", "key": "k" } });
        assert_eq!(take(value.clone()).0, value);
        // What else stands beside it is one.
        let sly =
            json!({ "password": {"type": "HashiCorpVaultSecret", "path": "a/b", "key": "k", "password": "canary" } });
        let (left, secrets) = take(sly);
        assert!(!left.to_string().contains("canary") && !secrets.is_empty(), "{left}");
    }
}

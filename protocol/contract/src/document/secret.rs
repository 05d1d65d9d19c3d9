//! Taking the secrets out of a linked service before it is stored.

use super::properties::ConnectionString;
use crate::Object;
use crate::sealed::Secrets;
use serde_json::{Value, json};

/// What a stored secret reads as, as in Azure.
pub const MASK: &str = "**********";

/// Properties that are secret even when a client sends them as a plain string.
const SECRET_PROPERTIES: &[&str] = &[
    "password",
    "accountKey",
    "sasToken",
    "sasUri",
    "servicePrincipalKey",
    "accessToken",
    "functionKey",
    "apiKey",
    "secretAccessKey",
    "clientSecret",
    "privateKeyContent",
    "passPhrase",
    "key",
    "credential",
];

/// Parts of a connection string that are secret.
fn secret_part(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    [
        "password",
        "pwd",
        "accountkey",
        "sharedaccesskey",
        "sharedaccesssignature",
        "secret",
        "token",
        "apikey",
    ]
    .iter()
    .any(|part| name.ends_with(part))
}

/// Moves every secret of a linked service's `typeProperties` out of them.
///
/// A `SecureString` stays as the mask; a connection string keeps its public parts, and the whole of it is the secret.
/// A value that *is* the mask is left alone: the client sent back what it read (see [`carry_over`]).
pub fn take_secrets(type_properties: &mut Object) -> Secrets {
    let mut secrets = Secrets::new();
    for (name, value) in type_properties.iter_mut() {
        if name.eq_ignore_ascii_case("encryptedCredential") {
            continue;
        }
        if let Some(text) = secure_string(value) {
            if text != MASK {
                secrets.insert(name.clone(), text);
                *value = masked();
            }
        } else if let Value::String(text) = value {
            if name.eq_ignore_ascii_case("connectionString") {
                let parsed = ConnectionString::parse(text);
                if parsed.names().any(secret_part) {
                    secrets.insert(name.clone(), text.clone());
                    *text = parsed.without(secret_part);
                }
            } else if SECRET_PROPERTIES.iter().any(|secret| secret.eq_ignore_ascii_case(name))
                && text != MASK
                && !text.is_empty()
            {
                secrets.insert(name.clone(), text.clone());
                *value = masked();
            } else if let Some(public) = without_url_password(text) {
                secrets.insert(name.clone(), text.clone());
                *text = public;
            }
        }
    }
    secrets
}

/// Whether a client sent back masked secrets, so that the stored credential has to be kept.
pub fn carry_over(type_properties: &Object) -> bool {
    type_properties
        .values()
        .any(|value| secure_string(value).as_deref() == Some(MASK))
}

fn masked() -> Value {
    json!({ "type": "SecureString", "value": MASK })
}

fn secure_string(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    if !super::text(object, "type")?.eq_ignore_ascii_case("SecureString") {
        return None;
    }
    match super::member(object, "value")? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// `scheme://user:password@host/..` without the password.
fn without_url_password(text: &str) -> Option<String> {
    let mut url = url::Url::parse(text).ok()?;
    url.password()?;
    url.set_password(None).ok()?;
    Some(url.into())
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
    }
}

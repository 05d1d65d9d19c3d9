//! A credential that stands in a linked service because its client encrypted it before.

use super::properties::ConnectionString;
use super::{member, text};
use crate::Object;
use serde_json::Value;

/// Where it stands in a connection string: `data source=..;EncryptedCredential=..`.
const PART: &str = "EncryptedCredential";
/// Where it stands beside one.
const MEMBER: &str = "encryptedCredential";

/// A credential that a linked service brings with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// A compact JWE, sealed to a gateway.
    Sealed(String),
    /// Encrypted by Azure Data Factory: only its own gateways open that.
    Foreign,
}

/// The credential in a linked service's `typeProperties`, and the properties without it.
pub fn inline_credential(properties: &Object) -> (Option<Inline>, Object) {
    let mut rest = properties.clone();
    let mut found = None;
    rest.retain(|name, value| {
        let is_it = name.eq_ignore_ascii_case(MEMBER);
        if is_it && let Some(text) = value.as_str().filter(|text| !text.trim().is_empty()) {
            found = Some(kind_of(text));
        }
        !is_it
    });
    if let Some(text) = text(properties, "connectionString") {
        let parsed = ConnectionString::parse(text);
        if let Some(inside) = parsed.get(&[PART]) {
            found = found.or_else(|| Some(kind_of(inside)));
            let without = parsed.without(|name| name.eq_ignore_ascii_case(PART));
            if let Some((_, value)) = rest
                .iter_mut()
                .find(|(name, _)| name.eq_ignore_ascii_case("connectionString"))
            {
                *value = Value::String(without);
            }
        }
    }
    (found, rest)
}

/// Five parts with two dots in a row at most are a JWE; Azure's are base64 in one piece.
fn kind_of(text: &str) -> Inline {
    let text = text.trim();
    match text.split('.').count() {
        5 => Inline::Sealed(text.to_owned()),
        _ => Inline::Foreign,
    }
}

/// The linked services that secrets of these properties refer to: the stores of secrets that a node asks.
pub fn secret_stores(properties: &Object) -> Vec<String> {
    let mut names = Vec::new();
    for value in properties.values() {
        collect(value, &mut names);
    }
    names.sort();
    names.dedup();
    names
}

fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let is_secret = text(object, "type").is_some_and(|kind| kind.to_ascii_lowercase().ends_with("secret"));
            if is_secret && let Some(name) = member(object, "store").and_then(super::reference) {
                names.push(name.to_owned());
            }
            object.values().for_each(|inner| collect(inner, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value) -> (Option<Inline>, Value) {
        let (found, rest) = inline_credential(value.as_object().unwrap());
        (found, Value::Object(rest))
    }

    #[test]
    fn a_credential_is_found_in_both_places() {
        let sealed = Some(Inline::Sealed("a.b.c.d.e".to_owned()));
        let seed = json!({ "connectionString": "data source=s;initial catalog=d;EncryptedCredential=a.b.c.d.e", "gatewayName": "g" });
        let left = json!({ "connectionString": "data source=s;initial catalog=d", "gatewayName": "g" });
        assert_eq!(of(seed), (sealed.clone(), left));
        let beside = json!({ "server": "s", "encryptedCredential": "a.b.c.d.e" });
        assert_eq!(of(beside), (sealed, json!({ "server": "s" })));
        let azure = json!({ "server": "s", "EncryptedCredential": "eyJDb25uZWN0aW9uU3RyaW5nIjoi" });
        assert_eq!(of(azure), (Some(Inline::Foreign), json!({ "server": "s" })));
        let none = json!({ "server": "s", "connectionString": "a=b" });
        assert_eq!(of(none.clone()), (None, none));
    }

    #[test]
    fn stores_of_secrets_are_found_at_any_depth() {
        let reference = |store: &str| json!({ "type": "AzureKeyVaultSecret", "store": { "referenceName": store, "type": "LinkedServiceReference" }, "secretName": "s" });
        let properties = json!({ "password": reference("kv"), "a": [{ "b": reference("kv2") }], "c": { "type": "SecureString", "value": "x" } });
        assert_eq!(secret_stores(properties.as_object().unwrap()), ["kv", "kv2"]);
    }
}

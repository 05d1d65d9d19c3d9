//! Linked services.

use crate::names;
use crate::translate::Notes;
use serde_json::{Value, json};
use sluice_contract::document::{MASK, member, text};
use sluice_contract::{Code, Object};

/// Members that had another name.
const RENAMED: &[(&str, &str)] = &[
    ("userid", "userId"),
    ("gatewayName", ""),
    ("gatewayLocation", ""),
    ("hubName", ""),
    ("type", ""),
    ("description", ""),
];

/// Translates a linked service's `properties`.
pub(crate) fn translate(properties: &Object, notes: &mut Notes<'_>) -> Option<Value> {
    let Some(old) = text(properties, "type") else {
        notes.refuse(Code::TypeMissing, &["properties"], "the linked service has no `type`");
        return None;
    };
    // In 2014 the settings stood beside the type.
    let settings = member(properties, "typeProperties")
        .and_then(Value::as_object)
        .unwrap_or(properties);
    let gateway = text(settings, "gatewayName").or_else(|| text(properties, "gatewayName"));
    let kind = names::linked_service(old);
    let mut inner = Object::new();
    for (name, value) in settings {
        let renamed = RENAMED.iter().find(|(old, _)| name.eq_ignore_ascii_case(old));
        let name = match renamed {
            Some((_, "")) => continue,
            Some((_, new)) => (*new).to_owned(),
            None => today(kind, name),
        };
        inner.insert(name, reference(value, settings, kind));
    }
    let mut made = Object::from_iter([("type".to_owned(), kind.into())]);
    if let Some(description) = text(properties, "description").filter(|text| !text.is_empty()) {
        made.insert("description".to_owned(), description.into());
    }
    if let Some(gateway) = gateway {
        made.insert(
            "connectVia".to_owned(),
            json!({ "referenceName": gateway, "type": "IntegrationRuntimeReference" }),
        );
    }
    made.insert("typeProperties".to_owned(), Value::Object(inner));
    Some(Value::Object(made))
}

/// v1 did not mind how members were spelled; today's start with a small letter.
fn today(kind: &str, name: &str) -> String {
    if kind == "SqlServer" && name.eq_ignore_ascii_case("username") {
        return "userName".to_owned();
    }
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The storage of a cluster was named by a plain text.
fn reference(value: &Value, settings: &Object, kind: &str) -> Value {
    let plain = member(settings, "linkedServiceName") == Some(value);
    match value {
        // A client sent back what it had read: v1 showed secrets as a plain text.
        Value::String(text) if text == MASK => json!({ "type": "SecureString", "value": MASK }),
        Value::String(name) if plain && (kind.starts_with("HDInsight") || kind == "AzureBatch") => {
            json!({ "referenceName": name, "type": "LinkedServiceReference" })
        }
        other => other.clone(),
    }
}

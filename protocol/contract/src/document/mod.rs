//! Azure Data Factory documents: the JSON as the client sent it, with typed views on what Sluice reads.
//!
//! A view borrows; nothing is rewritten, so members this version does not know survive.

mod account;
mod address;
mod binding;
mod dataset;
mod inline;
mod linked_service;
mod lost;
mod pipeline;
mod properties;
mod reference;
mod runtime;
mod secret;
pub mod served;
mod trigger;

pub use account::storage_account;
pub use binding::binding_of;
pub use dataset::Dataset;
pub use inline::{Inline, inline_credential, secret_stores};
pub use linked_service::LinkedService;
pub use pipeline::{Activity, CopyActivity, Dependency, Pipeline, Policy, timespan};
pub use properties::{ConnectionString, StoreProperties};
pub use reference::Reference;
pub use runtime::IntegrationRuntime;
pub use secret::{MASK, carry_over, take_secrets};
pub use trigger::{Trigger, TriggerKind};

use crate::Object;
use crate::codes::Code;
use crate::fault::Fault;
use serde_json::Value;

/// Checks a resource's name.
///
/// # Errors
/// [`Code::NameInvalid`].
pub fn check_name(name: &str) -> Result<(), Fault> {
    let bad = |c: char| c.is_control() || r"/\?#%<>*&:".contains(c);
    if name.is_empty() || name.chars().count() > 260 || name.trim() != name || name.chars().any(bad) {
        return Err(Fault::new(
            Code::NameInvalid,
            format!("the name {name:?} is not allowed"),
        ));
    }
    Ok(())
}

/// A resource's `properties` object.
///
/// # Errors
/// [`Code::DocumentInvalid`] when it is missing.
pub fn properties(document: &Value) -> Result<&Object, Fault> {
    document
        .get("properties")
        .and_then(Value::as_object)
        .ok_or_else(|| Fault::new(Code::DocumentInvalid, "the document has no object `properties`"))
}

/// A member looked up exactly, and failing that without regard to case, as ADF does.
pub fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A string member.
pub fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    member(object, name).and_then(Value::as_str)
}

/// Whether a value is an expression: `"@..."`, a string with `@{...}`, or `{"type":"Expression"}`.
pub fn is_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => (text.starts_with('@') && !text.starts_with("@@")) || text.contains("@{"),
        Value::Object(object) => object.get("type").and_then(Value::as_str) == Some("Expression"),
        _ => false,
    }
}

/// The path of the first expression below an object, such as `typeProperties.table`.
pub fn find_expression(object: &Object) -> Option<String> {
    object.iter().find_map(|(key, value)| {
        if is_expression(value) {
            return Some(key.clone());
        }
        match value {
            Value::Object(inner) => find_expression(inner).map(|path| format!("{key}.{path}")),
            Value::Array(items) => items.iter().enumerate().find_map(|(i, item)| match item {
                item if is_expression(item) => Some(format!("{key}[{i}]")),
                Value::Object(inner) => find_expression(inner).map(|path| format!("{key}[{i}].{path}")),
                _ => None,
            }),
            _ => None,
        }
    })
}

fn empty() -> &'static Object {
    static EMPTY: std::sync::OnceLock<Object> = std::sync::OnceLock::new();
    EMPTY.get_or_init(Object::new)
}

fn required<'a>(object: &'a Object, name: &str, of: &str) -> Result<&'a str, Fault> {
    text(object, name).ok_or_else(|| Fault::new(Code::DocumentInvalid, format!("{of} has no string `{name}`")))
}

fn kind<'a>(object: &'a Object, of: &str) -> Result<&'a str, Fault> {
    text(object, "type").ok_or_else(|| {
        Fault::new(
            Code::TypeMissing,
            format!("{of} has no `type` (azure-mgmt-datafactory 10.0.0 built with keyword arguments does this)"),
        )
    })
}

/// A reference `{"referenceName": "..", "type": ".."}`, or v1's plain string.
fn reference(value: &Value) -> Option<&str> {
    value
        .as_str()
        .or_else(|| value.as_object().and_then(|object| text(object, "referenceName")))
}

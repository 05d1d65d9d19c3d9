//! How one document names another.

use super::{empty, member, text};
use crate::Object;
use serde_json::Value;

/// `{"referenceName": "..", "type": "..", "parameters": {..}}`; v1's `{"name": ".."}` and plain texts are read as well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference<'a> {
    /// The document's name.
    pub name: &'a str,
    /// What it is given for its parameters.
    pub parameters: &'a Object,
}

impl<'a> Reference<'a> {
    /// Reads one, if it is one.
    pub fn view(value: &'a Value) -> Option<Self> {
        let object = match value {
            Value::String(name) => return Some(Self::to(name)),
            Value::Object(object) => object,
            _ => return None,
        };
        let name = text(object, "referenceName").or_else(|| text(object, "name"))?;
        let parameters = member(object, "parameters").and_then(Value::as_object);
        Some(Self {
            name,
            parameters: parameters.unwrap_or(empty()),
        })
    }

    /// One without parameters.
    pub fn to(name: &'a str) -> Self {
        Self {
            name,
            parameters: empty(),
        }
    }
}

//! Members of an activity's `typeProperties`.

use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Code, Fault, Object};

/// True or false, also as a text.
pub(crate) fn flag(object: &Object, name: &str) -> Result<Option<bool>, Fault> {
    match member(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(property(format!("`{name}` is neither true nor false"))),
    }
}

/// A whole number from 0 on, also as a text.
pub(crate) fn whole(object: &Object, name: &str) -> Result<Option<u64>, Fault> {
    let found = match member(object, name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    found
        .map(Some)
        .ok_or_else(|| property(format!("`{name}` is not a whole number from 0 on")))
}

/// A text that is not empty.
pub(crate) fn string<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, Fault> {
    match member(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.trim().is_empty())),
        Some(_) => Err(property(format!("`{name}` is not a text"))),
    }
}

pub(crate) fn property(text: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, text)
}

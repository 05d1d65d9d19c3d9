//! JSON values as expressions see them.

use serde_json::{Map, Value};

/// A value as text, as `string()` and `@{...}` write it: .NET's words for booleans, JSON for objects and arrays.
pub(crate) fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The name of a value's type.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a float",
        Value::Number(_) => "an integer",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A member by its name, or else by its name in another case.
pub(crate) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let mut others = object.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        others.next().map(|(_, value)| value)
    })
}

/// Whether two values are the same; 1 is 1.0.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (one, other) => one == other,
    }
}

/// A list of names for a message, not too long.
pub(crate) fn names(object: &Map<String, Value>) -> String {
    const SHOWN: usize = 12;
    let mut list: Vec<&str> = object.keys().take(SHOWN).map(String::as_str).collect();
    if object.len() > SHOWN {
        list.push("...");
    }
    list.join(", ")
}

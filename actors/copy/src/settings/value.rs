//! When a value asks for something, and the faults about it.

use serde_json::Value;
use sluice_contract::document::{find_expression, is_expression};
use sluice_contract::{Code, Fault};

/// Whether a value asks for anything at all: `null`, `false`, an empty text, list or object do not.
pub(crate) fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::String(text) => !text.trim().is_empty() && !text.eq_ignore_ascii_case("false"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Number(_) => true,
    }
}

/// Whether a value is `false`, also as a text.
pub(super) fn is_false(value: &Value) -> bool {
    value.as_bool() == Some(false) || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("false"))
}

/// The member is not served.
pub(crate) fn unsupported(member: &str, why: impl AsRef<str>) -> Fault {
    let why = why.as_ref();
    Fault::new(Code::ActivityUnsupported, format!("`{member}` is not served: {why}"))
}

/// Refuses an expression at or below a member.
///
/// # Errors
/// `SL4014` with the path to it.
pub(crate) fn expression_within(member: &str, value: &Value) -> Result<(), Fault> {
    let found = |path: String| {
        let text = format!("`{path}` is an expression; this version takes a value");
        Err(Fault::new(Code::ExpressionUnsupported, text))
    };
    if is_expression(value) {
        return found(member.to_owned());
    }
    let inner = match value {
        Value::Object(object) => find_expression(object).map(|path| format!("{member}.{path}")),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                expression_within(&format!("{member}[{i}]"), item)?;
            }
            None
        }
        _ => None,
    };
    inner.map_or(Ok(()), found)
}

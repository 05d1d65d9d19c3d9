//! Expressions within JSON, in both forms: a text, and `{"type": "Expression", "value": "@..."}`.

use crate::{Error, Scope, Template};
use serde_json::{Map, Value};

/// Whether there is anything to compute in this value itself.
pub fn is_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with('@') || text.contains("@{"),
        Value::Object(object) => wrapped(object).is_some(),
        _ => false,
    }
}

/// The text of `{"type": "Expression", "value": text}`.
fn wrapped(object: &Map<String, Value>) -> Option<&str> {
    let kind = object.get("type")?.as_str()?;
    if object.len() != 2 || !kind.eq_ignore_ascii_case("Expression") {
        return None;
    }
    object.get("value")?.as_str()
}

/// Computes every text of a value. `skip` names members that are left as they are, by their path such as
/// `["activities"]`: activities within activities have their own time.
///
/// # Errors
/// Where it is, as `a.b[3]`, and what is wrong there.
pub fn evaluate_deep(
    value: &Value,
    scope: &dyn Scope,
    skip: &dyn Fn(&[String]) -> bool,
) -> Result<Value, (String, Error)> {
    let mut path = Vec::new();
    deep(value, scope, skip, &mut path)
}

fn deep(
    value: &Value,
    scope: &dyn Scope,
    skip: &dyn Fn(&[String]) -> bool,
    path: &mut Vec<String>,
) -> Result<Value, (String, Error)> {
    if skip(path) {
        return Ok(value.clone());
    }
    let compute = |text: &str, path: &[String]| {
        let template = Template::parse(text).and_then(|template| template.evaluate(scope));
        template.map_err(|error| (shown(path), error))
    };
    match value {
        Value::String(text) if is_expression(value) => compute(text, path),
        Value::Object(object) => {
            if let Some(text) = wrapped(object) {
                return compute(text, path);
            }
            let mut made = Map::with_capacity(object.len());
            for (name, member) in object {
                path.push(name.clone());
                let member = deep(member, scope, skip, path)?;
                path.pop();
                made.insert(name.clone(), member);
            }
            Ok(Value::Object(made))
        }
        Value::Array(items) => {
            let mut made = Vec::with_capacity(items.len());
            for (place, item) in items.iter().enumerate() {
                path.push(format!("[{place}]"));
                made.push(deep(item, scope, skip, path)?);
                path.pop();
            }
            Ok(Value::Array(made))
        }
        other => Ok(other.clone()),
    }
}

fn shown(path: &[String]) -> String {
    let mut text = String::new();
    for part in path {
        if !text.is_empty() && !part.starts_with('[') {
            text.push('.');
        }
        text.push_str(part);
    }
    text
}

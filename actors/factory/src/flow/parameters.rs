//! Parameters: what is declared and what is given make what is used, each with its type.

use serde_json::Value;
use sluice_contract::document::{MASK, member, text};
use sluice_contract::{Code, Fault, Object};

/// The values of declared parameters: those given, and the defaults of the others. Names are compared without regard
/// to case; the declaration's spelling counts.
///
/// # Errors
/// `SL4020` for one that has neither, or not its type.
pub(crate) fn bind(about: &str, declared: &Object, given: &Object) -> Result<Object, Fault> {
    let mut bound = Object::new();
    for (name, declaration) in declared {
        let kind = declaration
            .as_object()
            .and_then(|d| text(d, "type"))
            .unwrap_or_default();
        let default = declaration.as_object().and_then(|d| member(d, "defaultValue"));
        let value = member(given, name).or(default).ok_or_else(|| {
            let what = format!("{about}: the parameter `{name}` has no default, and is not given");
            Fault::new(Code::ParameterInvalid, what)
        })?;
        let value = typed(kind, value)
            .map_err(|why| Fault::new(Code::ParameterInvalid, format!("{about}: the parameter `{name}` {why}")))?;
        bound.insert(name.clone(), value);
    }
    Ok(bound)
}

/// A value as one of a type of Data Factory's. Clients write every value as a text if they like.
///
/// # Errors
/// In words.
pub(crate) fn typed(kind: &str, value: &Value) -> Result<Value, String> {
    let is = |name: &str| kind.eq_ignore_ascii_case(name);
    let wrong = || {
        let given = match value {
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            // The text itself may be secret.
            Value::String(_) => "a text that is none",
            Value::Array(_) => "an array",
            _ => "an object",
        };
        format!("is declared as {kind}, and given {given}")
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    match value {
        // Whoever reads it finds out.
        Value::Null => Ok(Value::Null),
        // Nothing here may keep it.
        _ if is("SecureString") => Ok(MASK.into()),
        Value::Number(_) | Value::Bool(_) if is("String") => Ok(as_text(value)),
        Value::Array(_) | Value::Object(_) if is("String") => Err(wrong()),
        Value::Number(number) if is("Int") || is("Integer") => match number.as_f64().filter(|n| n.fract() == 0.0) {
            Some(_) if number.is_i64() || number.is_u64() => Ok(value.clone()),
            Some(whole) if whole.abs() < 9e15 => Ok((whole as i64).into()),
            _ => Err(wrong()),
        },
        Value::String(text) if is("Int") || is("Integer") => {
            text.trim().parse::<i64>().map(Value::from).map_err(|_| wrong())
        }
        Value::Number(_) if is("Float") => Ok(value.clone()),
        Value::String(text) if is("Float") => {
            let number = text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
            number.map(Value::from).ok_or_else(wrong)
        }
        Value::Bool(_) if is("Bool") || is("Boolean") => Ok(value.clone()),
        Value::String(text) if is("Bool") || is("Boolean") => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(wrong()),
        },
        Value::Array(_) if is("Array") => Ok(value.clone()),
        Value::String(text) if is("Array") => json(text).filter(Value::is_array).ok_or_else(wrong),
        // An object may be any JSON.
        Value::String(text) if is("Object") => Ok(json(text).unwrap_or_else(|| value.clone())),
        _ if ["Int", "Integer", "Float", "Bool", "Boolean", "Array"]
            .iter()
            .any(|name| is(name)) =>
        {
            Err(wrong())
        }
        _ => Ok(value.clone()),
    }
}

/// A value as clients see it: on the wire all parameters are texts.
pub(crate) fn as_text(value: &Value) -> Value {
    match value {
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    }
}

//! The functions of templates that need nothing but their arguments. Their names go without regard to case.

use super::evaluate::evaluate;
use super::language::Expr;
use super::scope::Scope;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// What only Azure can answer.
const AZURE: &[&str] = &[
    "reference",
    "listkeys",
    "listsecrets",
    "list",
    "environment",
    "providers",
    "newguid",
    "utcnow",
    "uniquestring",
    "guid",
    "deployment",
    "copyindex",
    "pickzones",
];

pub(super) fn call(name: &str, arguments: &[Expr], scope: &Scope<'_>, depth: usize) -> Result<Value, String> {
    let function = name.to_ascii_lowercase();
    // Only one of the branches is computed.
    if let ("if", [condition, yes, no]) = (function.as_str(), arguments) {
        let condition = evaluate(condition, scope, depth)?;
        return evaluate(if condition == Value::Bool(true) { yes } else { no }, scope, depth);
    }
    let values: Vec<Value> = arguments
        .iter()
        .map(|argument| evaluate(argument, scope, depth))
        .collect::<Result<_, _>>()?;
    match (function.as_str(), values.as_slice()) {
        ("parameters", [Value::String(name)]) => scope.parameter(name, depth),
        ("variables", [Value::String(name)]) => scope.variable(name, depth),
        ("subscription" | "resourcegroup", []) => Ok(scope.surroundings(&function)),
        (other, _) if AZURE.contains(&other) => Err(format!("{name}() is answered by Azure only")),
        _ => texts(&function, &values)
            .or_else(|| lists(&function, &values))
            .or_else(|| logic(&function, &values))
            .unwrap_or_else(|| {
                let count = values.len();
                Err(format!("{name}() with {count} arguments of these types is not known"))
            }),
    }
}

type Answer = Option<Result<Value, String>>;

fn ok(value: impl Into<Value>) -> Answer {
    Some(Ok(value.into()))
}

/// A value as `concat` writes it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

fn texts(function: &str, values: &[Value]) -> Answer {
    use Value::{Number, String as Text};
    match (function, values) {
        ("concat", [Value::Array(_), ..]) => {
            let lists = values.iter().filter_map(Value::as_array);
            ok(lists.flatten().cloned().collect::<Vec<_>>())
        }
        ("concat", values) if !values.is_empty() => ok(values.iter().map(shown).collect::<String>()),
        ("format", [Text(format), arguments @ ..]) => Some(placed(format, arguments)),
        ("string", [Text(text)]) => ok(text.clone()),
        ("string", [value]) => ok(shown(value)),
        ("tolower", [Text(text)]) => ok(text.to_lowercase()),
        ("toupper", [Text(text)]) => ok(text.to_uppercase()),
        ("trim", [Text(text)]) => ok(text.trim()),
        ("replace", [Text(text), Text(old), Text(new)]) => ok(text.replace(old.as_str(), new)),
        ("startswith", [Text(text), Text(part)]) => ok(text.to_lowercase().starts_with(&part.to_lowercase())),
        ("endswith", [Text(text), Text(part)]) => ok(text.to_lowercase().ends_with(&part.to_lowercase())),
        ("indexof", [Text(text), Text(part)]) => {
            let at = text.to_lowercase().find(&part.to_lowercase());
            ok(at.map_or(-1, |at| i64::try_from(text[..at].chars().count()).unwrap_or(i64::MAX)))
        }
        ("substring", [Text(text), Number(from), rest @ ..]) => {
            let from = usize::try_from(from.as_u64()?).ok()?;
            let length = rest.first().map_or(Some(u64::MAX), Value::as_u64)?;
            let letters = text
                .chars()
                .skip(from)
                .take(usize::try_from(length).unwrap_or(usize::MAX));
            ok(letters.collect::<String>())
        }
        ("padleft", [value, Number(length), rest @ ..]) => {
            let (text, filling) = (shown(value), rest.first().map_or_else(|| " ".to_owned(), shown));
            let missing = usize::try_from(length.as_u64()?)
                .ok()?
                .saturating_sub(text.chars().count());
            ok(filling.repeat(missing.min(1_000)) + &text)
        }
        ("split", [Text(text), Text(by)]) => ok(text.split(by.as_str()).map(Value::from).collect::<Vec<_>>()),
        ("join", [Value::Array(items), Text(by)]) => ok(items.iter().map(shown).collect::<Vec<_>>().join(by)),
        ("base64", [Text(text)]) => ok(STANDARD.encode(text)),
        ("uri", [Text(base), Text(path)]) => ok(format!(
            "{}/{}",
            base.trim_end_matches('/'),
            path.trim_start_matches('/')
        )),
        ("json", [Text(text)]) => {
            Some(serde_json::from_str(text).map_err(|_| "json() of a text that is no JSON".to_owned()))
        }
        ("resourceid", [.., Text(_)]) => ok(resource_id(values)),
        _ => None,
    }
}

/// `{0}` and `{1}` of a format.
fn placed(format: &str, arguments: &[Value]) -> Result<Value, String> {
    let mut text = format.to_owned();
    for (i, argument) in arguments.iter().enumerate() {
        text = text.replace(&format!("{{{i}}}"), &shown(argument));
    }
    Ok(Value::String(text))
}

/// Only the end of it means anything here.
fn resource_id(values: &[Value]) -> String {
    let parts: Vec<String> = values.iter().map(shown).collect();
    format!("/{}", parts.join("/"))
}

fn lists(function: &str, values: &[Value]) -> Answer {
    match (function, values) {
        ("createarray", values) => ok(values.to_vec()),
        ("array", [value]) => ok(if value.is_array() {
            value.clone()
        } else {
            Value::Array(vec![value.clone()])
        }),
        ("createobject", values) if values.len() % 2 == 0 => {
            let pairs = values.chunks_exact(2).map(|pair| (shown(&pair[0]), pair[1].clone()));
            ok(pairs.collect::<Map<_, _>>())
        }
        ("length", [Value::Array(items)]) => ok(items.len()),
        ("length", [Value::String(text)]) => ok(text.chars().count()),
        ("length", [Value::Object(object)]) => ok(object.len()),
        ("empty", [value]) => ok(match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(object) => object.is_empty(),
            Value::String(text) => text.is_empty(),
            other => other.is_null(),
        }),
        ("first", [Value::Array(items)]) => ok(items.first().cloned().unwrap_or_default()),
        ("last", [Value::Array(items)]) => ok(items.last().cloned().unwrap_or_default()),
        ("first", [Value::String(text)]) => ok(text.chars().next().map(String::from).unwrap_or_default()),
        ("last", [Value::String(text)]) => ok(text.chars().last().map(String::from).unwrap_or_default()),
        ("contains", [Value::Array(items), value]) => ok(items.contains(value)),
        ("contains", [Value::String(text), Value::String(part)]) => ok(text.contains(part.as_str())),
        ("contains", [Value::Object(object), Value::String(name)]) => {
            ok(object.keys().any(|key| key.eq_ignore_ascii_case(name)))
        }
        ("union", [Value::Object(_), ..]) => {
            let objects = values.iter().filter_map(Value::as_object);
            let members = objects.flatten().map(|(name, value)| (name.clone(), value.clone()));
            ok(members.collect::<Map<_, _>>())
        }
        _ => None,
    }
}

fn logic(function: &str, values: &[Value]) -> Answer {
    let numbers = || -> Option<(i64, i64)> {
        match values {
            [a, b] => Some((a.as_i64()?, b.as_i64()?)),
            _ => None,
        }
    };
    match (function, values) {
        ("true", []) => ok(true),
        ("false", []) => ok(false),
        ("null", []) => ok(Value::Null),
        ("equals", [a, b]) => ok(a == b),
        ("not", [Value::Bool(flag)]) => ok(!flag),
        ("and", values) => ok(values.iter().all(|value| *value == Value::Bool(true))),
        ("or", values) => ok(values.contains(&Value::Bool(true))),
        ("bool", [Value::Bool(flag)]) => ok(*flag),
        ("bool", [Value::String(text)]) => ok(text.eq_ignore_ascii_case("true") || text == "1"),
        ("bool", [Value::Number(number)]) => ok(number.as_i64() != Some(0)),
        ("int", [Value::Number(number)]) => ok(number.clone()),
        ("int", [Value::String(text)]) => {
            let number = text.trim().parse::<i64>();
            Some(
                number
                    .map(Value::from)
                    .map_err(|_| "int() of a text that is no whole number".to_owned()),
            )
        }
        ("coalesce", values) => ok(values
            .iter()
            .find(|value| !value.is_null())
            .cloned()
            .unwrap_or_default()),
        ("less", _) => numbers().and_then(|(a, b)| ok(a < b)),
        ("lessorequals", _) => numbers().and_then(|(a, b)| ok(a <= b)),
        ("greater", _) => numbers().and_then(|(a, b)| ok(a > b)),
        ("greaterorequals", _) => numbers().and_then(|(a, b)| ok(a >= b)),
        ("add", _) => numbers().and_then(|(a, b)| ok(a.checked_add(b)?)),
        ("sub", _) => numbers().and_then(|(a, b)| ok(a.checked_sub(b)?)),
        ("mul", _) => numbers().and_then(|(a, b)| ok(a.checked_mul(b)?)),
        ("div", _) => numbers().and_then(|(a, b)| ok(a.checked_div(b)?)),
        ("mod", _) => numbers().and_then(|(a, b)| ok(a.checked_rem(b)?)),
        _ => None,
    }
}

//! Computing expressions, and every text of a value.

use super::functions;
use super::language::{Expr, parse};
use super::scope::Scope;
use crate::text::Path;
use serde_json::Value;
use sluice_contract::document::member;

/// How deep variables may stand within each other.
const DEPTH: usize = 48;

/// What one text of a template says.
enum Said<'a> {
    Plain,
    Escaped(&'a str),
    Expression(&'a str),
}

fn said(text: &str) -> Said<'_> {
    if let Some(escaped) = text.strip_prefix("[[") {
        // The first bracket stands for itself.
        return Said::Escaped(&text[text.len() - escaped.len() - 1..]);
    }
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => Said::Expression(inner),
        None => Said::Plain,
    }
}

/// Computes every text of a value. What cannot be computed stays as it is and is told in `open`.
pub(crate) fn deep(value: &Value, scope: &Scope<'_>, path: &Path, open: &mut Vec<(Path, String)>) -> Value {
    match value {
        Value::String(text) => match said(text) {
            Said::Plain => value.clone(),
            Said::Escaped(text) => Value::String(text.to_owned()),
            Said::Expression(_) => text_value(text, scope, 0).unwrap_or_else(|cause| {
                open.push((path.clone(), cause));
                value.clone()
            }),
        },
        Value::Array(items) => {
            let items = items.iter().enumerate();
            Value::Array(items.map(|(i, item)| deep(item, scope, &path.index(i), open)).collect())
        }
        Value::Object(object) => {
            let members = object.iter();
            let made = members.map(|(name, value)| (name.clone(), deep(value, scope, &path.name(name), open)));
            Value::Object(made.collect())
        }
        other => other.clone(),
    }
}

/// Whether a document outside a template was cut out of one: it has texts that only a template computes.
pub(crate) fn is_cut_out(value: &Value) -> bool {
    const BEGINNINGS: &[&str] = &["[parameters(", "[concat(", "[variables(", "[resourceId("];
    match value {
        Value::String(text) => text.ends_with(']') && BEGINNINGS.iter().any(|begin| text.starts_with(begin)),
        Value::Array(items) => items.iter().any(is_cut_out),
        Value::Object(object) => object.values().any(is_cut_out),
        _ => false,
    }
}

/// Computes one text.
pub(super) fn text_value(text: &str, scope: &Scope<'_>, depth: usize) -> Result<Value, String> {
    match said(text) {
        Said::Plain => Ok(Value::String(text.to_owned())),
        Said::Escaped(text) => Ok(Value::String(text.to_owned())),
        Said::Expression(inner) => {
            let expr = parse(inner).map_err(|cause| format!("{text:?}, {cause}"))?;
            evaluate(&expr, scope, depth)
        }
    }
}

/// Computes every text of a value that a variable or a default has.
pub(super) fn whole(value: &Value, scope: &Scope<'_>, depth: usize) -> Result<Value, String> {
    if depth > DEPTH {
        return Err("variables refer to each other in a circle".to_owned());
    }
    Ok(match value {
        Value::String(text) => text_value(text, scope, depth)?,
        Value::Array(items) => {
            let items = items.iter().map(|item| whole(item, scope, depth));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(object) => {
            let members = object.iter();
            let made = members.map(|(name, value)| Ok((name.clone(), whole(value, scope, depth)?)));
            Value::Object(made.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

pub(super) fn evaluate(expr: &Expr, scope: &Scope<'_>, depth: usize) -> Result<Value, String> {
    match expr {
        Expr::Literal(value) => Ok(value.clone()),
        Expr::Call(name, arguments) => functions::call(name, arguments, scope, depth),
        Expr::Member(of, name) => {
            let of = evaluate(of, scope, depth)?;
            let found = of.as_object().and_then(|object| member(object, name));
            found.cloned().ok_or_else(|| format!("there is no member `{name}`"))
        }
        Expr::Index(of, index) => {
            let (of, index) = (evaluate(of, scope, depth)?, evaluate(index, scope, depth)?);
            let found = match (&of, &index) {
                (Value::Array(items), Value::Number(number)) => {
                    number.as_u64().and_then(|at| items.get(usize::try_from(at).ok()?))
                }
                (Value::Object(object), Value::String(name)) => member(object, name),
                _ => None,
            };
            found.cloned().ok_or_else(|| "there is nothing at the index".to_owned())
        }
    }
}

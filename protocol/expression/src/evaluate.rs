//! Computing an expression.

use crate::ast::{Expr, Kind};
use crate::functions::{Args, Body};
use crate::value::{member, names, type_of};
use crate::{Error, Scope};
use serde_json::Value;
use std::borrow::Cow;

/// The value of an expression; what it only refers to is borrowed.
pub(crate) fn evaluate<'a>(expr: &'a Expr, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, Error> {
    let failed = |cause: String| Error::new(expr.at, cause);
    match &expr.kind {
        Kind::Literal(value) => Ok(Cow::Borrowed(value)),
        Kind::Root(root, None) => scope.root(root.root("")).map_err(failed),
        Kind::Root(root, Some(name)) => match &*evaluate(name, scope)? {
            Value::String(name) => scope.root(root.root(name)).map_err(failed),
            other => Err(failed(format!("{} takes a name, not {}", root.name(), type_of(other)))),
        },
        Kind::Call(function, arguments) => match function.body {
            Body::Strict(run) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(evaluate(argument, scope)?.into_owned());
                }
                let called = Args { values, scope };
                run(&called)
                    .map(Cow::Owned)
                    .map_err(|cause| failed(format!("{}: {cause}", function.name)))
            }
            Body::Lazy(run) => run(expr.at, arguments, scope),
        },
        Kind::Member { of, name, safe } => {
            let value = evaluate(of, scope)?;
            select(value, name, *safe).map_err(failed)
        }
        Kind::Index { of, index, safe } => {
            let value = evaluate(of, scope)?;
            let index = evaluate(index, scope)?;
            match &*index {
                Value::String(name) => select(value, name, *safe).map_err(failed),
                Value::Number(place) => element(value, place, *safe).map_err(failed),
                other => Err(failed(format!(
                    "{} is no index; a text or a whole number is",
                    type_of(other)
                ))),
            }
        }
    }
}

/// A member of an object.
fn select<'a>(value: Cow<'a, Value>, name: &str, safe: bool) -> Result<Cow<'a, Value>, String> {
    match &*value {
        Value::Object(object) => match member(object, name) {
            Some(_) => {}
            None if safe => return Ok(Cow::Owned(Value::Null)),
            None => {
                let known = names(object);
                return Err(format!("there is no property {name:?}; there are: {known}"));
            }
        },
        Value::Null if safe => return Ok(Cow::Owned(Value::Null)),
        other => return Err(format!("{} has no property {name:?}", type_of(other))),
    }
    let missing = || format!("there is no property {name:?}");
    match value {
        Cow::Borrowed(Value::Object(object)) => member(object, name).map(Cow::Borrowed).ok_or_else(missing),
        Cow::Owned(Value::Object(object)) => member(&object, name).cloned().map(Cow::Owned).ok_or_else(missing),
        _ => Err(missing()),
    }
}

/// An item of an array.
fn element<'a>(value: Cow<'a, Value>, place: &serde_json::Number, safe: bool) -> Result<Cow<'a, Value>, String> {
    let whole = place.as_u64().or_else(|| {
        let float = place.as_f64().filter(|float| float.fract() == 0.0 && *float >= 0.0);
        float.map(|float| float as u64)
    });
    let place = whole
        .and_then(|place| usize::try_from(place).ok())
        .ok_or_else(|| format!("{place} is no place in an array"))?;
    let outside = |length: usize| format!("the array has {length} items, and none at place {place}, counted from 0");
    match value {
        Cow::Borrowed(Value::Array(items)) => match items.get(place) {
            Some(item) => Ok(Cow::Borrowed(item)),
            None if safe => Ok(Cow::Owned(Value::Null)),
            None => Err(outside(items.len())),
        },
        Cow::Owned(Value::Array(mut items)) => match items.get_mut(place) {
            Some(item) => Ok(Cow::Owned(item.take())),
            None if safe => Ok(Cow::Owned(Value::Null)),
            None => Err(outside(items.len())),
        },
        value if safe && value.is_null() => Ok(Cow::Owned(Value::Null)),
        value => Err(format!("{} has no items", type_of(&value))),
    }
}

//! Comparing and choosing. What is not needed is not computed.

use super::number::Num;
use super::{Args, Body, Function};
use crate::ast::Expr;
use crate::evaluate::evaluate;
use crate::value::{same, type_of};
use crate::{Error, Scope};
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "and",
        form: "and(condition, condition, ...)",
        about: "whether all are true",
        body: Body::Lazy(|_, arguments, scope| until(arguments, scope, false)),
    },
    Function {
        name: "equals",
        form: "equals(value, value)",
        about: "whether both are the same; texts in the same case",
        body: Body::Strict(|args| Ok(Value::Bool(same(args.value(0), args.value(1))))),
    },
    Function {
        name: "greater",
        form: "greater(value, value)",
        about: "whether the first is greater",
        body: Body::Strict(|args| compare(args, |order| order == Ordering::Greater)),
    },
    Function {
        name: "greaterOrEquals",
        form: "greaterOrEquals(value, value)",
        about: "whether the first is greater or the same",
        body: Body::Strict(|args| compare(args, |order| order != Ordering::Less)),
    },
    Function {
        name: "if",
        form: "if(condition, then, else)",
        about: "one of two values",
        body: Body::Lazy(|_, arguments, scope| match arguments {
            [condition, then, _] if is_true(condition, scope)? => evaluate(then, scope),
            [_, _, otherwise] => evaluate(otherwise, scope),
            _ => Ok(Cow::Owned(Value::Null)),
        }),
    },
    Function {
        name: "less",
        form: "less(value, value)",
        about: "whether the first is less",
        body: Body::Strict(|args| compare(args, |order| order == Ordering::Less)),
    },
    Function {
        name: "lessOrEquals",
        form: "lessOrEquals(value, value)",
        about: "whether the first is less or the same",
        body: Body::Strict(|args| compare(args, |order| order != Ordering::Greater)),
    },
    Function {
        name: "not",
        form: "not(condition)",
        about: "the opposite",
        body: Body::Strict(|args| {
            let condition = truth(args.value(0)).ok_or_else(|| args.wrong(0, "a boolean"))?;
            Ok(Value::Bool(!condition))
        }),
    },
    Function {
        name: "or",
        form: "or(condition, condition, ...)",
        about: "whether one is true",
        body: Body::Lazy(|_, arguments, scope| until(arguments, scope, true)),
    },
];

/// A boolean, or a text that `bool()` made text.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn is_true(condition: &Expr, scope: &dyn Scope) -> Result<bool, Error> {
    let value = evaluate(condition, scope)?;
    truth(&value).ok_or_else(|| {
        Error::new(
            condition.at,
            format!("the condition is {}, not a boolean", type_of(&value)),
        )
    })
}

/// Looks at conditions until one is `decisive`.
fn until<'a>(arguments: &'a [Expr], scope: &'a dyn Scope, decisive: bool) -> Result<Cow<'a, Value>, Error> {
    for condition in arguments {
        if is_true(condition, scope)? == decisive {
            return Ok(Cow::Owned(Value::Bool(decisive)));
        }
    }
    Ok(Cow::Owned(Value::Bool(!decisive)))
}

fn compare(args: &Args<'_>, holds: fn(Ordering) -> bool) -> Result<Value, String> {
    let (one, other) = (args.value(0), args.value(1));
    let order = match (one, other) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Number(_), _) | (_, Value::Number(_)) => match (Num::of(one), Num::of(other)) {
            (Some(Num::Whole(a)), Some(Num::Whole(b))) => Some(a.cmp(&b)),
            (Some(a), Some(b)) => a.float().partial_cmp(&b.float()),
            _ => None,
        },
        _ => None,
    };
    match order {
        Some(order) => Ok(Value::Bool(holds(order))),
        None => Err(format!("{} and {} cannot be compared", type_of(one), type_of(other))),
    }
}

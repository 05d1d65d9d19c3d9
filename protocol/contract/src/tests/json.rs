//! Generated JSON.

use crate::Object;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

/// Any JSON value, up to a few levels deep.
pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 4.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((text(), inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Any text, often with what matters to a parser in it.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "\\PC{0,12}",
        1 => any::<String>(),
        1 => "[@:;=.'\"{}\\[\\]?&/ a-zA-Z0-9-]{0,24}",
    ]
}

/// Members that no version knows.
pub(super) fn unknown_members() -> impl Strategy<Value = Object> {
    vec(("x-[a-z]{1,8}", value()), 0..6).prop_map(|members| members.into_iter().collect())
}

/// The object with the members put in front of its own, so that their order is seen, too.
pub(super) fn with(mut members: Object, object: &Value) -> Value {
    members.extend(object.as_object().cloned().unwrap_or_default());
    Value::Object(members)
}

/// Whether every member of the first is in the second, at any depth.
pub(super) fn is_within(small: &Value, large: &Value) -> bool {
    match (small, large) {
        (Value::Object(small), Value::Object(large)) => small
            .iter()
            .all(|(key, value)| large.get(key).is_some_and(|other| is_within(value, other))),
        (Value::Array(small), Value::Array(large)) => {
            small.len() == large.len() && small.iter().zip(large).all(|(a, b)| is_within(a, b))
        }
        _ => small == large,
    }
}

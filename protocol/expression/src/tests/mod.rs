//! What expressions evaluate to, and what is said of those that cannot be.

mod dates;
mod errors;
mod forms;
mod functions;
mod page;
mod property;

use crate::{Root, Scope, Template};
use chrono::{DateTime, TimeZone, Utc};
use serde_json::{Value, json};
use std::borrow::Cow;

/// A run with something under every root.
pub(crate) struct World {
    pipeline: Value,
    activity: Value,
    item: Value,
    trigger: Value,
}

pub(crate) fn world() -> World {
    World {
        pipeline: json!({
            "parameters": {"n": 3, "Name": "Ann", "list": [1, 2, 3], "table": {"schema": "dbo", "cols": ["a", "b"]}, "none": null, "Ä": 1},
            "globalParameters": {"GP-Int": 7},
            "RunId": "r-1", "Pipeline": "p", "DataFactory": "f"
        }),
        activity: json!({
            "output": {"firstRow": {"Id": 5}, "value": [{"Id": 1}, {"Id": 2}], "count": 2},
            "status": "Succeeded", "error": {"message": "none"}
        }),
        item: json!({"a": {"b": "deep"}}),
        trigger: json!({"outputs": {"windowStartTime": "2024-01-02T03:00:00Z", "body": {"fileName": "x.csv"}}}),
    }
}

impl Scope for World {
    fn root(&self, root: Root<'_>) -> Result<Cow<'_, Value>, String> {
        Ok(Cow::Borrowed(match root {
            Root::Pipeline => &self.pipeline,
            Root::Activity("Look up") => &self.activity,
            Root::Activity(name) => return Err(format!("there is no activity {name:?}")),
            Root::Variables("v") => return Ok(Cow::Owned(json!("value"))),
            Root::Variables(name) => return Err(format!("there is no variable {name:?}")),
            Root::Item => &self.item,
            Root::Trigger => &self.trigger,
            Root::TriggerBody => &self.trigger["outputs"]["body"],
            Root::Dataset | Root::LinkedService => return Err("there is none here".to_owned()),
        }))
    }

    fn now(&self) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2024, 2, 29, 13, 5, 7).unwrap()
    }

    fn random(&self) -> u64 {
        0x0123_4567_89ab_cdef
    }
}

/// The value of a text.
pub(crate) fn value(text: &str) -> Value {
    match Template::parse(text).and_then(|template| template.evaluate(&world())) {
        Ok(value) => value,
        Err(error) => panic!("{text}: {error}"),
    }
}

/// What is wrong with a text.
pub(crate) fn error(text: &str) -> (usize, String) {
    match Template::parse(text).and_then(|template| template.evaluate(&world())) {
        Ok(value) => panic!("{text} is {value}"),
        Err(error) => (error.at, error.cause),
    }
}

/// Compares the values of expressions with JSON.
pub(crate) fn all(cases: &[(&str, Value)]) {
    for (expression, expected) in cases {
        assert_eq!(value(&format!("@{expression}")), *expected, "{expression}");
    }
}

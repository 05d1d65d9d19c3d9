//! Expressions of pipelines, parsed and evaluated.
#![no_main]

use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use sluice_expression::{Root, Scope, Template, references};
use std::borrow::Cow;

/// A run with something under every root.
struct World;

impl Scope for World {
    fn root(&self, root: Root<'_>) -> Result<Cow<'_, Value>, String> {
        Ok(Cow::Owned(match root {
            Root::Pipeline => json!({"parameters": {"n": 3, "s": "Ann", "list": [1, 2, 3]}, "RunId": "r-1"}),
            Root::Activity(_) => json!({"output": {"value": [{"Id": 1}], "count": 2}}),
            Root::Variables(_) => json!("value"),
            Root::Item => json!({"a": {"b": "deep"}}),
            Root::Trigger => json!({"outputs": {"windowStartTime": "2024-01-02T03:00:00Z"}}),
            Root::TriggerBody => json!({"fileName": "x.csv"}),
            Root::Dataset | Root::LinkedService => return Err("there is none here".to_owned()),
        }))
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_709_211_907, 0).unwrap_or_default()
    }

    fn random(&self) -> u64 {
        0x0123_4567_89ab_cdef
    }
}

fuzz_target!(|text: &str| {
    match Template::parse(text) {
        Err(error) => assert!(error.at <= text.chars().count() + 1, "{} in {text:?}", error.at),
        Ok(template) => {
            let _ = (references(&template), template.evaluate(&World));
        }
    }
});

//! Wait: until a moment.

use super::value::{required, wrong};
use super::{Beginning, Begun};
use crate::wire::{micros, now};
use serde_json::{Value, json};
use sluice_contract::Fault;
use std::time::Duration;

/// Longer than anybody waits; what is added to a moment has to stay one.
const LONGEST_S: f64 = 365.0 * 86_400.0;

pub(super) fn begin(beginning: &Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    let given = required(activity, "waitTimeInSeconds")?;
    let seconds = match given {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let seconds = seconds
        .filter(|seconds| (0.0..=LONGEST_S).contains(seconds))
        .ok_or_else(|| {
            wrong(
                activity,
                "waitTimeInSeconds",
                "a number of seconds within a year",
                given,
            )
        })?;
    if seconds == 0.0 {
        return Ok(Begun::Ended(json!({})));
    }
    Ok(Begun::Waiting {
        due: Some(now().saturating_add(micros(Duration::from_secs_f64(seconds)))),
        memo: json!({}),
    })
}

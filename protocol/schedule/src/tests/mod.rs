//! Schedules and windows by examples, and by what holds for all of them.

mod arrivals;
mod dst;
mod garbage;
mod properties;
mod recurrences;
mod spans;
mod windows;

use crate::{Recurrence, Tumbling};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn read(recurrence: &Value) -> Result<Recurrence, String> {
    let properties = json!({ "recurrence": recurrence });
    Recurrence::read(properties.as_object().unwrap(), at("2024-01-01T00:00:00Z"))
}

/// The first few times behind a moment.
fn next(recurrence: Value, behind: &str, count: usize) -> Vec<String> {
    let recurrence = read(&recurrence).unwrap();
    let mut moment = at(behind);
    let mut found = Vec::new();
    while found.len() < count {
        let Some(time) = recurrence.after(moment) else { break };
        found.push(time.format("%Y-%m-%dT%H:%M:%S").to_string());
        moment = time;
    }
    found
}

fn tumbling(properties: Value) -> Result<Tumbling, String> {
    Tumbling::read(properties.as_object().unwrap())
}

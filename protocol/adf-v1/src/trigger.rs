//! The windows of a pipeline as a trigger.

use crate::activity::samples;
use crate::availability::span;
use crate::function::Function;
use crate::pipeline::{Group, Makers, dataset};
use crate::translate::{Notes, Old1};
use chrono::{Duration, NaiveDateTime};
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Object};
use std::collections::BTreeMap;

/// The trigger of a group; none where it has no windows, or is never active.
pub(crate) fn write(
    group: &Group<'_>,
    groups: &[Group<'_>],
    makers: &Makers,
    all: &Old1<'_>,
    notes: &mut Notes<'_>,
) -> Option<Value> {
    let (availability, period) = (group.availability?, group.period?);
    let (frequency, interval) = availability
        .of_trigger()
        .map_err(|cause| notes.refuse(Code::OldDocumentRefused, &["properties", "activities"], cause))
        .ok()?;
    // Only whole slices within the active period were made.
    let mut start = availability.floor(period.start);
    if start < period.start {
        start = availability.next(start);
    }
    let end = period.end.map(|end| availability.floor(end));
    if end.is_some_and(|end| end <= start) {
        let text = "no whole slice lies between `start` and `end`: the pipeline has no trigger, and is started by hand";
        notes.note(&["properties", "start"], text);
        return None;
    }
    if availability.at_start {
        let text = "`StartOfInterval` is not carried over: a window runs when it is over, not when it begins";
        notes.note(&["properties", "activities"], text);
    }
    let mut inner = Object::from_iter([
        ("frequency".to_owned(), frequency.into()),
        ("interval".to_owned(), interval.into()),
        ("startTime".to_owned(), written(start).into()),
    ]);
    inner.extend(end.map(|end| ("endTime".to_owned(), written(end).into())));
    let delay = delay(group);
    if !delay.is_zero() {
        inner.insert("delay".to_owned(), spelled(delay).into());
    }
    inner.insert("maxConcurrency".to_owned(), concurrency(group).into());
    let depends = depends_on(group, groups, makers, all, notes);
    if !depends.is_empty() {
        inner.insert("dependsOn".to_owned(), depends.into());
    }
    Some(json!({
        "type": "TumblingWindowTrigger",
        "annotations": ["v1"],
        "runtimeState": if group.paused { "Stopped" } else { "Started" },
        "pipeline": {
            "pipelineReference": { "referenceName": group.name, "type": "PipelineReference" },
            "parameters": {
                "windowStart": "@trigger().outputs.windowStartTime",
                "windowEnd": "@trigger().outputs.windowEndTime",
            },
        },
        "typeProperties": inner,
    }))
}

/// The slowest of the activities.
fn delay(group: &Group<'_>) -> Duration {
    let delays = group
        .activities
        .iter()
        .filter_map(|activity| span(text(activity.policy()?, "delay")?).ok());
    delays.max().unwrap_or_else(Duration::zero).max(Duration::zero())
}

/// As many windows at a time as the strictest of the activities lets run.
fn concurrency(group: &Group<'_>) -> i64 {
    let allowed = group.activities.iter().map(|activity| {
        let value = activity.policy().and_then(|policy| member(policy, "concurrency"));
        let number = value.and_then(|value| value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()));
        number.unwrap_or(1).clamp(1, 50)
    });
    allowed.min().unwrap_or(1)
}

/// The triggers that make what the group reads.
fn depends_on(
    group: &Group<'_>,
    groups: &[Group<'_>],
    makers: &Makers,
    all: &Old1<'_>,
    notes: &mut Notes<'_>,
) -> Vec<Value> {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for activity in &group.activities {
        for input in &activity.inputs {
            let Some(maker) = makers.get(&input.name.to_lowercase()).map(|i| &groups[*i]) else {
                continue;
            };
            if dataset(all, &input.name).is_some_and(|dataset| dataset.external) || maker.name == group.name {
                continue;
            }
            if maker.availability.is_none() || maker.period.is_none() {
                let text = format!("the windows do not wait for {}, which is started by hand", maker.name);
                notes.note_at(activity.path(&["inputs"]), text);
                continue;
            }
            let mut on = json!({
                "type": "TumblingWindowTriggerDependencyReference",
                "referenceTrigger": { "referenceName": maker.name, "type": "TriggerReference" },
            });
            if let (Some((offset, size)), Some(object)) = (moved(input.times, group), on.as_object_mut()) {
                object.insert("offset".to_owned(), spelled(offset).into());
                object.insert("size".to_owned(), spelled(size).into());
            }
            found.entry(on.to_string()).or_insert(on);
        }
    }
    found.into_values().collect()
}

/// How far from the window's start the slices lie that are read, and how long they are.
fn moved(times: Option<(&str, &str)>, group: &Group<'_>) -> Option<(Duration, Duration)> {
    let (from, to) = times?;
    let (from, to) = (Function::parse_bare(from).ok()?, Function::parse_bare(to).ok()?);
    let distances: Option<Vec<_>> = samples(&group.availability?)
        .into_iter()
        .map(|window| {
            let (from, to) = (from.moment(window).ok()?, to.moment(window).ok()?);
            Some((from - window.start, to - from))
        })
        .collect();
    let distances = distances?;
    let first = *distances.first()?;
    distances.iter().all(|other| *other == first).then_some(first)
}

fn written(moment: NaiveDateTime) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time span as triggers write it.
fn spelled(span: Duration) -> String {
    let sign = if span < Duration::zero() { "-" } else { "" };
    let span = span.abs();
    let (hours, minutes, seconds) = (span.num_hours() % 24, span.num_minutes() % 60, span.num_seconds() % 60);
    let days = match span.num_days() {
        0 => String::new(),
        days => format!("{days}."),
    };
    format!("{sign}{days}{hours:02}:{minutes:02}:{seconds:02}")
}

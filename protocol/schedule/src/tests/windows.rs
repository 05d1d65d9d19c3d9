//! Tumbling windows and what they wait for.

use super::{at, tumbling};
use crate::{Dependency, On, Window};
use chrono::TimeDelta;
use serde_json::{Value, json};

fn hourly(more: Value) -> Value {
    let mut properties =
        json!({ "frequency": "Hour", "interval": 1, "startTime": "2017-09-01T10:10:10Z", "maxConcurrency": 10 });
    properties
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    properties
}

#[test]
fn windows_begin_at_the_start_whatever_the_unit() {
    let trigger = tumbling(hourly(
        json!({ "delay": "00:15:00", "retryPolicy": { "count": 2, "intervalInSeconds": 30 } }),
    ))
    .unwrap();
    let window = trigger.windows.window(0).unwrap();
    assert_eq!(
        (window.start, window.end),
        (at("2017-09-01T10:10:10Z"), at("2017-09-01T11:10:10Z"))
    );
    assert_eq!(trigger.ready(window), Some(at("2017-09-01T11:25:10Z")));
    assert_eq!(
        (trigger.concurrency, trigger.retry.count, trigger.retry.interval),
        (10, 2, TimeDelta::seconds(30))
    );
    assert_eq!(trigger.windows.number_at(at("2017-09-01T10:10:09Z")), None);
    assert_eq!(trigger.windows.number_at(at("2017-09-01T12:10:09Z")), Some(1));
    assert_eq!(trigger.windows.last(), None);
}

#[test]
fn months_are_those_of_the_calendar() {
    let monthly =
        tumbling(json!({ "frequency": "Month", "interval": 1, "startTime": "2024-01-31T00:00:00Z" })).unwrap();
    let starts: Vec<String> = (0..4)
        .map(|n| monthly.windows.window(n).unwrap().start.format("%m-%d").to_string())
        .collect();
    assert_eq!(starts, ["01-31", "02-29", "03-31", "04-30"]);
    assert_eq!(monthly.windows.number_at(at("2024-03-30T23:59:59Z")), Some(1));
}

#[test]
fn only_whole_windows_come_before_the_end() {
    let trigger = tumbling(hourly(json!({ "endTime": "2017-09-01T13:00:00Z" }))).unwrap();
    assert!(trigger.windows.window(1).is_some());
    assert_eq!(trigger.windows.window(2), None, "it would end behind the end");
    assert_eq!(trigger.windows.last(), Some(1));
    assert_eq!(
        trigger
            .windows
            .overlapping(at("2017-09-01T00:00:00Z"), at("2017-09-02T00:00:00Z")),
        0..2
    );
    let none = tumbling(hourly(json!({ "endTime": "2017-09-01T10:30:00Z" }))).unwrap();
    assert_eq!(none.windows.last(), Some(-1));
}

#[test]
fn a_dependency_is_a_span_of_time() {
    let daily_on_hourly = Dependency {
        on: On::Trigger("H".into()),
        offset: TimeDelta::zero(),
        size: Some(TimeDelta::hours(24)),
    };
    let hours = tumbling(json!({ "frequency": "Hour", "interval": 1, "startTime": "2024-01-01T00:00:00Z" })).unwrap();
    let day = Window {
        number: 3,
        start: at("2024-01-04T00:00:00Z"),
        end: at("2024-01-05T00:00:00Z"),
    };
    let (from, to) = daily_on_hourly.span(day).unwrap();
    assert_eq!(hours.windows.overlapping(from, to), 72..96);
    // Windows that only share a part count, those that only touch do not.
    assert_eq!(
        hours
            .windows
            .overlapping(at("2024-01-01T00:30:00Z"), at("2024-01-01T02:00:00Z")),
        0..2
    );
    // Before the first window there is nothing to wait for.
    assert_eq!(
        hours
            .windows
            .overlapping(at("2023-12-31T00:00:00Z"), at("2024-01-01T00:00:00Z")),
        0..0
    );
    assert_eq!(
        hours
            .windows
            .overlapping(at("2023-12-31T00:00:00Z"), at("2024-01-01T01:00:00Z")),
        0..1
    );
    assert!(hours.windows.overlapping(from, from).is_empty());
}

#[test]
fn dependencies_are_read() {
    let other = |more: Value| {
        let mut item = json!({ "type": "TumblingWindowTriggerDependencyReference", "referenceTrigger": { "referenceName": "Other", "type": "TriggerReference" } });
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    let own = |offset: &str, size: Option<&str>| json!({ "type": "SelfDependencyTumblingWindowTriggerReference", "offset": offset, "size": size });
    let read = |items: Value| tumbling(hourly(json!({ "dependsOn": items }))).map(|trigger| trigger.depends_on);
    let found = read(json!([
        other(json!({ "offset": "02:00:00", "size": "1.00:00:00" })),
        own("-01:00:00", None)
    ]))
    .unwrap();
    assert_eq!(found[0].on, On::Trigger("Other".into()));
    assert_eq!(
        (found[0].offset, found[0].size),
        (TimeDelta::hours(2), Some(TimeDelta::days(1)))
    );
    assert_eq!((&found[1].on, found[1].offset), (&On::Itself, TimeDelta::hours(-1)));
    for (items, says) in [
        (json!([own("01:00:00", None)]), "negative"),
        (json!([own("-01:00:00", Some("02:00:00"))]), "as long as its size"),
        (
            json!([{ "type": "SelfDependencyTumblingWindowTriggerReference" }]),
            "offset` is missing",
        ),
        (
            json!([{ "type": "TumblingWindowTriggerDependencyReference" }]),
            "referenceName` is missing",
        ),
        (json!([other(json!({ "size": "-01:00:00" }))]), "not positive"),
        (json!([other(json!({ "offset": "soon" }))]), "time span"),
        (json!(vec![other(json!({})); 6]), "5 are the most"),
        (json!(["x"]), "not an object"),
    ] {
        let error = read(items.clone()).unwrap_err();
        assert!(error.contains(says), "{items}: {error}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (more, says) in [
        (json!({ "frequency": "Day" }), "none of Minute, Hour, Month"),
        (json!({ "interval": null }), "interval` is missing"),
        (json!({ "startTime": null }), "startTime` is missing"),
        (json!({ "maxConcurrency": 51 }), "from 1 to 50"),
        (json!({ "delay": "-00:01:00" }), "delay"),
        (json!({ "retryPolicy": { "count": -1 } }), "retryPolicy.count"),
        (json!({ "retryPolicy": 3 }), "retryPolicy` is not an object"),
    ] {
        let error = tumbling(hourly(more.clone())).unwrap_err();
        assert!(error.contains(says), "{more}: {error}");
    }
}

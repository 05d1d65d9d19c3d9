//! Documents may be anything: nothing panics.

use super::at;
use crate::{Arrivals, Recurrence, Tumbling, span};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Values as they stand in documents, right or wrong.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        (-40i64..70).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "Minute",
            "hour",
            "Day",
            "Week",
            "Month",
            "Year",
            "UTC",
            "Pacific Standard Time",
            "Monday",
            "sunday",
            "2024-02-29T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.9999999Z",
            "9999-12-31T23:59:59",
            "-9.00:00:00",
            "00:00:01",
            "99999.23:59:59",
            "SelfDependencyTumblingWindowTriggerReference",
            "Microsoft.Storage.BlobCreated",
            "/in/blobs/é/",
            "/blobs/",
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner).prop_map(Value::Object),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let name = prop::sample::select(vec![
        "recurrence",
        "frequency",
        "interval",
        "startTime",
        "endTime",
        "timeZone",
        "schedule",
        "minutes",
        "hours",
        "weekDays",
        "monthDays",
        "monthlyOccurrences",
        "day",
        "occurrence",
        "delay",
        "maxConcurrency",
        "retryPolicy",
        "count",
        "dependsOn",
        "type",
        "size",
        "offset",
        "referenceTrigger",
        "referenceName",
        "events",
        "blobPathBeginsWith",
        "blobPathEndsWith",
        "ignoreEmptyBlobs",
        "pollingInterval",
        "scope",
    ]);
    prop::collection::vec((name, value), 0..8).prop_map(|pairs| {
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    })
}

proptest! {
    #[test]
    fn nothing_panics(inner in members(value()), text in ".{0,20}") {
        let _ = span(&text);
        let _ = Arrivals::read(&inner);
        let now = at("2024-02-29T12:00:00Z");
        let wrapped = json!({ "recurrence": inner.clone() });
        if let Ok(recurrence) = Recurrence::read(wrapped.as_object().unwrap(), now) {
            for moment in [now, at("0001-01-01T00:00:00Z"), at("9999-12-31T23:59:59Z")] {
                let _ = recurrence.after(moment);
            }
        }
        if let Ok(trigger) = Tumbling::read(&inner) {
            for number in [0, 1, i64::MAX, -1] {
                if let Some(window) = trigger.windows.window(number) {
                    let _ = trigger.ready(window);
                    for dependency in &trigger.depends_on {
                        let _ = dependency.span(window).map(|(from, to)| trigger.windows.overlapping(from, to));
                    }
                }
            }
            let _ = trigger.windows.number_at(now);
            let _ = trigger.windows.last();
        }
    }
}

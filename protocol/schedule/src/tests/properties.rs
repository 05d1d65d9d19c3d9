//! What holds for every schedule and for all windows.

use super::at;
use crate::{Recurrence, Tumbling, Unit, Windows};
use chrono::{DateTime, TimeDelta, TimeZone, Timelike, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (1_650_000_000i64..1_750_000_000).prop_map(|seconds| Utc.timestamp_opt(seconds, 0).unwrap())
}

fn subset(of: std::ops::Range<i64>) -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![Just(Vec::new()), prop::collection::vec(of, 1..5)]
}

const ZONES: [&str; 6] = [
    "UTC",
    "W. Europe Standard Time",
    "America/New_York",
    "India Standard Time",
    "Australia/Lord_Howe",
    "Pacific/Apia",
];

fn schedule() -> impl Strategy<Value = Value> {
    let frequency = prop::sample::select(vec!["Minute", "Hour", "Day", "Week", "Month"]);
    let zone = prop::sample::select(ZONES.to_vec());
    (
        frequency,
        1i64..40,
        moment(),
        zone,
        subset(0..60),
        subset(0..24),
        subset(1..29),
    )
        .prop_map(|(frequency, interval, start, zone, minutes, hours, days)| {
            let mut schedule = json!({ "minutes": minutes, "hours": hours });
            match frequency {
                "Week" => schedule["weekDays"] = json!(["Saturday", "monday"]),
                "Month" => schedule["monthDays"] = json!(days),
                _ => {}
            }
            json!({ "recurrence": { "frequency": frequency, "interval": interval, "startTime": start.to_rfc3339(),
                "timeZone": zone, "schedule": schedule } })
        })
}

fn windows() -> impl Strategy<Value = Windows> {
    let unit = prop::sample::select(vec![Unit::Minute, Unit::Hour, Unit::Month]);
    (unit, 1i64..50, moment(), prop::option::of(0i64..100_000_000)).prop_map(|(unit, interval, start, length)| {
        Windows {
            unit,
            interval,
            start,
            end: length.map(|length| start + TimeDelta::seconds(length)),
        }
    })
}

proptest! {
    #[test]
    fn times_grow_and_nothing_is_left_out_between_them(document in schedule(), from in moment(), part in 0.0f64..1.0) {
        let recurrence = Recurrence::read(document.as_object().unwrap(), at("2024-01-01T00:00:00Z")).unwrap();
        let mut moment = from;
        for _ in 0..6 {
            let Some(next) = recurrence.after(moment) else { break };
            prop_assert!(next > moment);
            prop_assert!(next >= at(document["recurrence"]["startTime"].as_str().unwrap()));
            // Asked anywhere in between, the answer is the same.
            let gap = next.signed_duration_since(moment).num_seconds() as f64;
            let between = moment + TimeDelta::seconds((gap * part) as i64).min(next - moment - TimeDelta::seconds(1));
            prop_assert_eq!(recurrence.after(between), Some(next));
            moment = next;
        }
    }

    #[test]
    fn hours_and_minutes_of_utc_are_those_of_the_schedule(document in schedule(), from in moment()) {
        let mut document = document;
        document["recurrence"]["timeZone"] = "UTC".into();
        let recurrence = Recurrence::read(document.as_object().unwrap(), at("2024-01-01T00:00:00Z")).unwrap();
        let listed = |name: &str, value: u32| {
            let list = document["recurrence"]["schedule"][name].as_array().unwrap();
            list.is_empty() || list.contains(&Value::from(value))
        };
        let mut moment = from;
        for _ in 0..6 {
            let Some(next) = recurrence.after(moment) else { break };
            prop_assert!(listed("hours", next.hour()) && listed("minutes", next.minute()), "{} {}", document, next);
            moment = next;
        }
    }

    #[test]
    fn a_plain_interval_is_arithmetic(interval in 1i64..5000, start in moment(), from in moment()) {
        let document = json!({ "recurrence": { "frequency": "Minute", "interval": interval, "startTime": start.to_rfc3339() } });
        let recurrence = Recurrence::read(document.as_object().unwrap(), start).unwrap();
        let step = interval * 60;
        let passed = (from - start).num_seconds();
        let expected = if passed < 0 { start } else { start + TimeDelta::seconds((passed / step + 1) * step) };
        prop_assert_eq!(recurrence.after(from), Some(expected));
    }

    #[test]
    fn windows_have_no_gaps_and_know_their_moments(windows in windows(), number in 0i64..5_000) {
        if let (Some(one), Some(two)) = (windows.window(number), windows.window(number + 1)) {
            prop_assert_eq!(one.end, two.start);
        }
        if let Some(window) = windows.window(number) {
            prop_assert!(window.start < window.end);
            for moment in [window.start, window.end - TimeDelta::seconds(1)] {
                prop_assert_eq!(windows.number_at(moment), Some(number));
            }
            prop_assert!(windows.last().is_none_or(|last| number <= last));
        } else {
            prop_assert!(windows.last().is_some_and(|last| number > last));
        }
    }

    #[test]
    fn overlapping_is_what_it_says(windows in windows(), before in -500_000i64..5_000_000, length in 0i64..900_000) {
        let from = windows.start + TimeDelta::seconds(before);
        let to = from + TimeDelta::seconds(length);
        let near = windows.number_at(from).unwrap_or(0);
        let found = windows.overlapping(from, to);
        for number in (near - 2).max(0)..near + 20 {
            let touches = windows.window(number).is_some_and(|window| window.start < to && window.end > from);
            prop_assert_eq!(found.contains(&number), touches, "{} of {:?}", number, found);
        }
    }
}

#[test]
fn reading_the_same_document_twice_gives_the_same() {
    let document = json!({ "frequency": "Hour", "interval": "24", "startTime": "2024-01-01T00:00:00Z" });
    let read = || Tumbling::read(document.as_object().unwrap()).unwrap();
    assert_eq!(read(), read());
    assert_eq!(read().windows.interval, 24, "numbers are texts at times");
}

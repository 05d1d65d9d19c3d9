//! Recurrences as Data Factory documents them.

use super::{next, read};
use serde_json::json;

#[test]
fn a_start_in_the_past_is_counted_from_and_not_made_up() {
    // The example of the documentation: every two days from the 7th 14:00, asked on the 8th 13:00.
    let every = json!({ "frequency": "Day", "interval": 2, "startTime": "2017-04-07T14:00:00Z" });
    let expected = ["2017-04-09T14:00:00", "2017-04-11T14:00:00", "2017-04-13T14:00:00"];
    assert_eq!(next(every, "2017-04-08T13:00:00Z", 3), expected);
    for start in ["2017-04-05T14:00:00Z", "2017-04-01T14:00:00Z"] {
        let every = json!({ "frequency": "day", "interval": 2, "startTime": start });
        assert_eq!(
            next(every, "2017-04-08T13:00:00Z", 1),
            ["2017-04-09T14:00:00"],
            "{start}"
        );
    }
}

#[test]
fn a_start_in_the_future_is_the_first_time() {
    let hourly = json!({ "frequency": "Hour", "interval": 3, "startTime": "2024-05-31T10:20:30Z", "endTime": "2024-05-31T16:20:30Z" });
    let expected = ["2024-05-31T10:20:30", "2024-05-31T13:20:30", "2024-05-31T16:20:30"];
    assert_eq!(next(hourly, "2024-01-01T00:00:00Z", 9), expected);
    let scheduled =
        json!({ "frequency": "Day", "startTime": "2024-05-31T10:20:00Z", "schedule": { "hours": [9, 11] } });
    let expected = ["2024-05-31T11:20:00", "2024-06-01T09:20:00"];
    assert_eq!(next(scheduled, "2024-01-01T00:00:00Z", 2), expected);
}

#[test]
fn minutes_alone_are_those_of_every_hour_and_hours_alone_have_the_starts_minute() {
    let of = |frequency: &str, schedule| json!({ "frequency": frequency, "interval": 1, "startTime": "2024-05-31T12:25:10Z", "schedule": schedule });
    let cases = [
        (
            of("Day", json!({ "hours": [5] })),
            ["2024-06-01T05:25:10", "2024-06-02T05:25:10"],
        ),
        (
            of("Day", json!({ "minutes": [15], "hours": [17, 5] })),
            ["2024-05-31T17:15:00", "2024-06-01T05:15:00"],
        ),
        (
            of("Day", json!({ "minutes": [0, 30] })),
            ["2024-05-31T12:30:00", "2024-05-31T13:00:00"],
        ),
        (
            of("Hour", json!({ "minutes": [15], "hours": [2, 14] })),
            ["2024-05-31T14:15:00", "2024-06-01T02:15:00"],
        ),
        (
            of("Week", json!({ "weekDays": ["tuesday", "Thursday"] })),
            ["2024-06-04T12:25:10", "2024-06-06T12:25:10"],
        ),
        (
            of(
                "Week",
                json!({ "hours": [17], "minutes": [15, 45], "weekDays": ["Monday"] }),
            ),
            ["2024-06-03T17:15:00", "2024-06-03T17:45:00"],
        ),
        (
            of("Minute", json!({ "hours": [3] })),
            ["2024-06-01T03:00:10", "2024-06-01T03:01:10"],
        ),
    ];
    for (recurrence, expected) in cases {
        assert_eq!(
            next(recurrence.clone(), "2024-05-31T12:25:10Z", 2),
            expected,
            "{recurrence}"
        );
    }
}

#[test]
fn months_have_days_and_occurrences_from_both_ends() {
    let of = |schedule| json!({ "frequency": "Month", "interval": 1, "startTime": "2024-01-31T06:00:00Z", "schedule": schedule });
    let cases = [
        (
            of(json!({ "monthDays": [28] })),
            ["2024-02-28T06:00:00", "2024-03-28T06:00:00"],
        ),
        (
            of(json!({ "monthDays": [-1] })),
            ["2024-02-29T06:00:00", "2024-03-31T06:00:00"],
        ),
        (
            of(json!({ "monthDays": [1, -1], "hours": [6], "minutes": [0] })),
            ["2024-02-01T06:00:00", "2024-02-29T06:00:00"],
        ),
        // A month without a 31st has none.
        (
            of(json!({ "monthDays": [31] })),
            ["2024-03-31T06:00:00", "2024-05-31T06:00:00"],
        ),
        (
            of(json!({ "monthlyOccurrences": [{ "day": "Friday", "occurrence": 1 }] })),
            ["2024-02-02T06:00:00", "2024-03-01T06:00:00"],
        ),
        (
            of(json!({ "monthlyOccurrences": [{ "day": "friday", "occurrence": -3 }] })),
            ["2024-02-09T06:00:00", "2024-03-15T06:00:00"],
        ),
        (
            of(json!({ "monthlyOccurrences": [{ "day": "Friday", "occurrence": 5 }] })),
            ["2024-03-29T06:00:00", "2024-05-31T06:00:00"],
        ),
        (
            of(json!({ "monthlyOccurrences": [{ "day": "Sunday" }] })),
            ["2024-02-04T06:00:00", "2024-02-11T06:00:00"],
        ),
        // Without any day it is the start's, or the month's last.
        (of(json!({})), ["2024-02-29T06:00:00", "2024-03-31T06:00:00"]),
    ];
    for (recurrence, expected) in cases {
        assert_eq!(
            next(recurrence.clone(), "2024-01-31T07:00:00Z", 2),
            expected,
            "{recurrence}"
        );
    }
}

#[test]
fn every_other_week_has_days_of_every_other_week() {
    // The start is a Wednesday: its week's Sunday counts, the next week's does not.
    let recurrence = json!({ "frequency": "Week", "interval": 2, "startTime": "2024-05-01T08:00:00Z", "schedule": { "weekDays": ["Sunday", "Wednesday"] } });
    let expected = [
        "2024-05-01T08:00:00",
        "2024-05-05T08:00:00",
        "2024-05-15T08:00:00",
        "2024-05-19T08:00:00",
    ];
    assert_eq!(next(recurrence, "2024-01-01T00:00:00Z", 4), expected);
}

#[test]
fn years_and_what_never_comes() {
    let yearly = json!({ "frequency": "Year", "interval": 1, "startTime": "2024-02-29T00:00:00Z" });
    assert_eq!(next(yearly, "2024-03-01T00:00:00Z", 1), ["2025-02-28T00:00:00"]);
    let never = json!({ "frequency": "Minute", "interval": 60, "startTime": "2024-01-01T00:00:00Z", "schedule": { "minutes": [1] } });
    assert!(next(never, "2024-01-01T00:00:00Z", 1).is_empty());
    let over =
        json!({ "frequency": "Day", "startTime": "2020-06-01T23:20:00.000Z", "endTime": "2020-06-05T23:20:00.000Z" });
    assert!(next(over, "2020-06-05T23:20:00Z", 1).is_empty());
}

#[test]
fn without_a_start_it_counts_from_when_it_was_made() {
    assert_eq!(
        next(json!({ "frequency": "Day" }), "2024-01-01T00:00:00Z", 1),
        ["2024-01-02T00:00:00"]
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (recurrence, says) in [
        (json!({ "interval": 1 }), "`recurrence.frequency` is missing"),
        (json!({ "frequency": "Fortnight" }), "none of Minute, Hour"),
        (
            json!({ "frequency": "Day", "interval": 0 }),
            "`recurrence.interval` is 0",
        ),
        (
            json!({ "frequency": "Day", "interval": "x" }),
            "`recurrence.interval` is not a whole number",
        ),
        (
            json!({ "frequency": "Day", "startTime": "yesterday" }),
            "`recurrence.startTime`",
        ),
        (
            json!({ "frequency": "Day", "timeZone": "Mars Standard Time" }),
            "`recurrence.timeZone`",
        ),
        (
            json!({ "frequency": "Day", "startTime": "2024-01-02T00:00:00Z", "endTime": "2024-01-01T00:00:00Z" }),
            "before the startTime",
        ),
        (
            json!({ "frequency": "Day", "schedule": { "weekDays": ["Monday"] } }),
            "frequency Week only",
        ),
        (
            json!({ "frequency": "Week", "schedule": { "monthDays": [1] } }),
            "frequency Month only",
        ),
        (json!({ "frequency": "Day", "schedule": { "hours": [24] } }), "holds 24"),
        (
            json!({ "frequency": "Month", "schedule": { "monthDays": [0] } }),
            "holds 0",
        ),
        (
            json!({ "frequency": "Month", "schedule": { "monthlyOccurrences": [{ "occurrence": 1 }] } }),
            "monthlyOccurrences.day",
        ),
        (
            json!({ "frequency": "Month", "schedule": { "monthlyOccurrences": [{ "day": "Monday", "occurrence": 6 }] } }),
            "is 6",
        ),
    ] {
        let error = read(&recurrence).unwrap_err();
        assert!(error.contains(says), "{recurrence}: {error}");
    }
}

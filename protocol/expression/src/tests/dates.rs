//! Dates, their formats and time zones.

use super::{all, value};
use serde_json::json;
use sluice_dotnet::zones::WINDOWS;

#[test]
fn moments_are_read_moved_and_written() {
    all(&[
        ("utcNow()", json!("2024-02-29T13:05:07.0000000Z")),
        ("utcnow('yyyy-MM-dd hh:mm:ss tt')", json!("2024-02-29 01:05:07 PM")),
        ("addDays('2024-02-28', 1)", json!("2024-02-29T00:00:00.0000000")),
        ("addDays('2024-02-29T10:00:00Z', -1, 'yyyyMMdd')", json!("20240228")),
        (
            "addDays('2024-01-01T00:00:00Z', 0.5)",
            json!("2024-01-01T12:00:00.0000000Z"),
        ),
        (
            "addHours('2024-01-01T23:30:00+02:00', 1)",
            json!("2024-01-01T22:30:00.0000000Z"),
        ),
        (
            "addMinutes('03/15/2018 13:00:00', 10)",
            json!("2018-03-15T13:10:00.0000000"),
        ),
        (
            "addSeconds('2018-03-15T13:00:00.1234567Z', -5)",
            json!("2018-03-15T12:59:55.1234567Z"),
        ),
        (
            "addToTime('2024-01-31T00:00:00Z', 1, 'Month')",
            json!("2024-02-29T00:00:00.0000000Z"),
        ),
        (
            "addToTime('2024-02-29T00:00:00Z', 1, 'year')",
            json!("2025-02-28T00:00:00.0000000Z"),
        ),
        (
            "subtractFromTime('2018-01-02T00:00:00Z', 1, 'Day')",
            json!("2018-01-01T00:00:00.0000000Z"),
        ),
        (
            "subtractFromTime('2018-01-15T00:00:00Z', 2, 'Week', 'D')",
            json!("Monday, January 1, 2018"),
        ),
        ("dayOfMonth('2018-03-15T13:27:36Z')", json!(15)),
        ("dayOfWeek('2018-03-18')", json!(0)),
        ("dayOfYear('2018-03-15T13:27:36Z')", json!(74)),
        (
            "formatDateTime('03/15/2018 12:00:00', 'yyyy-MM-ddTHH:mm:ss')",
            json!("2018-03-15T12:00:00"),
        ),
        (
            "formatDateTime('2018-03-15T12:00:00Z', 'dd MMMM yyyy')",
            json!("15 March 2018"),
        ),
        (
            "formatDateTime('2018-03-15T12:00:00.987Z', 'HHmmss.fff')",
            json!("120000.987"),
        ),
        (
            "formatDateTime('2018-03-15T12:00:00Z')",
            json!("2018-03-15T12:00:00.0000000Z"),
        ),
        ("formatDateTime('March 5, 2018', 's')", json!("2018-03-05T00:00:00")),
        ("formatDateTime('3/5/2018 1:02 PM', 'HH:mm')", json!("13:02")),
        ("getFutureTime(5, 'Day', 'yyyy-MM-dd')", json!("2024-03-05")),
        ("getPastTime(1, 'Month', 'yyyy-MM-dd')", json!("2024-01-29")),
        (
            "startOfDay('2018-03-15T13:30:30Z')",
            json!("2018-03-15T00:00:00.0000000Z"),
        ),
        (
            "startOfHour('2018-03-15T13:30:30Z')",
            json!("2018-03-15T13:00:00.0000000Z"),
        ),
        (
            "startOfMonth('2018-03-15T13:30:30Z', 'yyyy-MM-dd')",
            json!("2018-03-01"),
        ),
        ("ticks('2018-01-01T00:00:00Z')", json!(636_503_616_000_000_000_i64)),
        ("ticks('0001-01-01T00:00:00Z')", json!(0)),
    ]);
}

#[test]
fn time_zones_have_windows_and_iana_names() {
    all(&[
        (
            "convertFromUtc('2018-01-01T08:00:00Z', 'Pacific Standard Time')",
            json!("2018-01-01T00:00:00.0000000"),
        ),
        (
            "convertFromUtc('2018-07-01T08:00:00Z', 'Europe/Berlin', 'HH:mm')",
            json!("10:00"),
        ),
        (
            "convertToUtc('01/01/2018 00:00:00', 'Pacific Standard Time')",
            json!("2018-01-01T08:00:00.0000000Z"),
        ),
        (
            "convertToUtc('2024-10-27T02:30:00', 'W. Europe Standard Time', 's')",
            json!("2024-10-27T01:30:00"),
        ),
        (
            "convertTimeZone('2018-01-01T08:00:00.0000000Z', 'UTC', 'Pacific Standard Time')",
            json!("2018-01-01T00:00:00.0000000"),
        ),
        (
            "convertTimeZone('2018-01-01T08:00:00', 'Pacific Standard Time', 'UTC')",
            json!("2018-01-01T16:00:00.0000000Z"),
        ),
        (
            "convertTimeZone('2024-07-01T12:00:00', 'Eastern Standard Time', 'India Standard Time', 'HH:mm')",
            json!("21:30"),
        ),
    ]);
    for (windows, _) in WINDOWS {
        let text = format!("@convertFromUtc('2024-01-01T00:00:00Z', '{windows}')");
        assert!(value(&text).is_string(), "{windows}");
    }
}

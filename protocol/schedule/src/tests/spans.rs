//! Time spans.

use crate::span;
use chrono::TimeDelta;

#[test]
fn spans_have_signs_days_and_fractions() {
    for (text, millis) in [
        ("00:15:00", 900_000),
        ("-01:00:00", -3_600_000),
        ("7.00:00:00", 604_800_000),
        ("-1.02:03:04.5", -93_784_500),
        ("00:00:00", 0),
    ] {
        assert_eq!(span(text), Some(TimeDelta::milliseconds(millis)), "{text}");
    }
    for wrong in [
        "",
        "5",
        "1:2",
        "24:00:00",
        "00:60:00",
        "--00:00:01",
        "00:00:1e1",
        "+1.00:00:00",
        "00:00:00.",
        "999999999.00:00:00",
    ] {
        assert_eq!(span(wrong), None, "{wrong}");
    }
}

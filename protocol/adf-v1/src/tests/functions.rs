//! v1's functions: Microsoft's examples, and what is wrong.

use crate::{Function, Window};
use chrono::NaiveDateTime;

pub(super) fn moment(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").unwrap()
}

pub(super) fn window() -> Window {
    Window {
        start: moment("2013-09-15T17:10:23"),
        end: moment("2013-09-15T18:10:23"),
    }
}

fn evaluate(text: &str) -> Result<String, String> {
    Function::parse(text).unwrap()?.evaluate(window())
}

#[test]
fn the_examples_of_the_table() {
    for (call, value) in [
        ("Time.AddHours(SliceStart, 2)", "9/15/2013 7:10:23 PM"),
        ("Time.AddMinutes(SliceStart, 15)", "9/15/2013 5:25:23 PM"),
        ("Time.StartOfHour(SliceStart)", "9/15/2013 5:00:00 PM"),
        ("Date.AddDays(SliceStart, -2)", "9/13/2013 5:10:23 PM"),
        ("Date.AddMonths(SliceStart, 1)", "10/15/2013 5:10:23 PM"),
        ("Date.AddQuarters(SliceStart, 1)", "12/15/2013 5:10:23 PM"),
        ("Date.AddWeeks(SliceStart, 1)", "9/22/2013 5:10:23 PM"),
        ("Date.AddYears(SliceStart, -1)", "9/15/2012 5:10:23 PM"),
        ("Date.Day(SliceStart)", "15"),
        ("Date.DayOfWeek(SliceStart)", "Sunday"),
        ("Date.DayOfYear(SliceStart)", "258"),
        ("Date.DaysInMonth(SliceStart)", "30"),
        ("Date.EndOfDay(SliceStart)", "9/15/2013 11:59:59 PM"),
        ("Date.EndOfMonth(SliceStart)", "9/30/2013 11:59:59 PM"),
        ("Date.StartOfDay(WindowStart)", "9/15/2013 12:00:00 AM"),
        ("DateTime.Ticks(DateTime.From('0001-01-02'))", "864000000000"),
        ("DateTime.From('2015-12-01T10:00:00Z')", "12/1/2015 10:00:00 AM"),
        (
            "Text.Format('{0:yyyyMMdd-HH} {1:HH}', SliceStart, SliceEnd)",
            "20130915-17 18",
        ),
        (
            r"text.format('a \'{0:yyyy-MM-dd HH:mm:ss}\'', Time.AddHours(WindowStart, -6))",
            "a '2013-09-15 11:10:23'",
        ),
        (
            "Text.Format('{{{0:%M}/{0:%d}}} {1:D3}', SliceStart, Date.Day(SliceStart))",
            "{9/15} 015",
        ),
        ("$$Date.Day($$Date.AddDays(SliceStart, 1))", "16"),
    ] {
        assert_eq!(
            evaluate(&format!("$${}", call.trim_start_matches("$$"))).as_deref(),
            Ok(value),
            "{call}"
        );
    }
    assert!(Function::parse("select 1").is_none());
}

#[test]
fn mistakes_have_a_place_and_a_cause() {
    for (text, cause) in [
        ("$$Text.Form('x')", "at character 3: there is no function Text.Form"),
        (
            "$$Date.AddDays(SliceStart)",
            "at character 3: Date.AddDays takes 2 arguments, and has 1",
        ),
        (
            "$$Text.Format('{0:yyyy}', WindowsStart)",
            "at character 27: there is no variable WindowsStart",
        ),
        (
            "$$Text.Format('{0}",
            "at character 15: the text that begins here has no closing quote",
        ),
        ("$$Date.Day(SliceStart) x", "at character 24: `x` does not belong here"),
        ("$$Text.Format('{1}', SliceStart)", "Text.Format has no value for {1}"),
        ("$$Text.Format('{0', SliceStart)", "a `{` in the format is not closed"),
        ("$$Text.Format('{0:Q}', SliceStart)", "there is no standard format 'Q'"),
        ("$$Date.Day(5)", "a time is needed here"),
        (
            "$$Date.AddYears(SliceStart, 9000)",
            "the time lies outside of the years 1 to 9999",
        ),
        ("$$", "at character 3: something is missing at the end"),
    ] {
        assert_eq!(evaluate(text), Err(cause.to_owned()), "{text}");
    }
}

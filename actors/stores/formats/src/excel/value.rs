//! The text of a cell.

use calamine::{DataRef, ExcelDateTime};
use chrono::{NaiveDateTime, NaiveTime, Timelike};
use std::borrow::Cow;

/// Whole numbers up to here are doubles of their own.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// A cell's text; none when it is empty.
///
/// # Errors
/// The error that the cell shows.
pub(super) fn text<'a>(cell: &'a DataRef<'_>) -> Result<Option<Cow<'a, str>>, String> {
    Ok(Some(match cell {
        DataRef::Empty => return Ok(None),
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(number) => Cow::Owned(float(*number)),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cow::Borrowed(text.as_str()),
        DataRef::SharedString(text) => Cow::Borrowed(*text),
        DataRef::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        DataRef::DateTime(value) => Cow::Owned(date_time(value)),
        DataRef::Error(error) => return Err(error.to_string()),
    }))
}

fn float(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
        return format!("{number:.0}");
    }
    format!("{number:?}")
}

/// `2024-02-29`, `2024-02-29T12:30:00`, `12:30:00`, or hours of any number where Excel counts them.
fn date_time(value: &ExcelDateTime) -> String {
    let number = value.as_f64();
    if value.is_duration() {
        return match value.as_duration().map(|duration| duration.num_milliseconds()) {
            Some(millis) => duration(millis),
            None => float(number),
        };
    }
    let Some(moment) = value.as_datetime() else {
        return float(number);
    };
    let time = clock(moment.time());
    match () {
        () if (0.0..1.0).contains(&number) => time,
        () if moment.time() == NaiveTime::MIN => day(moment),
        () => format!("{}T{time}", day(moment)),
    }
}

fn day(moment: NaiveDateTime) -> String {
    moment.format("%Y-%m-%d").to_string()
}

fn clock(time: NaiveTime) -> String {
    match time.nanosecond() {
        0 => time.format("%H:%M:%S").to_string(),
        _ => time.format("%H:%M:%S%.3f").to_string(),
    }
}

fn duration(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let (seconds, rest) = (millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
    let whole = format!(
        "{sign}{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    match rest {
        0 => whole,
        rest => format!("{whole}.{rest:03}"),
    }
}

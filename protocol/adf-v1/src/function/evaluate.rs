//! Computing functions.

use super::Window;
use super::compose::{Part, digits, parts};
use super::parse::Expr;
use super::table::Name;
use chrono::{Datelike, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime};
use sluice_dotnet::{Culture, Format, Purpose};

/// A value.
enum Value {
    Moment(NaiveDateTime),
    Number(i64),
    Text(String),
}

pub(super) fn text(expr: &Expr, window: Window) -> Result<String, String> {
    match value(expr, window)? {
        Value::Moment(moment) => written(moment, None),
        Value::Number(number) => Ok(number.to_string()),
        Value::Text(text) => Ok(text),
    }
}

pub(super) fn moment(expr: &Expr, window: Window) -> Result<NaiveDateTime, String> {
    match value(expr, window)? {
        Value::Moment(moment) => Ok(moment),
        _ => Err("a time is needed here".to_owned()),
    }
}

fn number(expr: &Expr, window: Window) -> Result<i64, String> {
    match value(expr, window)? {
        Value::Number(number) => Ok(number),
        _ => Err("a whole number is needed here".to_owned()),
    }
}

fn value(expr: &Expr, window: Window) -> Result<Value, String> {
    Ok(match expr {
        Expr::Start => Value::Moment(window.start),
        Expr::End => Value::Moment(window.end),
        Expr::Text(text) => Value::Text(text.clone()),
        Expr::Number(number) => Value::Number(*number),
        Expr::Call(Name::Format, arguments) => Value::Text(format(arguments, window)?),
        Expr::Call(Name::From, arguments) => Value::Moment(from(&text(&arguments[0], window)?)?),
        Expr::Call(name, arguments) => call(*name, arguments, window)?,
    })
}

fn call(name: Name, arguments: &[Expr], window: Window) -> Result<Value, String> {
    let time = moment(&arguments[0], window)?;
    let by = match arguments.get(1) {
        Some(by) => number(by, window)?,
        None => 0,
    };
    let date = time.date();
    let month = |date: NaiveDate| {
        date.with_day(1)
            .and_then(|first| first.checked_add_months(Months::new(1)))
    };
    let last_second = |date: Option<NaiveDate>| Some(date?.and_time(NaiveTime::MIN) - Duration::seconds(1));
    let after = |span: Option<Duration>| time.checked_add_signed(span?);
    let found = match name {
        Name::AddHours => after(Duration::try_hours(by)).map(Value::Moment),
        Name::AddMinutes => after(Duration::try_minutes(by)).map(Value::Moment),
        Name::AddDays => after(Duration::try_days(by)).map(Value::Moment),
        Name::AddWeeks => after(Duration::try_weeks(by)).map(Value::Moment),
        Name::AddMonths => months(time, Some(by)).map(Value::Moment),
        Name::AddQuarters => months(time, by.checked_mul(3)).map(Value::Moment),
        Name::AddYears => months(time, by.checked_mul(12)).map(Value::Moment),
        Name::StartOfHour => {
            let past = Duration::nanoseconds(
                time.and_utc()
                    .timestamp_nanos_opt()
                    .map_or(0, |all| all.rem_euclid(3_600_000_000_000)),
            );
            Some(Value::Moment(time - past))
        }
        Name::StartOfDay => Some(Value::Moment(date.and_time(NaiveTime::MIN))),
        Name::EndOfDay => last_second(date.succ_opt()).map(Value::Moment),
        Name::EndOfMonth => last_second(month(date)).map(Value::Moment),
        Name::Day => Some(Value::Number(date.day().into())),
        Name::DayOfWeek => Some(Value::Text(date.format("%A").to_string())),
        Name::DayOfYear => Some(Value::Number(date.ordinal().into())),
        Name::DaysInMonth => month(date)
            .and_then(|next| next.pred_opt())
            .map(|last| Value::Number(last.day().into())),
        Name::Ticks => {
            let begin = NaiveDate::from_ymd_opt(1, 1, 1).map(|date| date.and_time(NaiveTime::MIN));
            let since = begin.map(|begin| time - begin);
            since.map(|since| Value::Number(since.num_seconds() * 10_000_000 + i64::from(since.subsec_nanos()) / 100))
        }
        Name::Format | Name::From => None,
    };
    let in_range = |value: &Value| !matches!(value, Value::Moment(moment) if !(1..=9999).contains(&moment.year()));
    found
        .filter(in_range)
        .ok_or_else(|| "the time lies outside of the years 1 to 9999".to_owned())
}

fn months(time: NaiveDateTime, by: Option<i64>) -> Option<NaiveDateTime> {
    let by = by?;
    let count = Months::new(u32::try_from(by.unsigned_abs()).ok()?);
    if by < 0 {
        time.checked_sub_months(count)
    } else {
        time.checked_add_months(count)
    }
}

fn format(arguments: &[Expr], window: Window) -> Result<String, String> {
    let pattern = text(&arguments[0], window)?;
    let mut out = String::new();
    for part in parts(&pattern)? {
        match part {
            Part::Literal(literal) => out += &literal,
            Part::Value(index, format) => {
                let argument = arguments.get(index.saturating_add(1));
                let argument = argument.ok_or_else(|| format!("Text.Format has no value for {{{index}}}"))?;
                out += &match value(argument, window)? {
                    Value::Moment(moment) => written(moment, format.as_deref())?,
                    Value::Number(number) => format!("{number:0width$}", width = digits(format.as_deref())?),
                    Value::Text(text) => text,
                };
            }
        }
    }
    Ok(out)
}

/// A time as .NET writes it; without a format as it was shown in v1, in the American way.
pub(super) fn written(moment: NaiveDateTime, format: Option<&str>) -> Result<String, String> {
    let format = Format::parse(format.unwrap_or("G"), Purpose::Moment, Culture::EN_US)?;
    Ok(format.write(moment, Some(0)))
}

/// Reads a time as people write it in these documents.
pub(crate) fn from(text: &str) -> Result<NaiveDateTime, String> {
    const FORMS: &[&str] = &[
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%m/%d/%Y %H:%M:%S",
        "%m/%d/%Y %I:%M:%S %p",
    ];
    let text = text.trim();
    if let Ok(moment) = chrono::DateTime::parse_from_rfc3339(text) {
        return Ok(moment.naive_utc());
    }
    let bare = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let found = FORMS
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok());
    let found = found.or_else(|| {
        NaiveDate::parse_from_str(bare, "%Y-%m-%d")
            .ok()
            .map(|date| date.and_time(NaiveTime::MIN))
    });
    let found = found.or_else(|| {
        NaiveDate::parse_from_str(bare, "%m/%d/%Y")
            .ok()
            .map(|date| date.and_time(NaiveTime::MIN))
    });
    found.ok_or_else(|| format!("{text:?} is no time"))
}

//! Dates and times.

use super::{Args, Body, Function};
use crate::moment::Moment;
use crate::zones;
use chrono::{Datelike, Duration};
use serde_json::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "addDays",
        form: "addDays(timestamp, days, format?)",
        about: "a later moment, or an earlier one for a negative number",
        body: Body::Strict(|args| add(args, 86_400)),
    },
    Function {
        name: "addHours",
        form: "addHours(timestamp, hours, format?)",
        about: "a later moment, or an earlier one for a negative number",
        body: Body::Strict(|args| add(args, 3_600)),
    },
    Function {
        name: "addMinutes",
        form: "addMinutes(timestamp, minutes, format?)",
        about: "a later moment, or an earlier one for a negative number",
        body: Body::Strict(|args| add(args, 60)),
    },
    Function {
        name: "addSeconds",
        form: "addSeconds(timestamp, seconds, format?)",
        about: "a later moment, or an earlier one for a negative number",
        body: Body::Strict(|args| add(args, 1)),
    },
    Function {
        name: "addToTime",
        form: "addToTime(timestamp, interval, unit, format?)",
        about: "a later moment; the unit is Second, Minute, Hour, Day, Week, Month or Year",
        body: Body::Strict(|args| {
            let moved = step(moment(args, 0)?, args.whole(1)?, &args.text(2)?)?;
            written(args, moved, 3)
        }),
    },
    Function {
        name: "convertFromUtc",
        form: "convertFromUtc(timestamp, zone, format?)",
        about: "a moment of UTC in a time zone, by its Windows or IANA name",
        body: Body::Strict(|args| {
            let local = zones::from_utc(moment(args, 0)?, &args.text(1)?)?;
            written(args, local, 2)
        }),
    },
    Function {
        name: "convertTimeZone",
        form: "convertTimeZone(timestamp, from, to, format?)",
        about: "a moment of one time zone in another",
        body: Body::Strict(|args| {
            let utc = zones::to_utc(moment(args, 0)?, &args.text(1)?)?;
            let local = zones::from_utc(utc, &args.text(2)?)?;
            written(args, local, 3)
        }),
    },
    Function {
        name: "convertToUtc",
        form: "convertToUtc(timestamp, zone, format?)",
        about: "a moment of a time zone in UTC",
        body: Body::Strict(|args| {
            let utc = zones::to_utc(moment(args, 0)?, &args.text(1)?)?;
            written(args, utc, 2)
        }),
    },
    Function {
        name: "dayOfMonth",
        form: "dayOfMonth(timestamp)",
        about: "the day of the month, from 1",
        body: Body::Strict(|args| Ok(Value::from(moment(args, 0)?.time.day()))),
    },
    Function {
        name: "dayOfWeek",
        form: "dayOfWeek(timestamp)",
        about: "the day of the week; Sunday is 0",
        body: Body::Strict(|args| Ok(Value::from(moment(args, 0)?.time.weekday().num_days_from_sunday()))),
    },
    Function {
        name: "dayOfYear",
        form: "dayOfYear(timestamp)",
        about: "the day of the year, from 1",
        body: Body::Strict(|args| Ok(Value::from(moment(args, 0)?.time.ordinal()))),
    },
    Function {
        name: "formatDateTime",
        form: "formatDateTime(timestamp, format?)",
        about: "a moment in one of .NET's formats",
        body: Body::Strict(|args| written(args, moment(args, 0)?, 1)),
    },
    Function {
        name: "getFutureTime",
        form: "getFutureTime(interval, unit, format?)",
        about: "a moment later than now",
        body: Body::Strict(|args| {
            let moved = step(now(args), args.whole(0)?, &args.text(1)?)?;
            written(args, moved, 2)
        }),
    },
    Function {
        name: "getPastTime",
        form: "getPastTime(interval, unit, format?)",
        about: "a moment earlier than now",
        body: Body::Strict(|args| {
            let moved = step(now(args), back(args.whole(0)?)?, &args.text(1)?)?;
            written(args, moved, 2)
        }),
    },
    Function {
        name: "startOfDay",
        form: "startOfDay(timestamp, format?)",
        about: "the beginning of the day",
        body: Body::Strict(|args| written(args, moment(args, 0)?.truncated(false, false), 1)),
    },
    Function {
        name: "startOfHour",
        form: "startOfHour(timestamp, format?)",
        about: "the beginning of the hour",
        body: Body::Strict(|args| written(args, moment(args, 0)?.truncated(true, false), 1)),
    },
    Function {
        name: "startOfMonth",
        form: "startOfMonth(timestamp, format?)",
        about: "the beginning of the month",
        body: Body::Strict(|args| written(args, moment(args, 0)?.truncated(false, true), 1)),
    },
    Function {
        name: "subtractFromTime",
        form: "subtractFromTime(timestamp, interval, unit, format?)",
        about: "an earlier moment; the unit is Second, Minute, Hour, Day, Week, Month or Year",
        body: Body::Strict(|args| {
            let moved = step(moment(args, 0)?, back(args.whole(1)?)?, &args.text(2)?)?;
            written(args, moved, 3)
        }),
    },
    Function {
        name: "ticks",
        form: "ticks(timestamp)",
        about: "the 100 nanoseconds since the year 1",
        body: Body::Strict(|args| Ok(Value::from(moment(args, 0)?.ticks()))),
    },
    Function {
        name: "utcNow",
        form: "utcNow(format?)",
        about: "the time now, in UTC",
        body: Body::Strict(|args| written(args, now(args), 0)),
    },
];

fn now(args: &Args<'_>) -> Moment {
    Moment::now(args.scope.now())
}

fn moment(args: &Args<'_>, place: usize) -> Result<Moment, String> {
    Moment::parse(&args.text(place)?)
}

fn written(args: &Args<'_>, moment: Moment, format: usize) -> Result<Value, String> {
    let format = args.optional_text(format)?;
    moment.format(format.as_deref()).map(Value::String)
}

fn back(interval: i64) -> Result<i64, String> {
    interval
        .checked_neg()
        .ok_or_else(|| "the interval is too large".to_owned())
}

/// Moves by a number of units of so many seconds; the number may have a fraction.
fn add(args: &Args<'_>, seconds: i64) -> Result<Value, String> {
    let moment = moment(args, 0)?;
    let by = match super::number::Num::of(args.value(1)).ok_or_else(|| args.wrong(1, "a number"))? {
        super::number::Num::Whole(count) => count.checked_mul(seconds).and_then(Duration::try_seconds),
        super::number::Num::Float(count) => {
            let millis = (count * seconds as f64 * 1000.0).round();
            (millis.abs() < 9.0e15).then(|| Duration::milliseconds(millis as i64))
        }
    };
    let moved = moment.plus(by.ok_or("the number is too large")?)?;
    written(args, moved, 2)
}

fn step(moment: Moment, interval: i64, unit: &str) -> Result<Moment, String> {
    let too_large = || "the interval is too large".to_owned();
    let by = |seconds: i64| {
        let duration = interval.checked_mul(seconds).and_then(Duration::try_seconds);
        duration
            .ok_or_else(too_large)
            .and_then(|duration| moment.plus(duration))
    };
    match unit.to_ascii_lowercase().as_str() {
        "second" => by(1),
        "minute" => by(60),
        "hour" => by(3_600),
        "day" => by(86_400),
        "week" => by(604_800),
        "month" => moment.plus_months(interval),
        "year" => moment.plus_months(interval.checked_mul(12).ok_or_else(too_large)?),
        _ => Err(format!(
            "{unit:?} is none of Second, Minute, Hour, Day, Week, Month, Year"
        )),
    }
}

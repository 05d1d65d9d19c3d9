//! Dates and times in texts.

use super::{Converted, Rules, lost};
use arrow::array::{ArrayRef, AsArray, Date32Array, Time64MicrosecondArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use sluice_contract::Fault;
use sluice_dotnet::{Culture, Format, Purpose, Read};
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::{Arc, LazyLock};

/// What is understood without a format, whatever the culture, the most common first.
const ISO: [&str; 9] = [
    "yyyy-MM-ddTHH:mm:ss.FFFFFFFFFK",
    "yyyy-MM-dd HH:mm:ss.FFFFFFFFFK",
    "yyyy-MM-dd",
    "yyyy-MM-dd HH:mm:ss.FFFFFFFFF zzz",
    "yyyy-MM-ddTHH:mmK",
    "yyyy-MM-dd HH:mm",
    "yyyyMMdd",
    "yyyy/M/d",
    "yyyy/M/d H:mm:ss.FFFFFFFFF",
];

/// And the American way, in which the invariant culture writes.
static USUAL: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let american = [
        "M/d/yyyy",
        "M/d/yyyy H:mm:ss.FFFFFFFFF",
        "M/d/yyyy H:mm",
        "M/d/yyyy h:mm:ss tt",
        "M/d/yyyy h:mm tt",
        "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    ];
    usual(&[&ISO[..], &american].concat(), Purpose::Moment)
});

/// The same for a culture: it says whether 1/2 is in January or in February.
fn usual_in(culture: Culture) -> Cow<'static, [Format]> {
    if culture == Culture::INVARIANT || culture == Culture::EN_US {
        return Cow::Borrowed(&USUAL);
    }
    let own = culture.usual();
    let own = own
        .iter()
        .filter_map(|form| Format::parse(form, Purpose::Moment, culture).ok());
    Cow::Owned(usual(&ISO, Purpose::Moment).into_iter().chain(own).collect())
}

static USUAL_TIMES: LazyLock<Vec<Format>> = LazyLock::new(|| {
    usual(
        &[r"hh\:mm\:ss.FFFFFFFFF", r"h\:mm\:ss.FFFFFFFFF", r"h\:mm"],
        Purpose::Span,
    )
});

fn usual(forms: &[&str], purpose: Purpose) -> Vec<Format> {
    let read = |form: &&str| Format::parse(form, purpose, Culture::INVARIANT).ok();
    forms.iter().filter_map(read).collect()
}

/// Reads texts as the dates or times of a column's type.
pub(super) fn parse(column: &ArrayRef, to: &DataType, rules: &Rules) -> Result<Converted, Fault> {
    let texts = column.as_string::<i32>().iter();
    let exact = |nanos: u32| rules.truncate || nanos.is_multiple_of(1000);
    let reader = |format: &Option<Format>, usual: Cow<'static, [Format]>| {
        let format = format.clone();
        // The texts of a column look alike: the form that was right is tried first.
        let last = Cell::new(0_usize);
        move |text: &str| -> Option<Read> {
            let text = text.trim();
            if let Some(format) = &format {
                return format.read(text);
            }
            if let Some(read) = usual.get(last.get()).and_then(|format| format.read(text)) {
                return Some(read);
            }
            let (place, read) = usual
                .iter()
                .enumerate()
                .find_map(|(place, format)| format.read(text).map(|read| (place, read)))?;
            last.set(place);
            Some(read)
        }
    };
    let values: ArrayRef = match to {
        DataType::Date32 => {
            let read = reader(&rules.date_time, usual_in(rules.culture));
            let day = |text: &str| {
                let read = read(text).filter(|read| read.dated)?;
                let whole = rules.truncate || (read.moment.time() == NaiveTime::MIN && read.offset.is_none());
                whole.then(|| i32::try_from(days(read.moment.date())).ok())?
            };
            Arc::new(texts.map(|text| text.and_then(day)).collect::<Date32Array>())
        }
        DataType::Time64(_) => {
            let read = reader(&rules.time_span, Cow::Borrowed(&USUAL_TIMES));
            let time = |text: &str| {
                let time = read(text)?.moment.time();
                exact(time.nanosecond()).then(|| micros_of_day(time))
            };
            Arc::new(
                texts
                    .map(|text| text.and_then(time))
                    .collect::<Time64MicrosecondArray>(),
            )
        }
        DataType::Timestamp(_, zone) => {
            let format = match zone {
                Some(_) => &rules.date_time_offset,
                None => &rules.date_time,
            };
            let read = reader(format, usual_in(rules.culture));
            let moment = |text: &str| {
                let read = read(text).filter(|read| read.dated && exact(read.moment.nanosecond()))?;
                // A column without offsets would lose this one.
                if zone.is_none() && read.offset.is_some() && !rules.truncate {
                    return None;
                }
                let utc = read.moment - TimeDelta::minutes(i64::from(read.offset.unwrap_or_default()));
                Some(micros(utc))
            };
            let values: TimestampMicrosecondArray = texts.map(|text| text.and_then(moment)).collect();
            Arc::new(values.with_timezone_opt(zone.clone()))
        }
        other => return super::number::parse(column, other, rules.culture),
    };
    Ok(Converted {
        bad: lost(column.as_ref(), values.as_ref()),
        column: values,
    })
}

fn days(date: NaiveDate) -> i64 {
    (date - NaiveDate::default()).num_days()
}

fn micros(moment: NaiveDateTime) -> i64 {
    moment.and_utc().timestamp_micros()
}

fn micros_of_day(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond() / 1000)
}

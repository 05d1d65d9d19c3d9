//! To text, and what texts are besides numbers and times.

use super::{Converted, Rules, cast, lost};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Float32Type, Float64Type, Int64Type, TimeUnit,
};
use chrono::{DateTime, NaiveDateTime, TimeDelta};
use sluice_contract::Fault;
use sluice_dotnet::{Culture, Format, Purpose};
use std::fmt::Display;
use std::sync::{Arc, LazyLock};

/// How moments and times are written when no format says it.
static PLAIN: LazyLock<[Option<Format>; 4]> = LazyLock::new(|| {
    let form = |text, purpose| Format::parse(text, purpose, Culture::INVARIANT).ok();
    [
        form("yyyy-MM-dd", Purpose::Moment),
        form("yyyy-MM-ddTHH:mm:ss.FFFFFFFFF", Purpose::Moment),
        form("yyyy-MM-ddTHH:mm:ss.FFFFFFFFFzzz", Purpose::Moment),
        form(r"hh\:mm\:ss.FFFFFFFFF", Purpose::Span),
    ]
});

/// `true` and `false` in any case; 1 and 0 where booleans are numbers.
pub(super) fn booleans(column: &ArrayRef, numbers: bool) -> Result<Converted, Fault> {
    let one = |text: &str| match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        "1" if numbers => Some(true),
        "0" if numbers => Some(false),
        _ => None,
    };
    let texts = column.as_string::<i32>();
    let values: BooleanArray = texts.iter().map(|text| text.and_then(one)).collect();
    Ok(Converted {
        bad: lost(column.as_ref(), &values),
        column: Arc::new(values),
    })
}

/// GUIDs in every form that .NET writes, in their canonical one.
pub(super) fn guids(column: &ArrayRef) -> Result<Converted, Fault> {
    let one = |text: &str| {
        let text = text.trim().trim_start_matches(['{', '(']).trim_end_matches(['}', ')']);
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let dashes = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text.as_bytes()[*at] == b'-');
        let is_guid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_guid && (dashes || text.len() == 32)).then(|| {
            let digits = digits.to_ascii_lowercase();
            format!(
                "{}-{}-{}-{}-{}",
                &digits[..8],
                &digits[8..12],
                &digits[12..16],
                &digits[16..20],
                &digits[20..]
            )
        })
    };
    let texts = column.as_string::<i32>();
    let values: StringArray = texts.iter().map(|text| text.and_then(one)).collect();
    Ok(Converted {
        bad: lost(column.as_ref(), &values),
        column: Arc::new(values),
    })
}

/// Writes values as .NET does, times by their formats.
pub(super) fn write(column: &ArrayRef, rules: &Rules) -> Result<Converted, Fault> {
    let [date, moment, with_zone, time] = &*PLAIN;
    let texts: ArrayRef = match column.data_type() {
        DataType::Boolean => {
            let word = |flag: bool| if flag { "True" } else { "False" };
            Arc::new(
                column
                    .as_boolean()
                    .iter()
                    .map(|flag| flag.map(word))
                    .collect::<StringArray>(),
            )
        }
        DataType::Float32 => pointed(displayed::<Float32Type>(column), rules.culture),
        DataType::Float64 => pointed(displayed::<Float64Type>(column), rules.culture),
        DataType::Decimal128(..) | DataType::Decimal256(..) => {
            pointed(cast(column.as_ref(), &DataType::Utf8)?, rules.culture)
        }
        DataType::Date32 => {
            let at = |days: i32| DateTime::from_timestamp(i64::from(days) * 86_400, 0);
            let values = column.as_primitive::<Date32Type>().iter();
            written(
                rules.date_time.as_ref().or(date.as_ref()),
                values.map(|days| days.and_then(at)),
                None,
            )
        }
        DataType::Date64 => {
            let values = column.as_primitive::<Date64Type>().iter();
            let at = |millis: Option<i64>| millis.and_then(DateTime::from_timestamp_millis);
            written(rules.date_time.as_ref().or(date.as_ref()), values.map(at), None)
        }
        DataType::Timestamp(unit, zone) => {
            let (unit, offset) = (*unit, zone.as_deref().map(offset));
            let whole = cast(column.as_ref(), &DataType::Int64)?;
            let values = whole.as_primitive::<Int64Type>().iter();
            let format = match offset {
                Some(_) => rules.date_time_offset.as_ref().or(with_zone.as_ref()),
                None => rules.date_time.as_ref().or(moment.as_ref()),
            };
            written(
                format,
                values.map(|value| value.and_then(|value| instant(unit, value))),
                offset,
            )
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let nanos = cast(column.as_ref(), &DataType::Time64(TimeUnit::Nanosecond))?;
            let nanos = cast(nanos.as_ref(), &DataType::Int64)?;
            let values = nanos.as_primitive::<Int64Type>().iter();
            let format = rules.time_span.as_ref().or(time.as_ref());
            written(
                format,
                values.map(|value| value.map(DateTime::from_timestamp_nanos)),
                None,
            )
        }
        _ => cast(column.as_ref(), &DataType::Utf8)?,
    };
    Ok(Converted {
        bad: lost(column.as_ref(), texts.as_ref()),
        column: texts,
    })
}

fn displayed<T: ArrowPrimitiveType>(column: &ArrayRef) -> ArrayRef
where
    T::Native: Display,
{
    let values = column.as_primitive::<T>().iter();
    Arc::new(
        values
            .map(|value| value.map(|value| value.to_string()))
            .collect::<StringArray>(),
    )
}

/// Texts of numbers with the culture's point before their fraction; digits are not grouped.
fn pointed(texts: ArrayRef, culture: Culture) -> ArrayRef {
    let point = culture.decimal_point();
    if point == '.' {
        return texts;
    }
    let own = point.to_string();
    let texts = texts.as_string::<i32>().iter();
    Arc::new(
        texts
            .map(|text| text.map(|text| text.replace('.', &own)))
            .collect::<StringArray>(),
    )
}

fn written(
    format: Option<&Format>,
    moments: impl Iterator<Item = Option<DateTime<chrono::Utc>>>,
    offset: Option<i32>,
) -> ArrayRef {
    let local = |at: DateTime<chrono::Utc>| -> NaiveDateTime {
        at.naive_utc() + TimeDelta::minutes(i64::from(offset.unwrap_or_default()))
    };
    let one = |at: Option<DateTime<chrono::Utc>>| Some(format?.write(local(at?), offset));
    Arc::new(moments.map(one).collect::<StringArray>())
}

fn instant(unit: TimeUnit, value: i64) -> Option<DateTime<chrono::Utc>> {
    match unit {
        TimeUnit::Second => DateTime::from_timestamp(value, 0),
        TimeUnit::Millisecond => DateTime::from_timestamp_millis(value),
        TimeUnit::Microsecond => DateTime::from_timestamp_micros(value),
        TimeUnit::Nanosecond => Some(DateTime::from_timestamp_nanos(value)),
    }
}

/// Minutes east of Greenwich of a zone such as `+02:00`; others are written in UTC.
fn offset(zone: &str) -> i32 {
    let minutes = || {
        let (sign, digits) = match zone.as_bytes().first()? {
            b'+' => (1, &zone[1..]),
            b'-' => (-1, &zone[1..]),
            _ => return None,
        };
        let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
        Some(sign * (hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?))
    };
    minutes().unwrap_or_default()
}

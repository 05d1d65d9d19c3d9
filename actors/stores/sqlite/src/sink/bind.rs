//! One value of an Arrow array, as SQLite takes it.

use super::fit::Form;
use crate::decimal::{self, DOUBLE_DIGITS};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta};
use sluice_contract::{Code, Fault};
use std::borrow::Cow;

/// A value in SQLite's storage classes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Blob(&'a [u8]),
}

impl Cell<'_> {
    /// Bytes that it takes, about.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len() as u64,
            Self::Blob(bytes) => bytes.len() as u64,
        }
    }
}

/// A batch's columns, without dictionaries.
///
/// # Errors
/// `SL6011` when one cannot be unpacked.
pub(crate) fn unpack(batch: &RecordBatch) -> Result<Vec<ArrayRef>, Fault> {
    let unpacked = batch.columns().iter().map(|array| match array.data_type() {
        DataType::Dictionary(_, value) => cast(array, value),
        _ => Ok(array.clone()),
    });
    let unpacked: Result<Vec<_>, _> = unpacked.collect();
    unpacked.map_err(|error| Fault::new(Code::DataInvalid, error.to_string()))
}

/// The value of a row, in a form.
///
/// # Errors
/// What is wrong with it, to be put behind the column's name.
pub(crate) fn cell(array: &dyn Array, row: usize, form: Form) -> Result<Cell<'_>, String> {
    if *array.data_type() == DataType::Null || array.is_null(row) {
        return Ok(Cell::Null);
    }
    let cell = match value(array, row)? {
        Value::Integer(value) if form == Form::Real => exact(value)?,
        Value::Integer(value) => Cell::Integer(value),
        // SQLite would store NULL.
        Value::Real(value) if value.is_nan() => return Err("NaN, which SQLite does not have".into()),
        Value::Real(value) if form == Form::Text => Cell::Text(Cow::Owned(value.to_string())),
        Value::Real(value) => Cell::Real(value),
        Value::Decimal(text) => match form {
            Form::Integer => Cell::Integer(text.parse().map_err(|_| format!("{text}, which is too large"))?),
            Form::Real => Cell::Real(text.parse().map_err(|_| format!("{text}, which is no number"))?),
            _ => Cell::Text(Cow::Owned(text)),
        },
        Value::Text(text) => parsed(text, form)?,
        Value::Moment(text) => Cell::Text(Cow::Owned(text)),
        Value::Blob(bytes) => Cell::Blob(bytes),
    };
    Ok(cell)
}

enum Value<'a> {
    Integer(i64),
    Real(f64),
    Decimal(String),
    Text(&'a str),
    /// A date, a time of day or both.
    Moment(String),
    Blob(&'a [u8]),
}

fn value(array: &dyn Array, row: usize) -> Result<Value<'_>, String> {
    Ok(match array.data_type() {
        DataType::Boolean => Value::Integer(array.as_boolean().value(row).into()),
        DataType::Int8 => Value::Integer(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Value::Integer(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Value::Integer(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Value::Integer(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Value::Integer(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Value::Integer(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Value::Integer(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => {
            let value = array.as_primitive::<UInt64Type>().value(row);
            Value::Integer(i64::try_from(value).map_err(|_| format!("{value}, which SQLite's integers do not hold"))?)
        }
        DataType::Float16 => Value::Real(array.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Float32 => Value::Real(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => Value::Real(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(p, s) => {
            let value = array.as_primitive::<Decimal128Type>().value(row);
            Value::Decimal(Decimal128Type::format_decimal(value, *p, *s))
        }
        DataType::Decimal256(p, s) => {
            let value = array.as_primitive::<Decimal256Type>().value(row);
            Value::Decimal(Decimal256Type::format_decimal(value, *p, *s))
        }
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Value::Text(array.as_string_view().value(row)),
        DataType::Binary => Value::Blob(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Value::Blob(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Value::Blob(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Value::Blob(array.as_fixed_size_binary().value(row)),
        _ => Value::Moment(moment(array, row)?),
    })
}

/// A date or time in ISO form, as SQLite's own functions read it; moments in UTC end in `Z`.
fn moment(array: &dyn Array, row: usize) -> Result<String, String> {
    const FORM: &str = "%Y-%m-%d %H:%M:%S%.f";
    let ticks = ticks(array, row)?;
    let outside = || format!("a {} that ISO dates do not have", array.data_type());
    let text = match array.data_type() {
        DataType::Date32 => (DateTime::UNIX_EPOCH.date_naive())
            .checked_add_signed(TimeDelta::try_days(ticks).ok_or_else(outside)?)
            .filter(in_iso_years)
            .map(|date| date.to_string()),
        DataType::Date64 => match DateTime::from_timestamp_millis(ticks).ok_or_else(outside)? {
            date if date.time() == NaiveTime::MIN => {
                Some(date.date_naive()).filter(in_iso_years).map(|d| d.to_string())
            }
            _ => return Err("a date with a time of day".into()),
        },
        DataType::Time32(unit) | DataType::Time64(unit) => {
            let (seconds, nanos) = split(ticks, *unit);
            let seconds = u32::try_from(seconds).map_err(|_| outside())?;
            NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)
                .map(|time| time.format("%H:%M:%S%.f").to_string())
        }
        DataType::Timestamp(unit, zone) => {
            let (seconds, nanos) = split(ticks, *unit);
            let moment = DateTime::from_timestamp(seconds, nanos).filter(|moment| in_iso_years(&moment.date_naive()));
            let zone = if zone.is_some() { "Z" } else { "" };
            moment.map(|moment| format!("{}{zone}", moment.format(FORM)))
        }
        other => return Err(format!("a value of type {other}, which SQLite has no form for")),
    };
    text.ok_or_else(outside)
}

fn in_iso_years(date: &NaiveDate) -> bool {
    (0..=9999).contains(&date.year())
}

/// Seconds, and nanoseconds behind them.
fn split(ticks: i64, unit: TimeUnit) -> (i64, u32) {
    let per_second = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    // Less than a second in nanoseconds fits 32 bits.
    let nanos = ticks.rem_euclid(per_second) * (1_000_000_000 / per_second);
    (ticks.div_euclid(per_second), u32::try_from(nanos).unwrap_or(0))
}

/// A date's or time's number, in its own unit.
fn ticks(array: &dyn Array, row: usize) -> Result<i64, String> {
    use TimeUnit as U;
    Ok(match array.data_type() {
        DataType::Date32 => array.as_primitive::<Date32Type>().value(row).into(),
        DataType::Date64 => array.as_primitive::<Date64Type>().value(row),
        DataType::Time32(U::Second) => array.as_primitive::<Time32SecondType>().value(row).into(),
        DataType::Time32(U::Millisecond) => array.as_primitive::<Time32MillisecondType>().value(row).into(),
        DataType::Time64(U::Microsecond) => array.as_primitive::<Time64MicrosecondType>().value(row),
        DataType::Time64(U::Nanosecond) => array.as_primitive::<Time64NanosecondType>().value(row),
        DataType::Timestamp(U::Second, _) => array.as_primitive::<TimestampSecondType>().value(row),
        DataType::Timestamp(U::Millisecond, _) => array.as_primitive::<TimestampMillisecondType>().value(row),
        DataType::Timestamp(U::Microsecond, _) => array.as_primitive::<TimestampMicrosecondType>().value(row),
        DataType::Timestamp(U::Nanosecond, _) => array.as_primitive::<TimestampNanosecondType>().value(row),
        other => return Err(format!("a value of type {other}, which SQLite has no form for")),
    })
}

fn exact(value: i64) -> Result<Cell<'static>, String> {
    if value.unsigned_abs() > 1 << 53 {
        return Err(format!("{value}, which a double does not hold"));
    }
    Ok(Cell::Real(value as f64))
}

fn parsed(text: &str, form: Form) -> Result<Cell<'_>, String> {
    let shown = || text.chars().take(40).collect::<String>();
    let trimmed = text.trim();
    match form {
        Form::ParsedInteger => match trimmed.parse() {
            Ok(value) => Ok(Cell::Integer(value)),
            Err(_) => Err(format!("{:?}, which is not an integer", shown())),
        },
        Form::ParsedReal if trimmed.parse::<i64>().is_ok() => exact(trimmed.parse().unwrap_or_default()),
        Form::ParsedNumber | Form::ParsedReal => {
            number(trimmed).ok_or_else(|| format!("{:?}, which is not a number of at most fifteen digits", shown()))
        }
        Form::ParsedBoolean => match trimmed.to_ascii_lowercase().as_str() {
            "1" | "t" | "true" | "y" | "yes" => Ok(Cell::Integer(1)),
            "0" | "f" | "false" | "n" | "no" => Ok(Cell::Integer(0)),
            _ => Err(format!("{:?}, which is not a boolean", shown())),
        },
        Form::TextNotNumber if trimmed.parse::<f64>().is_ok() => Err(format!(
            "{:?}, which SQLite would turn into a number in a column of this declaration",
            shown()
        )),
        _ => Ok(Cell::Text(Cow::Borrowed(text))),
    }
}

/// An integer, or a decimal that a double keeps.
fn number(text: &str) -> Option<Cell<'static>> {
    if let Ok(value) = text.parse() {
        return Some(Cell::Integer(value));
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let decimals = text.split_once('.').map_or("", |(_, decimals)| decimals);
    // A double that was written out with all its digits is one as well.
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let scale = i8::try_from(decimals.len()).unwrap_or(i8::MAX);
    let kept = digits <= usize::from(DOUBLE_DIGITS) && decimal::parse(text, DOUBLE_DIGITS, scale.min(15)).is_some();
    (kept || value.to_string() == text).then_some(Cell::Real(value))
}

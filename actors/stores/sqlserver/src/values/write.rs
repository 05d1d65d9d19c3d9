//! One value of an Arrow array, as the driver takes it.

use super::form::Form;
use super::{parse, time};
use crate::describe::CodePage;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::record_batch::RecordBatch;
use sluice_contract::{Code, Fault};
use std::borrow::Cow;
use tiberius::ColumnData;
use tiberius::numeric::Numeric;
use tiberius::time::DateTimeOffset;
use uuid::Uuid;

/// A value, whatever its column's type is.
enum Value<'a> {
    Bool(bool),
    Int(i128),
    Real(f32),
    Float(f64),
    Decimal(i128, u32),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Days since 1970.
    Date(i64),
    /// Ticks of 100 ns since midnight.
    Time(i128),
    /// Ticks since 1970, of a place's clock or of UTC, whichever the type says.
    Moment(i128),
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
pub(crate) fn cell(array: &dyn Array, row: usize, form: Form) -> Result<ColumnData<'_>, String> {
    if *array.data_type() == DataType::Null || array.is_null(row) {
        return Ok(null(form));
    }
    put(value(array, row)?, form)
}

/// NULL, in the variant that the form's columns take.
fn null(form: Form) -> ColumnData<'static> {
    match form {
        Form::Bit => ColumnData::Bit(None),
        Form::TinyInt => ColumnData::U8(None),
        Form::SmallInt => ColumnData::I16(None),
        Form::Int => ColumnData::I32(None),
        Form::BigInt => ColumnData::I64(None),
        Form::Real => ColumnData::F32(None),
        Form::Float => ColumnData::F64(None),
        Form::Decimal { .. } | Form::Money { .. } => ColumnData::Numeric(None),
        Form::Unicode { .. } | Form::CodePage { .. } => ColumnData::String(None),
        Form::Bytes { .. } => ColumnData::Binary(None),
        Form::Date => ColumnData::Date(None),
        Form::Time { .. } => ColumnData::Time(None),
        Form::DateTime2 { .. } => ColumnData::DateTime2(None),
        Form::DateTimeOffset { .. } => ColumnData::DateTimeOffset(None),
        Form::DateTime | Form::SmallDateTime => ColumnData::DateTime(None),
        Form::Guid => ColumnData::Guid(None),
    }
}

fn put(value: Value<'_>, form: Form) -> Result<ColumnData<'_>, String> {
    Ok(match form {
        Form::Bit => ColumnData::Bit(Some(match value {
            Value::Bool(truth) => truth,
            Value::Text(text) => parse::truth(text).ok_or_else(|| not(text, "a truth"))?,
            _ => return Err(foreign()),
        })),
        Form::TinyInt => ColumnData::U8(Some(whole(&value)?.try_into().map_err(|_| range("tinyint"))?)),
        Form::SmallInt => ColumnData::I16(Some(whole(&value)?.try_into().map_err(|_| range("smallint"))?)),
        Form::Int => ColumnData::I32(Some(whole(&value)?.try_into().map_err(|_| range("int"))?)),
        Form::BigInt => ColumnData::I64(Some(whole(&value)?.try_into().map_err(|_| range("bigint"))?)),
        Form::Real => ColumnData::F32(Some(match value {
            Value::Real(number) if number.is_finite() => number,
            Value::Int(number) => number as f32,
            Value::Text(text) => finite(text.trim().parse::<f32>().ok(), text)?,
            Value::Real(_) => return Err(no_number()),
            _ => return Err(foreign()),
        })),
        Form::Float => ColumnData::F64(Some(match value {
            Value::Float(number) if number.is_finite() => number,
            Value::Real(number) if number.is_finite() => number.into(),
            Value::Int(number) => number as f64,
            Value::Text(text) => finite(text.trim().parse::<f64>().ok(), text)?,
            Value::Float(_) | Value::Real(_) => return Err(no_number()),
            _ => return Err(foreign()),
        })),
        Form::Decimal { precision, scale } => {
            let unscaled = scaled(&value, scale)?;
            let limit = 10_i128.pow(u32::from(precision.min(38)));
            if unscaled.abs() >= limit {
                return Err(range(&format!("decimal({precision},{scale})")));
            }
            ColumnData::Numeric(Some(Numeric::new_with_scale(unscaled, scale.min(38))))
        }
        Form::Money { limit } => {
            let unscaled = scaled(&value, 4)?;
            let limit = i128::from(limit);
            if unscaled > limit || unscaled < -limit - 1 {
                return Err(range("money"));
            }
            ColumnData::Numeric(Some(Numeric::new_with_scale(unscaled, 4)))
        }
        Form::Unicode { limit } => {
            let text = text(value)?;
            if let Some(limit) = limit.filter(|limit| text.len() > usize::from(*limit)) {
                let units = text.encode_utf16().count();
                if units > usize::from(limit) {
                    return Err(format!(
                        "is a text of {units} UTF-16 units, and its column takes {limit}"
                    ));
                }
            }
            ColumnData::String(Some(text))
        }
        Form::CodePage { limit, page } => {
            let text = text(value)?;
            let bytes = in_code_page(&text, page)?;
            if let Some(limit) = limit.filter(|limit| bytes > usize::from(*limit)) {
                return Err(format!(
                    "is a text of {bytes} bytes in its column's code page, and its column takes {limit}"
                ));
            }
            ColumnData::String(Some(text))
        }
        Form::Bytes { limit, exact } => {
            let bytes = match value {
                Value::Bytes(bytes) => bytes,
                Value::Text(text) => text.as_bytes(),
                _ => return Err(foreign()),
            };
            match limit.map(usize::from) {
                Some(limit) if bytes.len() > limit => {
                    return Err(format!("has {} bytes, and its column takes {limit}", bytes.len()));
                }
                Some(limit) if exact && bytes.len() != limit => {
                    return Err(format!(
                        "has {} bytes, and its column would fill it up to {limit}",
                        bytes.len()
                    ));
                }
                _ => ColumnData::Binary(Some(Cow::Borrowed(bytes))),
            }
        }
        Form::Date => ColumnData::Date(Some(time::date(match value {
            Value::Date(days) => days,
            Value::Moment(ticks) if ticks % 864_000_000_000 == 0 => {
                i64::try_from(ticks / 864_000_000_000).unwrap_or(i64::MAX)
            }
            Value::Text(text) => parse::date(text).ok_or_else(|| not(text, "a date"))?,
            Value::Moment(_) => return Err("has a time of day, and its column has not".to_owned()),
            _ => return Err(foreign()),
        })?)),
        Form::Time { step } => ColumnData::Time(Some(match value {
            Value::Time(ticks) => time::time(ticks, step)?,
            Value::Text(text) => time::time(parse::time(text).ok_or_else(|| not(text, "a time of day"))?, step)?,
            _ => return Err(foreign()),
        })),
        Form::DateTime2 { step } => ColumnData::DateTime2(Some(time::datetime2(local(&value)?, step)?)),
        Form::DateTime => ColumnData::DateTime(Some(time::datetime(local(&value)?)?)),
        Form::SmallDateTime => ColumnData::DateTime(Some(time::smalldatetime(local(&value)?)?)),
        Form::DateTimeOffset { step } => {
            let ticks = match value {
                Value::Moment(ticks) => ticks,
                Value::Text(text) => parse::zoned(text).ok_or_else(|| not(text, "a date and time with an offset"))?,
                _ => return Err(foreign()),
            };
            ColumnData::DateTimeOffset(Some(DateTimeOffset::new(time::datetime2(ticks, step)?, 0)))
        }
        Form::Guid => ColumnData::Guid(Some(match value {
            Value::Text(text) => Uuid::try_parse(text.trim()).map_err(|_| not(text, "a uniqueidentifier"))?,
            Value::Bytes(bytes) => Uuid::from_slice(bytes).map_err(|_| foreign())?,
            _ => return Err(foreign()),
        })),
    })
}

fn text(value: Value<'_>) -> Result<Cow<'_, str>, String> {
    match value {
        Value::Text(text) => Ok(Cow::Borrowed(text)),
        Value::Int(number) => Ok(Cow::Owned(number.to_string())),
        _ => Err(foreign()),
    }
}

/// How many bytes a text has in a code page; the server would put question marks for what it has not.
fn in_code_page(text: &str, page: CodePage) -> Result<usize, String> {
    let collation = match page {
        CodePage::Utf8 => return Ok(text.len()),
        CodePage::Of(_) if text.is_ascii() => return Ok(text.len()),
        CodePage::Of(collation) => collation,
    };
    let encoding = collation.encoding().map_err(|error| format!("is not ASCII: {error}"))?;
    let (bytes, _, unmappable) = encoding.encode(text);
    match unmappable {
        false => Ok(bytes.len()),
        true => Err(format!(
            "has a character that its column's code page ({}) has not",
            encoding.name()
        )),
    }
}

fn whole(value: &Value<'_>) -> Result<i128, String> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::Decimal(number, 0) => Ok(*number),
        Value::Text(text) => text.trim().parse().map_err(|_| not(text, "a whole number")),
        _ => Err(foreign()),
    }
}

/// The unscaled value at a scale, exactly.
fn scaled(value: &Value<'_>, scale: u8) -> Result<i128, String> {
    let (unscaled, own) = match value {
        Value::Int(number) => (*number, 0),
        Value::Decimal(number, own) => (*number, *own),
        Value::Text(text) => parse::decimal(text).ok_or_else(|| not(text, "a decimal"))?,
        _ => return Err(foreign()),
    };
    let scale = u32::from(scale);
    if own <= scale {
        let factor = 10_i128.checked_pow(scale - own);
        return factor
            .and_then(|factor| unscaled.checked_mul(factor))
            .ok_or_else(|| range("decimal"));
    }
    let factor = 10_i128.checked_pow(own - scale).ok_or_else(|| range("decimal"))?;
    match unscaled % factor {
        0 => Ok(unscaled / factor),
        _ => Err("has more decimals than its column".to_owned()),
    }
}

fn local(value: &Value<'_>) -> Result<i128, String> {
    match value {
        Value::Moment(ticks) => Ok(*ticks),
        Value::Date(days) => Ok(i128::from(*days) * 864_000_000_000),
        Value::Text(text) => parse::local(text).ok_or_else(|| not(text, "a date and time")),
        _ => Err(foreign()),
    }
}

fn value(array: &dyn Array, row: usize) -> Result<Value<'_>, String> {
    macro_rules! primitive {
        ($ty:ty) => {
            array.as_primitive::<$ty>().value(row)
        };
    }
    let moment = |count: i64, unit: TimeUnit| time::ticks(count, unit).map(Value::Moment);
    let clock = |count: i64, unit: TimeUnit| time::ticks(count, unit).map(Value::Time);
    Ok(match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Value::Int(primitive!(Int8Type).into()),
        DataType::Int16 => Value::Int(primitive!(Int16Type).into()),
        DataType::Int32 => Value::Int(primitive!(Int32Type).into()),
        DataType::Int64 => Value::Int(primitive!(Int64Type).into()),
        DataType::UInt8 => Value::Int(primitive!(UInt8Type).into()),
        DataType::UInt16 => Value::Int(primitive!(UInt16Type).into()),
        DataType::UInt32 => Value::Int(primitive!(UInt32Type).into()),
        DataType::UInt64 => Value::Int(primitive!(UInt64Type).into()),
        DataType::Float16 => Value::Real(primitive!(Float16Type).to_f32()),
        DataType::Float32 => Value::Real(primitive!(Float32Type)),
        DataType::Float64 => Value::Float(primitive!(Float64Type)),
        DataType::Decimal32(_, s) => Value::Decimal(primitive!(Decimal32Type).into(), places(*s)?),
        DataType::Decimal64(_, s) => Value::Decimal(primitive!(Decimal64Type).into(), places(*s)?),
        DataType::Decimal128(_, s) => Value::Decimal(primitive!(Decimal128Type), places(*s)?),
        DataType::Decimal256(_, s) => {
            let wide = primitive!(Decimal256Type).to_i128().ok_or_else(|| range("decimal"))?;
            Value::Decimal(wide, places(*s)?)
        }
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Value::Text(array.as_string_view().value(row)),
        DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Value::Bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Value::Bytes(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Value::Bytes(array.as_fixed_size_binary().value(row)),
        DataType::Date32 => Value::Date(primitive!(Date32Type).into()),
        DataType::Date64 => moment(primitive!(Date64Type), TimeUnit::Millisecond)?,
        DataType::Time32(TimeUnit::Second) => clock(primitive!(Time32SecondType).into(), TimeUnit::Second)?,
        DataType::Time32(_) => clock(primitive!(Time32MillisecondType).into(), TimeUnit::Millisecond)?,
        DataType::Time64(TimeUnit::Microsecond) => clock(primitive!(Time64MicrosecondType), TimeUnit::Microsecond)?,
        DataType::Time64(_) => clock(primitive!(Time64NanosecondType), TimeUnit::Nanosecond)?,
        DataType::Timestamp(TimeUnit::Second, _) => moment(primitive!(TimestampSecondType), TimeUnit::Second)?,
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            moment(primitive!(TimestampMillisecondType), TimeUnit::Millisecond)?
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            moment(primitive!(TimestampMicrosecondType), TimeUnit::Microsecond)?
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            moment(primitive!(TimestampNanosecondType), TimeUnit::Nanosecond)?
        }
        _ => return Err(foreign()),
    })
}

fn places(scale: i8) -> Result<u32, String> {
    u32::try_from(scale).map_err(|_| "is a decimal of a negative scale".to_owned())
}

fn finite<F: Into<f64> + Copy>(number: Option<F>, text: &str) -> Result<F, String> {
    let number = number.ok_or_else(|| not(text, "a number"))?;
    match number.into().is_finite() {
        true => Ok(number),
        false => Err(no_number()),
    }
}

fn no_number() -> String {
    "is NaN or infinite, which SQL Server does not have".to_owned()
}

fn range(ty: &str) -> String {
    format!("is outside of what {ty} holds")
}

/// The value itself may be a secret of the user's; its length tells enough.
fn not(text: &str, what: &str) -> String {
    format!("is a text of {} characters that is not {what}", text.chars().count())
}

fn foreign() -> String {
    "is of a type that its column does not take".to_owned()
}

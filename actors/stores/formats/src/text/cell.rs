//! The text of one value.

use super::{number, time, types};
use crate::fault;
use arrow::array::types::{
    Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, FixedSizeBinaryArray, LargeStringArray, PrimitiveArray,
    StringArray, StringViewArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use sluice_contract::Fault;
use std::io::Write;

/// A column of a batch as texts, its type found out once.
pub(crate) enum Cells {
    Null,
    Bool(BooleanArray),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Int8(PrimitiveArray<Int8Type>),
    Int16(PrimitiveArray<Int16Type>),
    Int32(PrimitiveArray<Int32Type>),
    Int64(PrimitiveArray<Int64Type>),
    UInt8(PrimitiveArray<UInt8Type>),
    UInt16(PrimitiveArray<UInt16Type>),
    UInt32(PrimitiveArray<UInt32Type>),
    UInt64(PrimitiveArray<UInt64Type>),
    Float32(PrimitiveArray<Float32Type>),
    Float64(PrimitiveArray<Float64Type>),
    Decimal128(PrimitiveArray<Decimal128Type>, i8),
    Decimal256(PrimitiveArray<Decimal256Type>, i8),
    Date(PrimitiveArray<Date32Type>),
    Date64(PrimitiveArray<Date64Type>),
    /// Ticks since midnight.
    Time(PrimitiveArray<Int64Type>, TimeUnit),
    /// Ticks since 1970; offset from UTC in seconds.
    Timestamp(PrimitiveArray<Int64Type>, TimeUnit, Option<i64>),
    Uuid(FixedSizeBinaryArray),
}

impl Cells {
    /// # Errors
    /// `SL6007` for a type that [`types::check_write`] refuses.
    pub(crate) fn new(field: &Field, array: &ArrayRef) -> Result<Self, Fault> {
        let refused = || fault::unsupported(field.name(), format!("text does not carry {}", array.data_type()));
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean().clone()),
            DataType::Utf8 => Self::Text(array.as_string().clone()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string().clone()),
            DataType::Utf8View => Self::TextView(array.as_string_view().clone()),
            DataType::Int8 => Self::Int8(primitive(array)),
            DataType::Int16 => Self::Int16(primitive(array)),
            DataType::Int32 => Self::Int32(primitive(array)),
            DataType::Int64 => Self::Int64(primitive(array)),
            DataType::UInt8 => Self::UInt8(primitive(array)),
            DataType::UInt16 => Self::UInt16(primitive(array)),
            DataType::UInt32 => Self::UInt32(primitive(array)),
            DataType::UInt64 => Self::UInt64(primitive(array)),
            DataType::Float32 => Self::Float32(primitive(array)),
            DataType::Float64 => Self::Float64(primitive(array)),
            DataType::Decimal128(_, scale) => Self::Decimal128(primitive(array), *scale),
            DataType::Decimal256(_, scale) => Self::Decimal256(primitive(array), *scale),
            DataType::Date32 => Self::Date(primitive(array)),
            DataType::Date64 => Self::Date64(primitive(array)),
            DataType::Time32(TimeUnit::Second) => {
                Self::Time(primitive::<Time32SecondType>(array).unary(i64::from), TimeUnit::Second)
            }
            DataType::Time32(_) => Self::Time(
                primitive::<Time32MillisecondType>(array).unary(i64::from),
                TimeUnit::Millisecond,
            ),
            DataType::Time64(TimeUnit::Nanosecond) => Self::Time(
                primitive::<Time64NanosecondType>(array).reinterpret_cast(),
                TimeUnit::Nanosecond,
            ),
            DataType::Time64(_) => Self::Time(
                primitive::<Time64MicrosecondType>(array).reinterpret_cast(),
                TimeUnit::Microsecond,
            ),
            DataType::Timestamp(unit, zone) => {
                let offset = zone.as_deref().map(time::offset_of);
                let ticks = match unit {
                    TimeUnit::Second => primitive::<TimestampSecondType>(array).reinterpret_cast(),
                    TimeUnit::Millisecond => primitive::<TimestampMillisecondType>(array).reinterpret_cast(),
                    TimeUnit::Microsecond => primitive::<TimestampMicrosecondType>(array).reinterpret_cast(),
                    TimeUnit::Nanosecond => primitive::<TimestampNanosecondType>(array).reinterpret_cast(),
                };
                Self::Timestamp(ticks, *unit, offset)
            }
            DataType::FixedSizeBinary(16) if types::is_uuid(field) => Self::Uuid(array.as_fixed_size_binary().clone()),
            DataType::Dictionary(_, values) => {
                let plain = cast(array, values).map_err(|_| refused())?;
                Self::new(field, &plain)?
            }
            _ => return Err(refused()),
        })
    }

    /// Appends a value's text; false when it is NULL.
    pub(crate) fn write(&self, row: usize, out: &mut Vec<u8>) -> bool {
        if self.array().is_none_or(|array| array.is_null(row)) {
            return false;
        }
        self.write_valid(row, out);
        true
    }

    /// Appends the text of a value that is not NULL.
    pub(crate) fn write_valid(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Bool(array) => out.extend_from_slice(if array.value(row) { b"true" } else { b"false" }),
            Self::Text(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Self::LargeText(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Self::TextView(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Self::Int8(array) => number::write_integer(out, array.value(row)),
            Self::Int16(array) => number::write_integer(out, array.value(row)),
            Self::Int32(array) => number::write_integer(out, array.value(row)),
            Self::Int64(array) => number::write_integer(out, array.value(row)),
            Self::UInt8(array) => number::write_integer(out, array.value(row)),
            Self::UInt16(array) => number::write_integer(out, array.value(row)),
            Self::UInt32(array) => number::write_integer(out, array.value(row)),
            Self::UInt64(array) => number::write_integer(out, array.value(row)),
            Self::Float32(array) => write_float32(out, array.value(row)),
            Self::Float64(array) => write_float64(out, array.value(row)),
            Self::Decimal128(array, scale) => number::write_decimal(out, array.value(row), *scale),
            Self::Decimal256(array, scale) => {
                let text = array.value(row).to_string();
                let digits = text.strip_prefix('-').unwrap_or(&text);
                if digits.len() < text.len() {
                    out.push(b'-');
                }
                number::write_digits(out, digits.as_bytes(), *scale);
            }
            Self::Date(array) => time::write_date(out, i64::from(array.value(row))),
            Self::Date64(array) => {
                const DAY: i64 = 86_400_000;
                match array.value(row) {
                    whole if whole % DAY == 0 => time::write_date(out, whole / DAY),
                    ticks => time::write_timestamp(out, ticks, TimeUnit::Millisecond, None),
                }
            }
            Self::Time(array, unit) => time::write_time(out, array.value(row), *unit),
            Self::Timestamp(array, unit, offset) => time::write_timestamp(out, array.value(row), *unit, *offset),
            Self::Uuid(array) => write_uuid(out, array.value(row)),
        }
    }

    /// The text itself, of a column of texts.
    pub(crate) fn text(&self, row: usize) -> Option<Option<&str>> {
        Some(match self {
            Self::Text(array) => array.is_valid(row).then(|| array.value(row)),
            Self::LargeText(array) => array.is_valid(row).then(|| array.value(row)),
            Self::TextView(array) => array.is_valid(row).then(|| array.value(row)),
            _ => return None,
        })
    }

    fn array(&self) -> Option<&dyn Array> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(array) => array,
            Self::Text(array) => array,
            Self::LargeText(array) => array,
            Self::TextView(array) => array,
            Self::Int8(array) => array,
            Self::Int16(array) => array,
            Self::Int32(array) => array,
            Self::Int64(array) | Self::Time(array, _) | Self::Timestamp(array, _, _) => array,
            Self::UInt8(array) => array,
            Self::UInt16(array) => array,
            Self::UInt32(array) => array,
            Self::UInt64(array) => array,
            Self::Float32(array) => array,
            Self::Float64(array) => array,
            Self::Decimal128(array, _) => array,
            Self::Decimal256(array, _) => array,
            Self::Date(array) => array,
            Self::Date64(array) => array,
            Self::Uuid(array) => array,
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef) -> PrimitiveArray<T> {
    array.as_primitive::<T>().clone()
}

/// The text of a number of single precision.
pub(crate) fn write_float32(out: &mut Vec<u8>, value: f32) {
    write_float(out, value.is_nan(), f64::from(value), format_args!("{value:?}"));
}

/// The text of a number of double precision.
pub(crate) fn write_float64(out: &mut Vec<u8>, value: f64) {
    write_float(out, value.is_nan(), value, format_args!("{value:?}"));
}

/// The shortest text that reads back as the same value; `{:?}` is that, with `.0` behind whole numbers.
fn write_float(out: &mut Vec<u8>, nan: bool, value: f64, shortest: std::fmt::Arguments<'_>) {
    if nan {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
    } else {
        // Writing into a Vec does not fail.
        let _ = out.write_fmt(shortest);
        if out.ends_with(b".0") {
            out.truncate(out.len() - 2);
        }
    }
}

fn write_uuid(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}

//! The cells of one column, each in its type's canonical encoding.

use super::{NULL, SEED, bytes, cell, nested};
use arrow::array::{Array, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes as dt;
use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// The families of types: values of two families are never equal.
pub(super) mod tag {
    pub(in super::super) const BOOLEAN: u64 = 1;
    pub(in super::super) const INTEGER: u64 = 2;
    pub(in super::super) const LARGE_UNSIGNED: u64 = 3;
    pub(in super::super) const FLOAT: u64 = 4;
    pub(in super::super) const DECIMAL: u64 = 5 << 8;
    pub(in super::super) const DATE: u64 = 6;
    pub(in super::super) const TIME: u64 = 7;
    pub(in super::super) const TIMESTAMP: u64 = 8;
    pub(in super::super) const INSTANT: u64 = 9;
    pub(in super::super) const DURATION: u64 = 10;
    pub(in super::super) const INTERVAL: u64 = 11;
    pub(in super::super) const TEXT: u64 = 12;
    pub(in super::super) const BYTES: u64 = 13;
    pub(in super::super) const LIST: u64 = 14;
    pub(in super::super) const STRUCT: u64 = 15;
    pub(in super::super) const OTHER: u64 = 16;
}

/// Appends the hash of every cell.
pub(super) fn cells(array: &dyn Array, out: &mut Vec<u64>) {
    match array.data_type() {
        DataType::Null => out.extend(std::iter::repeat_n(NULL, array.len())),
        DataType::Boolean => {
            let values = array.as_boolean();
            push(array.nulls(), array.len(), out, |i| {
                cell(values.value(i).into(), 0, tag::BOOLEAN)
            });
        }
        DataType::Int8 => primitive::<dt::Int8Type>(array, out, |v| integer(v.into())),
        DataType::Int16 => primitive::<dt::Int16Type>(array, out, |v| integer(v.into())),
        DataType::Int32 => primitive::<dt::Int32Type>(array, out, |v| integer(v.into())),
        DataType::Int64 => primitive::<dt::Int64Type>(array, out, integer),
        DataType::UInt8 => primitive::<dt::UInt8Type>(array, out, |v| integer(v.into())),
        DataType::UInt16 => primitive::<dt::UInt16Type>(array, out, |v| integer(v.into())),
        DataType::UInt32 => primitive::<dt::UInt32Type>(array, out, |v| integer(v.into())),
        DataType::UInt64 => primitive::<dt::UInt64Type>(array, out, unsigned),
        DataType::Float16 => primitive::<dt::Float16Type>(array, out, |v| float(v.to_f64())),
        DataType::Float32 => primitive::<dt::Float32Type>(array, out, |v| float(v.into())),
        DataType::Float64 => primitive::<dt::Float64Type>(array, out, float),
        DataType::Decimal32(_, s) => primitive::<dt::Decimal32Type>(array, out, |v| decimal(v.into(), *s)),
        DataType::Decimal64(_, s) => primitive::<dt::Decimal64Type>(array, out, |v| decimal(v.into(), *s)),
        DataType::Decimal128(_, s) => primitive::<dt::Decimal128Type>(array, out, |v| decimal(v, *s)),
        DataType::Decimal256(_, s) => primitive::<dt::Decimal256Type>(array, out, |v| match v.to_i128() {
            Some(small) => decimal(small, *s),
            None => bytes::hash(&v.to_le_bytes(), tag::DECIMAL ^ scale(*s)),
        }),
        DataType::Date32 => primitive::<dt::Date32Type>(array, out, |v| cell(i64::from(v) as u64, 0, tag::DATE)),
        DataType::Date64 => {
            primitive::<dt::Date64Type>(array, out, |v| cell(v.div_euclid(86_400_000) as u64, 0, tag::DATE))
        }
        DataType::Timestamp(unit, zone) => {
            let tag = if zone.is_some() { tag::INSTANT } else { tag::TIMESTAMP };
            match unit {
                TimeUnit::Second => nanos::<dt::TimestampSecondType>(array, out, 1_000_000_000, tag),
                TimeUnit::Millisecond => nanos::<dt::TimestampMillisecondType>(array, out, 1_000_000, tag),
                TimeUnit::Microsecond => nanos::<dt::TimestampMicrosecondType>(array, out, 1_000, tag),
                TimeUnit::Nanosecond => nanos::<dt::TimestampNanosecondType>(array, out, 1, tag),
            }
        }
        DataType::Time32(TimeUnit::Second) => nanos::<dt::Time32SecondType>(array, out, 1_000_000_000, tag::TIME),
        DataType::Time32(_) => nanos::<dt::Time32MillisecondType>(array, out, 1_000_000, tag::TIME),
        DataType::Time64(TimeUnit::Microsecond) => nanos::<dt::Time64MicrosecondType>(array, out, 1_000, tag::TIME),
        DataType::Time64(_) => nanos::<dt::Time64NanosecondType>(array, out, 1, tag::TIME),
        DataType::Duration(unit) => match unit {
            TimeUnit::Second => nanos::<dt::DurationSecondType>(array, out, 1_000_000_000, tag::DURATION),
            TimeUnit::Millisecond => nanos::<dt::DurationMillisecondType>(array, out, 1_000_000, tag::DURATION),
            TimeUnit::Microsecond => nanos::<dt::DurationMicrosecondType>(array, out, 1_000, tag::DURATION),
            TimeUnit::Nanosecond => nanos::<dt::DurationNanosecondType>(array, out, 1, tag::DURATION),
        },
        DataType::Interval(unit) => match unit {
            IntervalUnit::YearMonth => primitive::<dt::IntervalYearMonthType>(array, out, |v| interval(v, 0, 0)),
            IntervalUnit::DayTime => primitive::<dt::IntervalDayTimeType>(array, out, |v| {
                interval(0, v.days, i64::from(v.milliseconds) * 1_000_000)
            }),
            IntervalUnit::MonthDayNano => {
                primitive::<dt::IntervalMonthDayNanoType>(array, out, |v| interval(v.months, v.days, v.nanoseconds))
            }
        },
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            push(array.nulls(), array.len(), out, |i| {
                bytes::hash(values.value(i).as_bytes(), tag::TEXT)
            });
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            push(array.nulls(), array.len(), out, |i| {
                bytes::hash(values.value(i).as_bytes(), tag::TEXT)
            });
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            push(array.nulls(), array.len(), out, |i| {
                bytes::hash(values.value(i).as_bytes(), tag::TEXT)
            });
        }
        DataType::Binary => {
            let values = array.as_binary::<i32>();
            push(array.nulls(), array.len(), out, |i| {
                bytes::hash(values.value(i), tag::BYTES)
            });
        }
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>();
            push(array.nulls(), array.len(), out, |i| {
                bytes::hash(values.value(i), tag::BYTES)
            });
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            push(array.nulls(), array.len(), out, |i| {
                bytes::hash(values.value(i), tag::BYTES)
            });
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            push(array.nulls(), array.len(), out, |i| {
                bytes::hash(values.value(i), tag::BYTES)
            });
        }
        _ if nested::cells(array, out) => {}
        _ => as_text(array, out),
    }
}

/// Appends `value(i)` for every place that is not NULL.
pub(super) fn push(nulls: Option<&NullBuffer>, count: usize, out: &mut Vec<u64>, value: impl Fn(usize) -> u64) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => out.extend((0..count).map(value)),
        Some(nulls) => out.extend((0..count).map(|i| if nulls.is_null(i) { NULL } else { value(i) })),
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &dyn Array, out: &mut Vec<u64>, value: impl Fn(T::Native) -> u64) {
    let array: &PrimitiveArray<T> = array.as_primitive();
    let values = array.values();
    push(array.nulls(), array.len(), out, |i| value(values[i]));
}

fn nanos<T: ArrowPrimitiveType>(array: &dyn Array, out: &mut Vec<u64>, unit: i128, tag: u64)
where
    T::Native: Into<i64>,
{
    primitive::<T>(array, out, |v| {
        let nanos = i128::from(v.into()) * unit;
        cell(nanos as u64, (nanos >> 64) as u64, tag)
    });
}

#[inline]
fn integer(value: i64) -> u64 {
    cell(value as u64, 0, tag::INTEGER)
}

#[inline]
fn unsigned(value: u64) -> u64 {
    let tag = if value >> 63 == 0 {
        tag::INTEGER
    } else {
        tag::LARGE_UNSIGNED
    };
    cell(value, 0, tag)
}

/// All NaNs are one value.
#[inline]
fn float(value: f64) -> u64 {
    let bits = if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        value.to_bits()
    };
    cell(bits, 0, tag::FLOAT)
}

#[inline]
fn decimal(value: i128, decimals: i8) -> u64 {
    cell(value as u64, (value >> 64) as u64, tag::DECIMAL ^ scale(decimals))
}

fn scale(decimals: i8) -> u64 {
    u64::from(decimals as u8)
}

fn interval(months: i32, days: i32, nanos: i64) -> u64 {
    let calendar = u64::from(months as u32) << 32 | u64::from(days as u32);
    cell(nanos as u64, calendar.wrapping_mul(SEED[2]), tag::INTERVAL)
}

/// Types that hardly any store has (unions, run-end encoding) by the text that shows them.
fn as_text(array: &dyn Array, out: &mut Vec<u64>) {
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(array, &options);
    push(array.nulls(), array.len(), out, |i| match &text {
        Ok(text) => bytes::hash(text.value(i).to_string().as_bytes(), tag::OTHER),
        Err(_) => tag::OTHER,
    });
}

//! One value of an Arrow array, as servers count them: days and microseconds.

use arrow::array::{
    Array, AsArray, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Date64Array, Decimal128Array,
    Decimal256Array, FixedSizeBinaryArray, Float16Array, Float32Array, Float64Array, LargeBinaryArray,
    LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};

/// A value that is not NULL.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// Yes or no.
    Bool(bool),
    /// A whole number of any width.
    Int(i128),
    /// A number of single precision.
    Float32(f32),
    /// A number of double precision.
    Float64(f64),
    /// Digits, and how many of them stand behind the point.
    Decimal128(i128, u8),
    /// The same with more digits.
    Decimal256(i256, u8),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Days since 1970.
    Days(i64),
    /// Microseconds of the day, or since 1970.
    Micros(i64),
}

/// An Arrow array whose kind is known; decimals with the digits behind their point.
#[allow(missing_docs)] // Each is Arrow's array of its name.
pub enum Input<'a> {
    /// Nothing but NULL.
    Null,
    Bool(&'a BooleanArray),
    Int8(&'a PrimitiveArray<Int8Type>),
    Int16(&'a PrimitiveArray<Int16Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    Int64(&'a PrimitiveArray<Int64Type>),
    UInt8(&'a PrimitiveArray<UInt8Type>),
    UInt16(&'a PrimitiveArray<UInt16Type>),
    UInt32(&'a PrimitiveArray<UInt32Type>),
    UInt64(&'a PrimitiveArray<UInt64Type>),
    Float16(&'a Float16Array),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    Decimal128(&'a Decimal128Array, u8),
    Decimal256(&'a Decimal256Array, u8),
    Text(&'a StringArray),
    LargeText(&'a LargeStringArray),
    TextView(&'a StringViewArray),
    Bytes(&'a BinaryArray),
    LargeBytes(&'a LargeBinaryArray),
    BytesView(&'a BinaryViewArray),
    FixedBytes(&'a FixedSizeBinaryArray),
    Date32(&'a Date32Array),
    Date64(&'a Date64Array),
    /// Values, and how many of them are a microsecond or how many microseconds one is.
    Ticks32(Vec<i32>, Tick),
    /// The same, of wider values.
    Ticks64(&'a [i64], Tick),
}

/// A unit of time.
#[derive(Clone, Copy, Debug)]
pub enum Tick {
    /// This many microseconds.
    Of(i64),
    /// A thousandth of one.
    Nano,
}

impl Tick {
    fn of(unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Second => Self::Of(1_000_000),
            TimeUnit::Millisecond => Self::Of(1_000),
            TimeUnit::Microsecond => Self::Of(1),
            TimeUnit::Nanosecond => Self::Nano,
        }
    }

    fn micros(self, ticks: i64) -> Result<i64, String> {
        match self {
            Self::Of(micros) => ticks
                .checked_mul(micros)
                .ok_or_else(|| "a time that the store cannot hold".to_owned()),
            Self::Nano if ticks % 1000 == 0 => Ok(ticks / 1000),
            Self::Nano => Err("nanoseconds, which the store does not keep".into()),
        }
    }
}

fn ticks<T: ArrowPrimitiveType<Native = i64>>(array: &dyn Array) -> &[i64] {
    array.as_primitive::<T>().values()
}

impl<'a> Input<'a> {
    /// The array's kind; none for one that is not carried.
    pub fn of(array: &'a dyn Array) -> Option<Self> {
        let scale = |scale: i8| u8::try_from(scale).ok();
        Some(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Int8 => Self::Int8(array.as_primitive()),
            DataType::Int16 => Self::Int16(array.as_primitive()),
            DataType::Int32 => Self::Int32(array.as_primitive()),
            DataType::Int64 => Self::Int64(array.as_primitive()),
            DataType::UInt8 => Self::UInt8(array.as_primitive()),
            DataType::UInt16 => Self::UInt16(array.as_primitive()),
            DataType::UInt32 => Self::UInt32(array.as_primitive()),
            DataType::UInt64 => Self::UInt64(array.as_primitive()),
            DataType::Float16 => Self::Float16(array.as_primitive()),
            DataType::Float32 => Self::Float32(array.as_primitive()),
            DataType::Float64 => Self::Float64(array.as_primitive()),
            DataType::Decimal128(_, s) => Self::Decimal128(array.as_primitive(), scale(*s)?),
            DataType::Decimal256(_, s) => Self::Decimal256(array.as_primitive(), scale(*s)?),
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string()),
            DataType::Utf8View => Self::TextView(array.as_string_view()),
            DataType::Binary => Self::Bytes(array.as_binary()),
            DataType::LargeBinary => Self::LargeBytes(array.as_binary()),
            DataType::BinaryView => Self::BytesView(array.as_binary_view()),
            DataType::FixedSizeBinary(_) => Self::FixedBytes(array.as_fixed_size_binary()),
            DataType::Date32 => Self::Date32(array.as_primitive()),
            DataType::Date64 => Self::Date64(array.as_primitive()),
            DataType::Time32(unit) => {
                let values = match unit {
                    TimeUnit::Second => array.as_primitive::<Time32SecondType>().values(),
                    _ => array.as_primitive::<Time32MillisecondType>().values(),
                };
                Self::Ticks32(values.to_vec(), Tick::of(*unit))
            }
            DataType::Time64(unit) => {
                let values = match unit {
                    TimeUnit::Nanosecond => ticks::<Time64NanosecondType>(array),
                    _ => ticks::<Time64MicrosecondType>(array),
                };
                Self::Ticks64(values, Tick::of(*unit))
            }
            DataType::Timestamp(unit, _) => {
                let values = match unit {
                    TimeUnit::Second => ticks::<TimestampSecondType>(array),
                    TimeUnit::Millisecond => ticks::<TimestampMillisecondType>(array),
                    TimeUnit::Microsecond => ticks::<TimestampMicrosecondType>(array),
                    TimeUnit::Nanosecond => ticks::<TimestampNanosecondType>(array),
                };
                Self::Ticks64(values, Tick::of(*unit))
            }
            _ => return None,
        })
    }

    /// The value of a row that is not NULL.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the column's name.
    pub fn value(&self, row: usize) -> Result<Value<'_>, String> {
        const DAY_MILLIS: i64 = 86_400_000;
        Ok(match self {
            Self::Null => return Err("a value in an array of nulls".into()),
            Self::Bool(array) => Value::Bool(array.value(row)),
            Self::Int8(array) => Value::Int(array.value(row).into()),
            Self::Int16(array) => Value::Int(array.value(row).into()),
            Self::Int32(array) => Value::Int(array.value(row).into()),
            Self::Int64(array) => Value::Int(array.value(row).into()),
            Self::UInt8(array) => Value::Int(array.value(row).into()),
            Self::UInt16(array) => Value::Int(array.value(row).into()),
            Self::UInt32(array) => Value::Int(array.value(row).into()),
            Self::UInt64(array) => Value::Int(array.value(row).into()),
            Self::Float16(array) => Value::Float32(array.value(row).to_f32()),
            Self::Float32(array) => Value::Float32(array.value(row)),
            Self::Float64(array) => Value::Float64(array.value(row)),
            Self::Decimal128(array, scale) => Value::Decimal128(array.value(row), *scale),
            Self::Decimal256(array, scale) => Value::Decimal256(array.value(row), *scale),
            Self::Text(array) => Value::Text(array.value(row)),
            Self::LargeText(array) => Value::Text(array.value(row)),
            Self::TextView(array) => Value::Text(array.value(row)),
            Self::Bytes(array) => Value::Bytes(array.value(row)),
            Self::LargeBytes(array) => Value::Bytes(array.value(row)),
            Self::BytesView(array) => Value::Bytes(array.value(row)),
            Self::FixedBytes(array) => Value::Bytes(array.value(row)),
            Self::Date32(array) => Value::Days(array.value(row).into()),
            Self::Date64(array) => match array.value(row) {
                millis if millis % DAY_MILLIS == 0 => Value::Days(millis / DAY_MILLIS),
                _ => return Err("a date with a time of day".into()),
            },
            Self::Ticks32(values, tick) => Value::Micros(tick.micros(values[row].into())?),
            Self::Ticks64(values, tick) => Value::Micros(tick.micros(values[row])?),
        })
    }
}

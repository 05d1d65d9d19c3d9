//! One column's fields, on their way into an Arrow array.

use super::decimal;
use super::field::{DAY_MICROS, Fields, Moment, clock, moment};
use crate::types::Wire;
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder, Float32Builder,
    Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, NullBuilder, StringArray,
    Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt8Builder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{Decimal128Type, Decimal256Type, DecimalType};
use arrow::error::ArrowError;
use std::sync::Arc;

/// A column being filled.
pub(super) struct Column {
    values: Values,
    /// Zero dates become NULL.
    zero_is_null: bool,
}

enum Values {
    Null(NullBuilder),
    Bool(BooleanBuilder),
    TinyBool(BooleanBuilder),
    Bits(UInt64Builder),
    Int8(Int8Builder),
    UInt8(UInt8Builder),
    Int16(Int16Builder),
    UInt16(UInt16Builder),
    Int32(Int32Builder),
    UInt32(UInt32Builder),
    Int64(Int64Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal128(Decimal128Builder, u8, i8),
    Decimal256(Decimal256Builder, u8, i8),
    /// Becomes text at the end: UTF-8 is checked for all values at once.
    Text(BinaryBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Moment(TimestampMicrosecondBuilder),
}

/// Runs the same expression on the builder of every kind of column.
macro_rules! each {
    ($values:expr, $builder:ident => $body:expr) => {
        match $values {
            Values::Null($builder) => $body,
            Values::Bool($builder) | Values::TinyBool($builder) => $body,
            Values::Int8($builder) => $body,
            Values::UInt8($builder) => $body,
            Values::Int16($builder) => $body,
            Values::UInt16($builder) => $body,
            Values::Int32($builder) => $body,
            Values::UInt32($builder) => $body,
            Values::Int64($builder) => $body,
            Values::UInt64($builder) | Values::Bits($builder) => $body,
            Values::Float32($builder) => $body,
            Values::Float64($builder) => $body,
            Values::Decimal128($builder, ..) => $body,
            Values::Decimal256($builder, ..) => $body,
            Values::Text($builder) | Values::Bytes($builder) => $body,
            Values::Date($builder) => $body,
            Values::Time($builder) => $body,
            Values::Moment($builder) => $body,
        }
    };
}

/// What became of a field.
pub(super) enum Wrong {
    /// The rest of the row cannot be read either.
    Row(&'static str),
    /// The field was passed over, and nothing was appended.
    Value(&'static str),
}

const SHORT: Wrong = Wrong::Row("a row that ends too early");
const ZERO: Wrong =
    Wrong::Value("a date with a zero in it, which no calendar has (the source's zeroDatesAsNull makes NULL of it)");

impl Column {
    /// An empty column.
    ///
    /// # Errors
    /// When Arrow does not take a decimal's precision and scale.
    pub(super) fn new(wire: Wire, zero_is_null: bool) -> Result<Self, ArrowError> {
        let values = match wire {
            Wire::Null => Values::Null(NullBuilder::new()),
            Wire::Bool => Values::Bool(BooleanBuilder::new()),
            Wire::TinyBool => Values::TinyBool(BooleanBuilder::new()),
            Wire::Bits => Values::Bits(UInt64Builder::new()),
            Wire::Int8 => Values::Int8(Int8Builder::new()),
            Wire::UInt8 => Values::UInt8(UInt8Builder::new()),
            Wire::Int16 => Values::Int16(Int16Builder::new()),
            Wire::UInt16 => Values::UInt16(UInt16Builder::new()),
            Wire::Int32 => Values::Int32(Int32Builder::new()),
            Wire::UInt32 => Values::UInt32(UInt32Builder::new()),
            Wire::Int64 => Values::Int64(Int64Builder::new()),
            Wire::UInt64 => Values::UInt64(UInt64Builder::new()),
            Wire::Float32 => Values::Float32(Float32Builder::new()),
            Wire::Float64 => Values::Float64(Float64Builder::new()),
            Wire::Decimal128 { precision, scale } => {
                let builder = Decimal128Builder::new().with_precision_and_scale(precision, scale)?;
                Values::Decimal128(builder, precision, scale)
            }
            Wire::Decimal256 { precision, scale } => {
                let builder = Decimal256Builder::new().with_precision_and_scale(precision, scale)?;
                Values::Decimal256(builder, precision, scale)
            }
            Wire::Text => Values::Text(BinaryBuilder::new()),
            Wire::Bytes => Values::Bytes(BinaryBuilder::new()),
            Wire::Date => Values::Date(Date32Builder::new()),
            Wire::Time => Values::Time(Time64MicrosecondBuilder::new()),
            Wire::DateTime => Values::Moment(TimestampMicrosecondBuilder::new()),
            Wire::Timestamp => Values::Moment(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        };
        Ok(Self { values, zero_is_null })
    }

    /// Bytes of Arrow memory of one value, without what a text or bytes hold.
    pub(super) fn fixed_bytes(&self) -> usize {
        match &self.values {
            Values::Null(_) => 0,
            Values::Bool(_) | Values::TinyBool(_) | Values::Int8(_) | Values::UInt8(_) => 1,
            Values::Int16(_) | Values::UInt16(_) => 2,
            Values::Int32(_) | Values::UInt32(_) | Values::Float32(_) | Values::Date(_) => 4,
            Values::Text(_) | Values::Bytes(_) => 4,
            Values::Decimal128(..) => 16,
            Values::Decimal256(..) => 32,
            _ => 8,
        }
    }

    /// Appends NULL.
    pub(super) fn null(&mut self) {
        each!(&mut self.values, builder => builder.append_null());
    }

    /// Appends the row's next field; gives the bytes of a text or of bytes.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the column's name.
    #[inline]
    pub(super) fn append(&mut self, fields: &mut Fields<'_>) -> Result<usize, Wrong> {
        match &mut self.values {
            Values::Null(builder) => builder.append_null(),
            Values::Bool(builder) => {
                let bits = fields.counted().ok_or(SHORT)?;
                builder.append_value(bits.iter().any(|byte| *byte != 0));
            }
            Values::TinyBool(builder) => match fields.fixed::<1>().ok_or(SHORT)?[0] {
                0 => builder.append_value(false),
                1 => builder.append_value(true),
                _ => return Err(Wrong::Value("a number that is no boolean (see treatTinyAsBoolean)")),
            },
            Values::Bits(builder) => {
                let bits = fields.counted().filter(|bits| bits.len() <= 8).ok_or(SHORT)?;
                let value = bits.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
                builder.append_value(value);
            }
            Values::Int8(builder) => builder.append_value(i8::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::UInt8(builder) => builder.append_value(u8::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::Int16(builder) => builder.append_value(i16::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::UInt16(builder) => builder.append_value(u16::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::Int32(builder) => builder.append_value(i32::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::UInt32(builder) => builder.append_value(u32::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::Int64(builder) => builder.append_value(i64::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::UInt64(builder) => builder.append_value(u64::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::Float32(builder) => builder.append_value(f32::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::Float64(builder) => builder.append_value(f64::from_le_bytes(fields.fixed().ok_or(SHORT)?)),
            Values::Decimal128(builder, precision, scale) => {
                let text = fields.counted().ok_or(SHORT)?;
                let value = decimal::small(text, *scale as usize)
                    .filter(|value| Decimal128Type::is_valid_decimal_precision(*value, *precision))
                    .ok_or(Wrong::Value("a decimal of another form than its column"))?;
                builder.append_value(value);
            }
            Values::Decimal256(builder, precision, scale) => {
                let text = fields.counted().ok_or(SHORT)?;
                let value = decimal::large(text, *scale as usize)
                    .filter(|value| Decimal256Type::is_valid_decimal_precision(*value, *precision))
                    .ok_or(Wrong::Value("a decimal of another form than its column"))?;
                builder.append_value(value);
            }
            Values::Text(builder) | Values::Bytes(builder) => {
                let bytes = fields.counted().ok_or(SHORT)?;
                builder.append_value(bytes);
                return Ok(bytes.len());
            }
            Values::Date(builder) => match moment(fields.counted().ok_or(SHORT)?).ok_or(SHORT)? {
                Moment::At(days, _) => builder.append_value(days),
                Moment::Zero if self.zero_is_null => builder.append_null(),
                Moment::Zero => return Err(ZERO),
                Moment::Impossible => return Err(Wrong::Value("a day that no calendar has")),
            },
            Values::Moment(builder) => match moment(fields.counted().ok_or(SHORT)?).ok_or(SHORT)? {
                Moment::At(days, micros) => builder.append_value(i64::from(days) * DAY_MICROS + micros),
                Moment::Zero if self.zero_is_null => builder.append_null(),
                Moment::Zero => return Err(ZERO),
                Moment::Impossible => return Err(Wrong::Value("a day that no calendar has")),
            },
            Values::Time(builder) => match clock(fields.counted().ok_or(SHORT)?).ok_or(SHORT)? {
                micros @ 0..DAY_MICROS => builder.append_value(micros),
                _ => {
                    return Err(Wrong::Value(
                        "a time below zero or beyond 24 h, which is no time of day",
                    ));
                }
            },
        }
        Ok(0)
    }

    /// The array so far; the column starts anew.
    ///
    /// # Errors
    /// When a text is not UTF-8.
    pub(super) fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        if let Values::Text(builder) = &mut self.values {
            return Ok(Arc::new(StringArray::try_from_binary(builder.finish())?));
        }
        Ok(each!(&mut self.values, builder => Arc::new(builder.finish())))
    }
}

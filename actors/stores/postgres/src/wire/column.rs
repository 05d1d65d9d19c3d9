//! One column's fields, on their way into an Arrow array.

use super::{DAY_MICROS, EPOCH_DAYS, EPOCH_MICROS, numeric};
use crate::types::Wire;
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder, Float32Builder,
    Float64Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Decimal128Type, Decimal256Type, DecimalType, i256};
use arrow::error::ArrowError;
use std::sync::Arc;

/// A column being filled.
pub(crate) enum Column {
    Bool(BooleanBuilder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    Oid(Int64Builder),
    Float4(Float32Builder),
    Float8(Float64Builder),
    Text(StringBuilder),
    Jsonb(StringBuilder),
    Uuid(StringBuilder),
    Bytea(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Decimal128(Decimal128Builder, u8, i8),
    Decimal256(Decimal256Builder, u8, i8),
}

/// Runs the same expression on the builder of every kind of column.
macro_rules! each {
    ($column:expr, $builder:ident => $body:expr) => {
        match $column {
            Column::Bool($builder) => $body,
            Column::Int2($builder) => $body,
            Column::Int4($builder) => $body,
            Column::Int8($builder) | Column::Oid($builder) => $body,
            Column::Float4($builder) => $body,
            Column::Float8($builder) => $body,
            Column::Text($builder) | Column::Jsonb($builder) | Column::Uuid($builder) => $body,
            Column::Bytea($builder) => $body,
            Column::Date($builder) => $body,
            Column::Time($builder) => $body,
            Column::Timestamp($builder) => $body,
            Column::Decimal128($builder, ..) => $body,
            Column::Decimal256($builder, ..) => $body,
        }
    };
}

impl Column {
    /// An empty column.
    ///
    /// # Errors
    /// When Arrow does not take a decimal's precision and scale.
    pub(crate) fn new(wire: Wire) -> Result<Self, ArrowError> {
        Ok(match wire {
            Wire::Bool => Self::Bool(BooleanBuilder::new()),
            Wire::Int2 => Self::Int2(Int16Builder::new()),
            Wire::Int4 => Self::Int4(Int32Builder::new()),
            Wire::Int8 => Self::Int8(Int64Builder::new()),
            Wire::Oid => Self::Oid(Int64Builder::new()),
            Wire::Float4 => Self::Float4(Float32Builder::new()),
            Wire::Float8 => Self::Float8(Float64Builder::new()),
            Wire::Text => Self::Text(StringBuilder::new()),
            Wire::Jsonb => Self::Jsonb(StringBuilder::new()),
            Wire::Uuid => Self::Uuid(StringBuilder::new()),
            Wire::Bytea => Self::Bytea(BinaryBuilder::new()),
            Wire::Date => Self::Date(Date32Builder::new()),
            Wire::Time => Self::Time(Time64MicrosecondBuilder::new()),
            Wire::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new()),
            Wire::TimestampTz => Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Wire::Decimal128 { precision, scale } => {
                let builder = Decimal128Builder::new().with_precision_and_scale(precision, scale)?;
                Self::Decimal128(builder, precision, scale)
            }
            Wire::Decimal256 { precision, scale } => {
                let builder = Decimal256Builder::new().with_precision_and_scale(precision, scale)?;
                Self::Decimal256(builder, precision, scale)
            }
        })
    }

    /// Bytes of Arrow memory of one value, without what a text or bytes hold.
    pub(crate) fn fixed_bytes(&self) -> usize {
        match self {
            Self::Bool(_) => 1,
            Self::Int2(_) => 2,
            Self::Int8(_) | Self::Oid(_) | Self::Float8(_) | Self::Time(_) | Self::Timestamp(_) => 8,
            Self::Decimal128(..) => 16,
            Self::Decimal256(..) => 32,
            Self::Uuid(_) => 40,
            _ => 4,
        }
    }

    /// Whether a field's bytes add to the fixed ones.
    pub(crate) fn varies(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Jsonb(_) | Self::Bytea(_))
    }

    /// Appends NULL.
    pub(crate) fn null(&mut self) {
        each!(self, builder => builder.append_null());
    }

    /// Appends a field.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the column's name.
    pub(crate) fn append(&mut self, field: &[u8]) -> Result<(), String> {
        match self {
            Self::Bool(builder) => builder.append_value(fixed::<1>(field)?[0] != 0),
            Self::Int2(builder) => builder.append_value(i16::from_be_bytes(fixed(field)?)),
            Self::Int4(builder) => builder.append_value(i32::from_be_bytes(fixed(field)?)),
            Self::Int8(builder) => builder.append_value(i64::from_be_bytes(fixed(field)?)),
            Self::Oid(builder) => builder.append_value(i64::from(u32::from_be_bytes(fixed(field)?))),
            Self::Float4(builder) => builder.append_value(f32::from_be_bytes(fixed(field)?)),
            Self::Float8(builder) => builder.append_value(f64::from_be_bytes(fixed(field)?)),
            Self::Text(builder) => builder.append_value(text(field)?),
            Self::Jsonb(builder) => match field.split_first() {
                Some((1, json)) => builder.append_value(text(json)?),
                _ => return Err("jsonb of a version that is not known".into()),
            },
            Self::Uuid(builder) => builder.append_value(uuid_text(&fixed(field)?, &mut [0; 36])),
            Self::Bytea(builder) => builder.append_value(field),
            Self::Date(builder) => builder.append_value(date(i32::from_be_bytes(fixed(field)?))?),
            Self::Time(builder) => match i64::from_be_bytes(fixed(field)?) {
                micros @ 0..DAY_MICROS => builder.append_value(micros),
                DAY_MICROS => return Err("24:00:00, which Arrow's time of day does not have".into()),
                _ => return Err("a time of a damaged form".into()),
            },
            Self::Timestamp(builder) => builder.append_value(timestamp(i64::from_be_bytes(fixed(field)?))?),
            Self::Decimal128(builder, precision, scale) => {
                let value: i128 = numeric::decode(field, *scale)?;
                Decimal128Type::validate_decimal_precision(value, *precision, *scale)
                    .map_err(|_| "a numeric that is larger than its column")?;
                builder.append_value(value);
            }
            Self::Decimal256(builder, precision, scale) => {
                let value: i256 = numeric::decode(field, *scale)?;
                Decimal256Type::validate_decimal_precision(value, *precision, *scale)
                    .map_err(|_| "a numeric that is larger than its column")?;
                builder.append_value(value);
            }
        }
        Ok(())
    }

    /// The array so far; the column starts anew.
    pub(crate) fn take(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()))
    }
}

fn fixed<const N: usize>(field: &[u8]) -> Result<[u8; N], String> {
    field
        .try_into()
        .map_err(|_| format!("a field of {} bytes instead of {N}", field.len()))
}

fn text(field: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(field).map_err(|_| "text that is not UTF-8".into())
}

fn date(days: i32) -> Result<i32, String> {
    if matches!(days, i32::MIN | i32::MAX) {
        return Err("infinity, which an Arrow date cannot hold".into());
    }
    days.checked_add(EPOCH_DAYS)
        .ok_or_else(|| "a date that an Arrow date cannot hold".into())
}

fn timestamp(micros: i64) -> Result<i64, String> {
    if matches!(micros, i64::MIN | i64::MAX) {
        return Err("infinity, which an Arrow timestamp cannot hold".into());
    }
    micros
        .checked_add(EPOCH_MICROS)
        .ok_or_else(|| "a timestamp that an Arrow timestamp cannot hold".into())
}

/// Canonical text of a UUID.
fn uuid_text<'a>(bytes: &[u8; 16], out: &'a mut [u8; 36]) -> &'a str {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut at = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out[at] = b'-';
            at += 1;
        }
        out[at] = HEX[usize::from(byte >> 4)];
        out[at + 1] = HEX[usize::from(byte & 15)];
        at += 2;
    }
    // Hexadecimal digits and hyphens are UTF-8.
    std::str::from_utf8(out).unwrap_or_default()
}

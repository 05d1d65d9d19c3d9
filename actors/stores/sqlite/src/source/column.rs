//! One column's values, on their way into an Arrow array.

use crate::decimal;
use crate::types::Carrier;
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Decimal256Builder, Float64Builder, Int64Builder,
    StringBuilder,
};
use arrow::datatypes::i256;
use arrow::error::ArrowError;
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// Integers up to here are doubles, too.
const DOUBLE_INTEGERS: u64 = 1 << 53;

/// A column being filled.
pub(crate) enum Column {
    Int64(Int64Builder),
    Float64(Float64Builder),
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
    Boolean(BooleanBuilder),
    Decimal128(Decimal128Builder, Digits),
    Decimal256(Decimal256Builder, Digits),
}

/// What a decimal column takes.
pub(crate) struct Digits {
    precision: u8,
    scale: i8,
    text: bool,
}

impl Column {
    /// An empty column.
    ///
    /// # Errors
    /// When Arrow does not take a decimal's precision and scale.
    pub(crate) fn new(carrier: Carrier) -> Result<Self, ArrowError> {
        Ok(match carrier {
            Carrier::Int64 => Self::Int64(Int64Builder::new()),
            Carrier::Float64 => Self::Float64(Float64Builder::new()),
            Carrier::Utf8 => Self::Utf8(StringBuilder::new()),
            Carrier::Binary => Self::Binary(BinaryBuilder::new()),
            Carrier::Boolean => Self::Boolean(BooleanBuilder::new()),
            Carrier::DecimalNumber { precision, scale } | Carrier::DecimalText { precision, scale } => {
                let text = matches!(carrier, Carrier::DecimalText { .. });
                let digits = Digits { precision, scale, text };
                match precision {
                    ..=38 => Self::Decimal128(
                        Decimal128Builder::new().with_precision_and_scale(precision, scale)?,
                        digits,
                    ),
                    _ => Self::Decimal256(
                        Decimal256Builder::new().with_precision_and_scale(precision, scale)?,
                        digits,
                    ),
                }
            }
        })
    }

    /// Bytes of Arrow memory of one value, without what a text or bytes hold.
    pub(crate) fn fixed_bytes(&self) -> usize {
        match self {
            Self::Int64(_) | Self::Float64(_) => 8,
            Self::Boolean(_) => 1,
            Self::Utf8(_) | Self::Binary(_) => 4,
            Self::Decimal128(..) => 16,
            Self::Decimal256(..) => 32,
        }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the column's name.
    pub(crate) fn append(&mut self, value: ValueRef<'_>) -> Result<(), String> {
        match (&mut *self, value) {
            (_, ValueRef::Null) => self.null(),
            (Self::Int64(builder), ValueRef::Integer(value)) => builder.append_value(value),
            (Self::Float64(builder), ValueRef::Real(value)) => builder.append_value(value),
            (Self::Float64(builder), ValueRef::Integer(value)) if value.unsigned_abs() <= DOUBLE_INTEGERS => {
                builder.append_value(value as f64);
            }
            (Self::Utf8(builder), ValueRef::Text(bytes)) => {
                builder.append_value(std::str::from_utf8(bytes).map_err(|_| "text that is not UTF-8")?);
            }
            (Self::Binary(builder), ValueRef::Blob(bytes)) => builder.append_value(bytes),
            (Self::Boolean(builder), ValueRef::Integer(value @ (0 | 1))) => builder.append_value(value == 1),
            (Self::Decimal128(builder, digits), value) => {
                // The precision was checked against the column's, which an i128 holds.
                let value = digits.read(value)?.to_i128().ok_or("a decimal that is too large")?;
                builder.append_value(value);
            }
            (Self::Decimal256(builder, digits), value) => builder.append_value(digits.read(value)?),
            (column, value) => return Err(format!("{}, which is not {}", show(value), column.word())),
        }
        Ok(())
    }

    fn null(&mut self) {
        match self {
            Self::Int64(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Utf8(builder) => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Decimal128(builder, _) => builder.append_null(),
            Self::Decimal256(builder, _) => builder.append_null(),
        }
    }

    /// The array so far; the column starts anew.
    pub(crate) fn take(&mut self) -> ArrayRef {
        match self {
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Utf8(builder) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Decimal128(builder, _) => Arc::new(builder.finish()),
            Self::Decimal256(builder, _) => Arc::new(builder.finish()),
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Int64(_) => "an integer",
            Self::Float64(_) => "a real number, or an integer that a double holds",
            Self::Utf8(_) => "text",
            Self::Binary(_) => "a blob",
            Self::Boolean(_) => "0 or 1",
            Self::Decimal128(..) | Self::Decimal256(..) => "a decimal number",
        }
    }
}

impl Digits {
    fn read(&self, value: ValueRef<'_>) -> Result<i256, String> {
        let Self { precision, scale, text } = *self;
        let read = match value {
            ValueRef::Integer(number) => decimal::parse(&number.to_string(), precision, scale),
            ValueRef::Real(number) if !text => decimal::of_double(number, precision, scale),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes)
                .ok()
                .and_then(|number| decimal::parse(number, precision, scale)),
            _ => None,
        };
        read.ok_or_else(|| format!("{}, which is not a decimal({precision},{scale})", show(value)))
    }
}

/// A value for people, cut to a sensible length.
fn show(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(value) => format!("the integer {value}"),
        ValueRef::Real(value) => format!("the real {value}"),
        ValueRef::Text(bytes) => {
            let text: String = String::from_utf8_lossy(&bytes[..bytes.len().min(160)])
                .chars()
                .take(40)
                .collect();
            format!("the text {text:?}")
        }
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    }
}

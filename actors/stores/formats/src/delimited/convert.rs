//! From fields to typed columns.

use super::time;
use arrow::array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow::array::{ArrayRef, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow::datatypes::DataType;
use std::str::FromStr;
use std::sync::Arc;

/// One column being read.
pub(super) enum Builder {
    Text(StringBuilder),
    Bool(BooleanBuilder),
    Int16(PrimitiveBuilder<Int16Type>),
    Int32(PrimitiveBuilder<Int32Type>),
    Int64(PrimitiveBuilder<Int64Type>),
    Float32(PrimitiveBuilder<Float32Type>),
    Float64(PrimitiveBuilder<Float64Type>),
    Decimal(PrimitiveBuilder<Decimal128Type>, u8, i8),
    Date(PrimitiveBuilder<Date32Type>),
    /// Whether values must have an offset, or must not.
    Timestamp(PrimitiveBuilder<TimestampMicrosecondType>, bool),
}

impl Builder {
    pub(super) fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Int16 => Self::Int16(PrimitiveBuilder::new()),
            DataType::Int32 => Self::Int32(PrimitiveBuilder::new()),
            DataType::Int64 => Self::Int64(PrimitiveBuilder::new()),
            DataType::Float32 => Self::Float32(PrimitiveBuilder::new()),
            DataType::Float64 => Self::Float64(PrimitiveBuilder::new()),
            DataType::Decimal128(precision, scale) => {
                let builder = PrimitiveBuilder::new().with_data_type(data_type.clone());
                Self::Decimal(builder, *precision, *scale)
            }
            DataType::Date32 => Self::Date(PrimitiveBuilder::new()),
            DataType::Timestamp(_, zone) => {
                let builder = PrimitiveBuilder::new().with_data_type(data_type.clone());
                Self::Timestamp(builder, zone.is_some())
            }
            // The dataset's types are a closed list; see `types::columns`.
            _ => Self::Text(StringBuilder::new()),
        }
    }

    pub(super) fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Bool(builder) => builder.append_null(),
            Self::Int16(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Float32(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Decimal(builder, _, _) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder, _) => builder.append_null(),
        }
    }

    /// # Errors
    /// What is wrong with the text, in words. The text itself is data, and stays out of messages.
    pub(super) fn append(&mut self, text: &[u8]) -> Result<(), &'static str> {
        match self {
            Self::Text(builder) => builder.append_value(std::str::from_utf8(text).map_err(|_| "not UTF-8")?),
            Self::Bool(builder) => match text {
                b"1" => builder.append_value(true),
                b"0" => builder.append_value(false),
                _ if text.eq_ignore_ascii_case(b"true") => builder.append_value(true),
                _ if text.eq_ignore_ascii_case(b"false") => builder.append_value(false),
                _ => return Err("neither true nor false"),
            },
            Self::Int16(builder) => builder.append_value(parse(text).ok_or("not an Int16")?),
            Self::Int32(builder) => builder.append_value(parse(text).ok_or("not an Int32")?),
            Self::Int64(builder) => builder.append_value(parse(text).ok_or("not an Int64")?),
            Self::Float32(builder) => builder.append_value(parse(text).ok_or("not a Single")?),
            Self::Float64(builder) => builder.append_value(parse(text).ok_or("not a Double")?),
            Self::Decimal(builder, precision, scale) => {
                let value =
                    decimal(text, *precision, *scale).ok_or("not a Decimal of the column's precision and scale")?;
                builder.append_value(value);
            }
            Self::Date(builder) => {
                let days = time::parse_date(text).and_then(|days| i32::try_from(days).ok());
                builder.append_value(days.ok_or("not a date of the form 2024-02-29")?);
            }
            Self::Timestamp(builder, with_offset) => {
                let (micros, offset) = time::parse_timestamp(text)?;
                match (offset.is_some(), *with_offset) {
                    (true, false) => return Err("a DateTime with an offset; give the column the type DateTimeOffset"),
                    (false, true) => {
                        return Err("a DateTimeOffset without its offset; give the column the type DateTime");
                    }
                    _ => builder.append_value(micros),
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Int16(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float32(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder, _, _) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder, _) => Arc::new(builder.finish()),
        }
    }
}

/// Numbers of text; blanks around them do not change what they are. Rust reads `NaN`, `inf` and `Infinity` in any case.
fn parse<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// A decimal with an optional exponent, exactly; none when it needs more digits than there are.
fn decimal(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let text = text.trim_ascii();
    let (negative, text) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&text[..at], parse::<i32>(&text[at + 1..])?),
        None => (text, 0),
    };
    let (mut digits, mut point, mut value) = (0u32, None, 0i128);
    for byte in mantissa {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
            }
            b'.' if point.is_none() => point = Some(digits),
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    let behind = i32::try_from(digits - point.unwrap_or(digits)).ok()?;
    // How many zeros are still to be added; fewer than none must be zeros already.
    let mut shift = i32::from(scale).checked_sub(behind)?.checked_add(exponent)?;
    while shift < 0 && value != 0 {
        if value % 10 != 0 {
            return None;
        }
        value /= 10;
        shift += 1;
    }
    if value != 0 {
        value = value.checked_mul(10i128.checked_pow(u32::try_from(shift.max(0)).ok()?)?)?;
    }
    let fits = value < 10i128.checked_pow(u32::from(precision))?;
    fits.then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_are_exact_or_refused() {
        let cases: &[(&str, u8, i8, Option<i128>)] = &[
            ("0", 38, 10, Some(0)),
            ("-1.5", 4, 2, Some(-150)),
            ("1.500", 4, 2, Some(150)),
            ("1.501", 4, 2, None),
            ("100", 4, 2, None),
            ("99.99", 4, 2, Some(9999)),
            ("1e2", 5, 2, Some(10_000)),
            ("1.25E-1", 5, 3, Some(125)),
            ("+.5", 5, 1, Some(5)),
            ("5.", 5, 1, Some(50)),
            (".", 5, 1, None),
            ("1_0", 5, 1, None),
            ("", 5, 1, None),
            ("1.2.3", 5, 1, None),
            (
                "9999999999999999999999999999.9999999999",
                38,
                10,
                Some(10i128.pow(38) - 1),
            ),
            ("10000000000000000000000000000", 38, 10, None),
            ("0e999999999", 38, 10, Some(0)),
            ("1e999999999", 38, 10, None),
            ("1e99999999999", 38, 10, None),
        ];
        for (text, precision, scale, value) in cases {
            assert_eq!(decimal(text.as_bytes(), *precision, *scale), *value, "{text}");
        }
    }
}

//! The form in which a value goes into a column of the staging table.

use super::{DAY_MICROS, EPOCH_DAYS, EPOCH_MICROS, numeric, parse};
use sluice_store_wire::cell::Value;

/// A column's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    /// Digits behind the point that the column keeps; none when it keeps all.
    Numeric(Option<i32>),
    Text,
    Jsonb,
    Bytea,
    Date,
    /// The column keeps multiples of this many microseconds.
    Time(i64),
    Timestamp(i64),
    TimestampTz(i64),
    Uuid,
}

impl Output {
    /// Writes a value, without its length.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the column's name.
    pub(crate) fn write(self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        match (self, value) {
            (Self::Bool, Value::Bool(value)) => out.push(value.into()),
            (Self::Bool, Value::Text(text)) => out.push(parse::boolean(text)?.into()),
            (Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid, _) => self.integer(value, out)?,
            (Self::Float4, Value::Float32(value)) => out.extend_from_slice(&value.to_be_bytes()),
            (Self::Float4, Value::Text(text)) => out.extend_from_slice(&parse::float4(text)?.to_be_bytes()),
            (Self::Float8, Value::Float32(value)) => out.extend_from_slice(&f64::from(value).to_be_bytes()),
            (Self::Float8, Value::Float64(value)) => out.extend_from_slice(&value.to_be_bytes()),
            (Self::Float8, Value::Text(text)) => out.extend_from_slice(&parse::float8(text)?.to_be_bytes()),
            // The plan lets only integers here that a float of this size holds.
            (Self::Float4, Value::Int(value)) => out.extend_from_slice(&(value as f32).to_be_bytes()),
            (Self::Float8, Value::Int(value)) => out.extend_from_slice(&(value as f64).to_be_bytes()),
            (Self::Numeric(_), Value::Int(value)) => numeric::encode(value, 0, out),
            (Self::Numeric(_), Value::Decimal128(value, scale)) => numeric::encode(value, scale, out),
            (Self::Numeric(_), Value::Decimal256(value, scale)) => numeric::encode(value, scale, out),
            (Self::Numeric(scale), Value::Text(text)) => parse::numeric(text, scale, out)?,
            (Self::Text, Value::Text(text)) => out.extend_from_slice(text.as_bytes()),
            (Self::Text, Value::Int(value)) => out.extend_from_slice(value.to_string().as_bytes()),
            (Self::Jsonb, Value::Text(text)) => {
                out.push(1);
                out.extend_from_slice(text.as_bytes());
            }
            (Self::Bytea, Value::Bytes(bytes)) => out.extend_from_slice(bytes),
            (Self::Bytea, Value::Text(text)) => parse::hex(text, out)?,
            (Self::Uuid, Value::Bytes(bytes)) if bytes.len() == 16 => out.extend_from_slice(bytes),
            (Self::Uuid, Value::Text(text)) => out.extend_from_slice(&parse::uuid(text)?),
            (Self::Date, Value::Days(days)) => out.extend_from_slice(&date(days)?.to_be_bytes()),
            (Self::Date, Value::Text(text)) => out.extend_from_slice(&date(parse::date(text)?)?.to_be_bytes()),
            (Self::Time(step), Value::Micros(micros)) => time(micros, step, out)?,
            (Self::Time(step), Value::Text(text)) => time(parse::time(text)?, step, out)?,
            (Self::Timestamp(step) | Self::TimestampTz(step), Value::Micros(micros)) => stepped(micros, step, out)?,
            (Self::Timestamp(step) | Self::TimestampTz(step), Value::Days(days)) => {
                let micros = days
                    .checked_mul(DAY_MICROS)
                    .ok_or("a date that PostgreSQL cannot hold")?;
                stepped(micros, step, out)?;
            }
            (Self::Timestamp(step), Value::Text(text)) => stepped(parse::timestamp(text)?, step, out)?,
            (Self::TimestampTz(step), Value::Text(text)) => stepped(parse::timestamptz(text)?, step, out)?,
            (output, value) => return Err(format!("{value:?}, which {output:?} cannot hold")),
        }
        Ok(())
    }

    fn integer(self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let value = match value {
            Value::Int(value) | Value::Decimal128(value, 0) => value,
            Value::Text(text) => parse::integer(text)?,
            other => return Err(format!("{other:?}, which is no integer")),
        };
        let too_large = |_| format!("{value}, which the sink's column is too small for");
        match self {
            Self::Int2 => out.extend_from_slice(&i16::try_from(value).map_err(too_large)?.to_be_bytes()),
            Self::Int4 => out.extend_from_slice(&i32::try_from(value).map_err(too_large)?.to_be_bytes()),
            Self::Oid => out.extend_from_slice(&u32::try_from(value).map_err(too_large)?.to_be_bytes()),
            _ => out.extend_from_slice(&i64::try_from(value).map_err(too_large)?.to_be_bytes()),
        }
        Ok(())
    }
}

/// Days since PostgreSQL's epoch.
pub(super) fn date(days: i64) -> Result<i32, String> {
    // The outermost values mean infinity.
    i32::try_from(days - i64::from(EPOCH_DAYS))
        .ok()
        .filter(|days| !matches!(*days, i32::MIN | i32::MAX))
        .ok_or_else(|| "a date that PostgreSQL cannot hold".into())
}

fn step_of(micros: i64, step: i64) -> Result<(), String> {
    if micros % step == 0 {
        return Ok(());
    }
    Err("a fraction of a second that the sink's column would round".into())
}

fn time(micros: i64, step: i64, out: &mut Vec<u8>) -> Result<(), String> {
    step_of(micros, step)?;
    if !(0..=DAY_MICROS).contains(&micros) {
        return Err("a time of day outside of the day".into());
    }
    out.extend_from_slice(&micros.to_be_bytes());
    Ok(())
}

/// Microseconds since PostgreSQL's epoch.
pub(super) fn timestamp(micros: i64) -> Result<i64, String> {
    // The outermost values mean infinity.
    micros
        .checked_sub(EPOCH_MICROS)
        .filter(|micros| !matches!(*micros, i64::MIN | i64::MAX))
        .ok_or_else(|| "a timestamp that PostgreSQL cannot hold".into())
}

fn stepped(micros: i64, step: i64, out: &mut Vec<u8>) -> Result<(), String> {
    step_of(micros, step)?;
    out.extend_from_slice(&timestamp(micros)?.to_be_bytes());
    Ok(())
}

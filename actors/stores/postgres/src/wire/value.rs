//! One field's value, as Arrow has it. An error says what the column holds, to be put behind its name.

use super::{DAY_MICROS, EPOCH_DAYS, EPOCH_MICROS, numeric};
use arrow::datatypes::{Decimal128Type, Decimal256Type, DecimalType, i256};

pub(super) const NOT_UTF8: &str = "text that is not UTF-8";

#[inline]
pub(super) fn fixed<const N: usize>(field: &[u8]) -> Result<[u8; N], String> {
    field
        .try_into()
        .map_err(|_| format!("a field of {} bytes instead of {N}", field.len()))
}

#[inline]
pub(super) fn date(field: &[u8]) -> Result<i32, String> {
    let days = i32::from_be_bytes(fixed(field)?);
    if matches!(days, i32::MIN | i32::MAX) {
        return Err("infinity, which an Arrow date cannot hold".into());
    }
    days.checked_add(EPOCH_DAYS)
        .ok_or_else(|| "a date that an Arrow date cannot hold".into())
}

#[inline]
pub(super) fn time(field: &[u8]) -> Result<i64, String> {
    match i64::from_be_bytes(fixed(field)?) {
        micros @ 0..DAY_MICROS => Ok(micros),
        DAY_MICROS => Err("24:00:00, which Arrow's time of day does not have".into()),
        _ => Err("a time of a damaged form".into()),
    }
}

#[inline]
pub(super) fn timestamp(field: &[u8]) -> Result<i64, String> {
    let micros = i64::from_be_bytes(fixed(field)?);
    if matches!(micros, i64::MIN | i64::MAX) {
        return Err("infinity, which an Arrow timestamp cannot hold".into());
    }
    micros
        .checked_add(EPOCH_MICROS)
        .ok_or_else(|| "a timestamp that an Arrow timestamp cannot hold".into())
}

#[inline]
pub(super) fn decimal128(field: &[u8], precision: u8, scale: i8) -> Result<i128, String> {
    let value = match numeric::decode_short(field, scale) {
        Some(value) => i128::from(value),
        None => numeric::decode(field, scale)?,
    };
    // A bound of 64 bits is the cheaper one, and holds for most columns.
    let fits = match POWERS.get(usize::from(precision)) {
        Some(bound) => value.unsigned_abs() < u128::from(*bound),
        None => Decimal128Type::validate_decimal_precision(value, precision, scale).is_ok(),
    };
    match fits {
        true => Ok(value),
        false => Err(numeric::TOO_LARGE.into()),
    }
}

pub(super) fn decimal256(field: &[u8], precision: u8, scale: i8) -> Result<i256, String> {
    let value: i256 = numeric::decode(field, scale)?;
    Decimal256Type::validate_decimal_precision(value, precision, scale).map_err(|_| numeric::TOO_LARGE)?;
    Ok(value)
}

pub(super) fn jsonb(field: &[u8]) -> Result<&[u8], String> {
    match field.split_first() {
        Some((1, json)) if std::str::from_utf8(json).is_ok() => Ok(json),
        Some((1, _)) => Err(NOT_UTF8.into()),
        _ => Err("jsonb of a version that is not known".into()),
    }
}

/// Canonical text of a UUID.
pub(super) fn uuid<'a>(bytes: &[u8; 16], out: &'a mut [u8; 36]) -> &'a [u8] {
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
    out
}

/// Powers of ten that 64 bits hold.
pub(super) const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

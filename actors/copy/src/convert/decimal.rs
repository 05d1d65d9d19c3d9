//! Decimals in texts, digit by digit: nothing is rounded on the way.

use super::{Converted, Rules, lost, number};
use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::DataType;
use sluice_contract::{Code, Fault};
use std::sync::Arc;

pub(super) fn parse(column: &ArrayRef, to: &DataType, rules: &Rules) -> Result<Converted, Fault> {
    let internal = |text: String| Fault::new(Code::Internal, text);
    let DataType::Decimal128(precision, scale) = *to else {
        return Err(internal(format!("{to} is no decimal")));
    };
    let limit = 10_i128.checked_pow(u32::from(precision)).unwrap_or(i128::MAX);
    let one = |text: &str| scaled(text.trim(), scale, rules.truncate).filter(|value| value.abs() < limit);
    let plain = number::plain(column, rules.culture);
    let texts = plain.as_string::<i32>();
    let values: Decimal128Array = texts.iter().map(|text| text.and_then(one)).collect();
    let values = values
        .with_precision_and_scale(precision, scale)
        .map_err(|error| internal(error.to_string()))?;
    Ok(Converted {
        bad: lost(column.as_ref(), &values),
        column: Arc::new(values),
    })
}

/// The number times ten to the scale; none when it is no number, or has more digits than that.
pub(super) fn scaled(text: &str, scale: i8, truncate: bool) -> Option<i128> {
    let (digits, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // Where the last digit that is kept stands, counted from the first.
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent) + i64::from(scale);
    let all = whole.bytes().chain(fraction.bytes());
    let mut value: i128 = 0;
    let mut count: i64 = 0;
    for digit in all {
        let digit = i128::from(digit - b'0');
        if count < point {
            value = value.checked_mul(10)?.checked_add(digit)?;
        } else if digit != 0 && !truncate {
            return None;
        }
        count += 1;
    }
    if value != 0 {
        for _ in count..point {
            value = value.checked_mul(10)?;
        }
    }
    Some(if negative { -value } else { value })
}

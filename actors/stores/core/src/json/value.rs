//! One value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{NaiveDateTime, Timelike};
use serde_json::{Number, Value};

/// Significant digits that survive the way through a 64-bit float, whatever they are.
const EXACT_DIGITS: usize = 15;

/// A decimal number, written out: a JSON number where that is exact, else its digits as a text.
pub fn decimal(text: &str) -> Value {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    let digits = text.trim_start_matches(['-', '+']);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let significant = digits.trim_start_matches(['0', '.']).bytes().filter(u8::is_ascii_digit);
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) if plain && significant.count() <= EXACT_DIGITS => Value::Number(number),
        _ => Value::from(text),
    }
}

/// A binary fraction; what is no number is its name.
pub fn float(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::from("NaN"),
        None if number > 0.0 => Value::from("Infinity"),
        None => Value::from("-Infinity"),
    }
}

/// Bytes, in base64.
pub fn binary(bytes: &[u8]) -> Value {
    Value::from(STANDARD.encode(bytes))
}

/// A day and time: `2024-05-01T10:20:30.5Z`. One without a zone is taken as UTC, as Data Factory does.
pub fn moment(moment: NaiveDateTime) -> Value {
    let mut text = moment.format("%Y-%m-%dT%H:%M:%S").to_string();
    let fraction = format!("{:09}", moment.nanosecond() % 1_000_000_000);
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text.push('Z');
    Value::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_exact_or_texts() {
        for (text, shown) in [
            ("12.10", json!(12.1)),
            ("-0.001", json!(-0.001)),
            ("9223372036854775807", json!(9_223_372_036_854_775_807_i64)),
            ("9223372036854775808", json!("9223372036854775808")),
            ("123456789012345.6", json!("123456789012345.6")),
            ("12345678901234567890.12", json!("12345678901234567890.12")),
            ("NaN", json!("NaN")),
            ("1e400", json!("1e400")),
        ] {
            assert_eq!(decimal(text), shown, "{text}");
        }
        assert_eq!(float(f64::NAN), json!("NaN"));
        assert_eq!(float(f64::NEG_INFINITY), json!("-Infinity"));
        assert_eq!(float(0.1), json!(0.1));
    }

    #[test]
    fn moments_have_as_many_digits_as_they_need() {
        let day = chrono::NaiveDate::from_ymd_opt(2024, 5, 1).unwrap();
        assert_eq!(moment(day.and_hms_opt(0, 0, 0).unwrap()), json!("2024-05-01T00:00:00Z"));
        let at = day.and_hms_micro_opt(1, 2, 3, 450_000).unwrap();
        assert_eq!(moment(at), json!("2024-05-01T01:02:03.45Z"));
    }
}

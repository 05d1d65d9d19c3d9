//! Texts that become values of another type: only forms that have one meaning, and nothing rounded.

use super::{DAY_MICROS, numeric as number};
use chrono::NaiveDate;

fn bad(text: &str, what: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("{shown:?}, which is not {what}")
}

/// As PostgreSQL reads booleans.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "yes" | "y" | "on" | "1" => Ok(true),
        "f" | "false" | "no" | "n" | "off" | "0" => Ok(false),
        _ => Err(bad(text, "a boolean")),
    }
}

/// An integer of any size.
pub(crate) fn integer(text: &str) -> Result<i128, String> {
    text.trim().parse().map_err(|_| bad(text, "an integer"))
}

/// The nearest `float4`; a number too large for one is not taken for infinity.
pub(crate) fn float4(text: &str) -> Result<f32, String> {
    let value: f32 = text.trim().parse().map_err(|_| bad(text, "a number"))?;
    match value.is_infinite() && !is_word(text) {
        true => Err(bad(text, "a number that float4 holds")),
        false => Ok(value),
    }
}

/// The nearest `float8`; a number too large for one is not taken for infinity.
pub(crate) fn float8(text: &str) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| bad(text, "a number"))?;
    match value.is_infinite() && !is_word(text) {
        true => Err(bad(text, "a number that float8 holds")),
        false => Ok(value),
    }
}

fn is_word(text: &str) -> bool {
    text.to_ascii_lowercase().contains("inf")
}

/// A decimal number, written into `out`; `scale` digits behind the point are kept by the column.
pub(crate) fn numeric(text: &str, scale: Option<i32>, out: &mut Vec<u8>) -> Result<(), String> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, mut decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.len() + decimals.len() == 0 || !is_digits(whole) || !is_digits(decimals) {
        return match number::encode_special(text, out) {
            true => Ok(()),
            false => Err(bad(text, "a decimal number")),
        };
    }
    if let Some(scale) = scale {
        let significant = decimals.trim_end_matches('0');
        let kept = usize::try_from(scale).unwrap_or(0);
        // A negative scale keeps no units either.
        let zeros = usize::try_from(-scale).unwrap_or(0);
        let cut = whole.len() - whole.trim_end_matches('0').len();
        if significant.len() > kept || (cut < zeros && !whole.trim_matches('0').is_empty()) {
            return Err(bad(text, "a number that the sink's column keeps without rounding"));
        }
        decimals = &decimals[..decimals.len().min(kept)];
    }
    // PostgreSQL's own limits.
    if whole.len() > 131_072 || decimals.len() > 16_383 {
        return Err(bad(text, "a number that PostgreSQL can hold"));
    }
    number::encode_digits(negative, whole.as_bytes(), decimals.as_bytes(), out);
    Ok(())
}

/// PostgreSQL's hexadecimal form, `\x0aff`.
pub(crate) fn hex(text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let digits = text.strip_prefix("\\x").filter(|digits| digits.len() % 2 == 0);
    let digits = digits.ok_or_else(|| bad(text, "bytes of the form \\x00ff"))?;
    for pair in digits.as_bytes().chunks(2) {
        out.push(
            hex_digit(pair[0])
                .zip(hex_digit(pair[1]))
                .map(|(high, low)| high << 4 | low)
                .ok_or_else(|| bad(text, "bytes of the form \\x00ff"))?,
        );
    }
    Ok(())
}

fn hex_digit(c: u8) -> Option<u8> {
    char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A UUID, with hyphens and braces or without.
pub(crate) fn uuid(text: &str) -> Result<[u8; 16], String> {
    let wrong = || bad(text, "a UUID");
    let inner = text.trim();
    let inner = inner
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .unwrap_or(inner);
    let mut bytes = [0; 16];
    let mut count = 0;
    for c in inner.bytes().filter(|c| *c != b'-') {
        let digit = hex_digit(c).ok_or_else(wrong)?;
        let byte = bytes.get_mut(count / 2).ok_or_else(wrong)?;
        *byte = *byte << 4 | digit;
        count += 1;
    }
    let hyphens = inner.len() - count;
    if count != 32 || !matches!(hyphens, 0 | 4) {
        return Err(wrong());
    }
    Ok(bytes)
}

/// `2024-02-29`, in days since 1970.
pub(crate) fn date(text: &str) -> Result<i64, String> {
    days(text.trim()).ok_or_else(|| bad(text, "a date of the form 2024-02-29"))
}

/// `23:59:59.123456`, in microseconds.
pub(crate) fn time(text: &str) -> Result<i64, String> {
    micros(text.trim()).ok_or_else(|| bad(text, "a time of the form 23:59:59.123456"))
}

/// `2024-02-29 23:59:59.123456`, with a space or a `T`, or a date alone; in microseconds since 1970.
pub(crate) fn timestamp(text: &str) -> Result<i64, String> {
    local(text.trim()).ok_or_else(|| bad(text, "a timestamp of the form 2024-02-29 23:59:59.123456"))
}

/// A timestamp with `Z` or an offset behind it; without one it is taken for UTC.
pub(crate) fn timestamptz(text: &str) -> Result<i64, String> {
    let wrong = || bad(text, "a timestamp of the form 2024-02-29 23:59:59.123456+00:00");
    let (body, offset) = split_offset(text.trim()).ok_or_else(wrong)?;
    local(body)
        .and_then(|micros| micros.checked_sub(offset))
        .ok_or_else(wrong)
}

/// The text before the offset, and the offset in microseconds.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(body) = text.strip_suffix(['Z', 'z']) {
        return Some((body, 0));
    }
    // Hyphens before the time belong to the date.
    let Some(colon) = text.find(':') else {
        return Some((text, 0));
    };
    let Some(sign) = text[colon..].find(['+', '-']).map(|at| at + colon) else {
        return Some((text, 0));
    };
    let (body, offset) = text.split_at(sign);
    let mut seconds = 0;
    let digits = &offset[1..];
    let parts: Vec<&str> = match digits.len() {
        4 if !digits.contains(':') => vec![digits.get(..2)?, digits.get(2..)?],
        _ => digits.split(':').collect(),
    };
    for (part, worth) in parts.iter().zip([3600, 60, 1]) {
        seconds += two_digits(part)? * worth;
    }
    if parts.len() > 3 {
        return None;
    }
    let micros = seconds * 1_000_000;
    Some((body.trim_end(), if offset.starts_with('-') { -micros } else { micros }))
}

fn local(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, micros(time)?),
        None => (text, 0),
    };
    days(date)?.checked_mul(DAY_MICROS)?.checked_add(time)
}

fn two_digits(text: &str) -> Option<i64> {
    (text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit())).then(|| text.parse().ok())?
}

fn days(text: &str) -> Option<i64> {
    let (rest, day) = text.rsplit_once('-')?;
    let (year, month) = rest.rsplit_once('-')?;
    if !(4..=6).contains(&year.len()) || !year.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let (month, day) = (two_digits(month)?, two_digits(day)?);
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.try_into().ok()?, day.try_into().ok()?)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

fn micros(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let second = parts.next().map_or(Some(0), two_digits)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = fraction.bytes().all(|c| c.is_ascii_digit()).then_some(fraction)?;
    // Digits behind the sixth would be rounded, unless they are zeros.
    let (kept, lost) = fraction.split_at_checked(6).unwrap_or((fraction, ""));
    if fraction.is_empty() || lost.bytes().any(|c| c != b'0') {
        return None;
    }
    let fraction: i64 = format!("{kept:0<6}").parse().ok()?;
    Some(((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction)
}

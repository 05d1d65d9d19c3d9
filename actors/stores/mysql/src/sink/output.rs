//! Writing one value, as text that the server reads back as the same value.

use super::calendar::{self, DAY_MICROS};
use super::fit::Output;
use sluice_store_wire::cell::Value;
use std::io::Write as _;

/// Where values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Lines of a file: fields end with a tab, `\` escapes. Bytes are hexadecimal digits, which the statement takes apart.
    File,
    /// The values of an `INSERT`.
    Insert,
}

impl Style {
    pub(super) fn begin(self, out: &mut Vec<u8>) {
        if self == Self::Insert {
            out.push(b'(');
        }
    }

    pub(super) fn between(self) -> u8 {
        match self {
            Self::File => b'\t',
            Self::Insert => b',',
        }
    }

    pub(super) fn end(self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::File => b'\n',
            Self::Insert => b')',
        });
    }

    pub(super) fn null(self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self {
            Self::File => b"\\N",
            Self::Insert => b"NULL",
        });
    }

    fn text(self, text: &[u8], out: &mut Vec<u8>) {
        self.quote(out);
        let special = |byte: u8| match self {
            Self::File => matches!(byte, b'\\' | b'\t' | b'\n' | 0),
            Self::Insert => matches!(byte, b'\\' | b'\'' | 0),
        };
        let mut rest = text;
        // Most texts have none of these: all bytes are looked at, many at a time.
        let any = text.iter().fold(false, |found, byte| found | special(*byte));
        while let Some(at) = any.then(|| rest.iter().position(|byte| special(*byte))).flatten() {
            out.extend_from_slice(&rest[..at]);
            out.push(b'\\');
            out.push(match rest[at] {
                0 => b'0',
                b'\t' => b't',
                b'\n' => b'n',
                other => other,
            });
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
        self.quote(out);
    }

    fn quote(self, out: &mut Vec<u8>) {
        if self == Self::Insert {
            out.push(b'\'');
        }
    }

    fn bytes(self, bytes: &[u8], out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        if self == Self::Insert {
            out.push(b'X');
        }
        self.quote(out);
        out.reserve(2 * bytes.len());
        for byte in bytes {
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
        self.quote(out);
    }
}

impl Output {
    /// Appends a value.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the column's name.
    pub(super) fn write(self, value: Value<'_>, style: Style, out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Text => match value {
                Value::Text(text) => style.text(text.as_bytes(), out),
                Value::Int(number) => integer(number, out),
                _ => return Err(odd()),
            },
            Self::Unpadded => match value {
                Value::Text(text) if text.ends_with(' ') => {
                    return Err("a text that ends with a space, which a char column loses".into());
                }
                Value::Text(text) => style.text(text.as_bytes(), out),
                Value::Int(number) => integer(number, out),
                _ => return Err(odd()),
            },
            Self::Int(least, greatest) => {
                if let Value::Text(text) = value
                    && let Some(number) = plain_integer(text.as_bytes())
                    && (least..=greatest).contains(&i128::from(number))
                {
                    out.extend_from_slice(text.as_bytes());
                    return Ok(());
                }
                let number = whole(value)?;
                if number < least || number > greatest {
                    return Err(format!("{number}, which the sink's column does not hold"));
                }
                integer(number, out);
            }
            Self::Bit(bits) => {
                let number = whole(value)?;
                if number < 0 || number >> bits.min(64) != 0 {
                    return Err(format!("{number}, which does not fit {bits} bits"));
                }
                integer(number, out);
            }
            Self::Float => match value {
                Value::Float32(number) => float(number.into(), out)?,
                Value::Int(number) => float(number as f64, out)?,
                Value::Text(text) => match text.trim().parse::<f32>() {
                    Ok(number) => float(number.into(), out)?,
                    Err(_) => return Err(format!("{text:?}, which is no number")),
                },
                _ => return Err(odd()),
            },
            Self::Double => match value {
                Value::Float32(number) => float(number.into(), out)?,
                Value::Float64(number) => float(number, out)?,
                Value::Int(number) => float(number as f64, out)?,
                Value::Text(text) => match text.trim().parse::<f64>() {
                    Ok(number) => float(number, out)?,
                    Err(_) => return Err(format!("{text:?}, which is no number")),
                },
                _ => return Err(odd()),
            },
            Self::Decimal {
                precision,
                scale,
                unsigned,
            } => {
                if let Value::Text(text) = value
                    && is_plain_decimal(text.as_bytes(), precision, scale, unsigned)
                {
                    out.extend_from_slice(text.as_bytes());
                    return Ok(());
                }
                let start = out.len();
                match value {
                    Value::Decimal128(number, digits) => decimal(number.unsigned_abs(), number < 0, digits, out),
                    Value::Decimal256(number, digits) => {
                        let text = number.to_string();
                        let absolute = text.trim_start_matches('-');
                        point(absolute.as_bytes(), text.starts_with('-'), digits, out);
                    }
                    Value::Int(number) => integer(number, out),
                    Value::Text(text) => out.extend_from_slice(text.trim().as_bytes()),
                    _ => return Err(odd()),
                }
                check_decimal(&out[start..], precision, scale, unsigned)?;
            }
            Self::Bytes(length) => match value {
                Value::Bytes(bytes) if length.is_some_and(|length| bytes.len() < length as usize) => {
                    return Err("fewer bytes than the sink's binary column, which fills them up".into());
                }
                Value::Bytes(bytes) => style.bytes(bytes, out),
                _ => return Err(odd()),
            },
            Self::Date => {
                style.quote(out);
                match value {
                    Value::Days(days) => calendar::put_date(days, out)?,
                    // What is read as a date is written as it was read.
                    Value::Text(text) => match text.trim().as_bytes() {
                        date if calendar::parse_date(date).is_some() => out.extend_from_slice(date),
                        _ => return Err(format!("{text:?}, which is no date of the form 2024-12-31")),
                    },
                    _ => return Err(odd()),
                }
                style.quote(out);
            }
            Self::Time(step) => {
                let micros = match value {
                    Value::Micros(micros) => micros,
                    Value::Text(text) => calendar::parse_time(text.trim().as_bytes())
                        .ok_or_else(|| format!("{text:?}, which is no time of the form 23:59:59.999999"))?,
                    _ => return Err(odd()),
                };
                if !(0..DAY_MICROS).contains(&micros) {
                    return Err("a time that is none of a day".into());
                }
                steps(micros, step)?;
                style.quote(out);
                calendar::put_time(micros, out);
                style.quote(out);
            }
            Self::DateTime(step) => {
                let micros = match value {
                    Value::Micros(micros) => micros,
                    Value::Days(days) => days.checked_mul(DAY_MICROS).ok_or_else(odd)?,
                    Value::Text(text) => match calendar::parse_moment(text.trim().as_bytes()) {
                        Some((micros, None)) => micros,
                        _ => return Err(format!("{text:?}, which is no moment of the form 2024-12-31 23:59:59")),
                    },
                    _ => return Err(odd()),
                };
                moment(micros, step, style, out)?;
            }
            Self::Timestamp(step) => {
                let micros = match value {
                    Value::Micros(micros) => micros,
                    Value::Text(text) => match calendar::parse_moment(text.trim().as_bytes()) {
                        Some((micros, Some(offset))) => micros - offset,
                        _ => {
                            return Err(format!(
                                "{text:?}, which is no moment of the form 2024-12-31 23:59:59+00:00 with its zone"
                            ));
                        }
                    },
                    _ => return Err(odd()),
                };
                // 1970-01-01 00:00:01 to 2038-01-19 03:14:07.999999
                if !(1_000_000..=2_147_483_647_999_999).contains(&micros) {
                    return Err("a moment outside of 1970 to 2038, which a timestamp column does not hold".into());
                }
                moment(micros, step, style, out)?;
            }
        }
        Ok(())
    }
}

fn odd() -> String {
    "a value of another type than planned".into()
}

fn whole(value: Value<'_>) -> Result<i128, String> {
    match value {
        Value::Int(number) => Ok(number),
        Value::Bool(flag) => Ok(flag.into()),
        Value::Decimal128(number, 0) => Ok(number),
        Value::Text(text) => match text.trim() {
            word if word.eq_ignore_ascii_case("true") => Ok(1),
            word if word.eq_ignore_ascii_case("false") => Ok(0),
            word => word.parse().map_err(|_| format!("{text:?}, which is no whole number")),
        },
        _ => Err(odd()),
    }
}

/// A whole number that is written as it would be here; none for one that may only be written otherwise.
fn plain_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [] | [b'0', ..] => return None,
        digits if digits.len() > 18 => return None,
        _ => {}
    }
    let mut value = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// Whether a text is a decimal number, of not more digits on either side of its point than the column has, zeros included.
fn is_plain_decimal(text: &[u8], precision: u8, scale: u8, unsigned: bool) -> bool {
    let digits = match text {
        [b'-', ..] if unsigned => return false,
        [b'-', digits @ ..] => digits,
        digits => digits,
    };
    let run = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = run(digits);
    let decimals = match &digits[whole..] {
        [] => 0,
        [b'.', decimals @ ..] if run(decimals) == decimals.len() => decimals.len(),
        _ => return false,
    };
    whole + decimals > 0 && whole <= usize::from(precision.saturating_sub(scale)) && decimals <= usize::from(scale)
}

/// Appends a number's digits.
pub(super) fn integer(number: i128, out: &mut Vec<u8>) {
    decimal(number.unsigned_abs(), number < 0, 0, out);
}

/// Appends a number of `scale` decimals.
fn decimal(absolute: u128, negative: bool, scale: u8, out: &mut Vec<u8>) {
    let mut digits = [0; 39];
    let mut at = digits.len();
    // Most fit 64 bits, which are divided faster.
    let mut large = absolute;
    while large > u64::MAX.into() {
        at -= 1;
        digits[at] = b'0' + (large % 10) as u8;
        large /= 10;
    }
    let mut small = large as u64;
    while small > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + (small % 10) as u8;
        small /= 10;
    }
    point(&digits[at..], negative, scale, out);
}

/// Appends digits with a point before the last `scale` ones.
fn point(digits: &[u8], negative: bool, scale: u8, out: &mut Vec<u8>) {
    let scale = usize::from(scale);
    if negative {
        out.push(b'-');
    }
    if scale == 0 {
        return out.extend_from_slice(digits);
    }
    let (whole, decimals) = digits.split_at(digits.len().saturating_sub(scale));
    out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    out.push(b'.');
    out.resize(out.len() + scale - decimals.len(), b'0');
    out.extend_from_slice(decimals);
}

/// That a decimal's text is one, of no more digits than the column keeps.
fn check_decimal(text: &[u8], precision: u8, scale: u8, unsigned: bool) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(text).into_owned();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let dot = digits.iter().position(|byte| *byte == b'.');
    let (whole, decimals) = match dot {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, &[][..]),
    };
    let is_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if whole.len() + decimals.len() == 0 || !is_digits(whole) || !is_digits(decimals) {
        return Err(format!("{:?}, which is no decimal number", shown()));
    }
    let leading = whole.iter().take_while(|byte| **byte == b'0').count();
    let trailing = decimals.iter().rev().take_while(|byte| **byte == b'0').count();
    if whole.len() - leading > usize::from(precision.saturating_sub(scale))
        || decimals.len() - trailing > usize::from(scale)
    {
        return Err(format!("{}, which has more digits than the sink's column", shown()));
    }
    let zero = leading == whole.len() && trailing == decimals.len();
    match unsigned && negative && !zero {
        true => Err(format!("{}, which is below zero", shown())),
        false => Ok(()),
    }
}

/// A number as the fewest digits that are it and no other.
fn float(number: f64, out: &mut Vec<u8>) -> Result<(), String> {
    if !number.is_finite() {
        return Err(format!("{number}, which MySQL has no number for"));
    }
    if number == 0.0 && number.is_sign_negative() {
        return Err("-0, of which MySQL keeps no sign".into());
    }
    write!(out, "{number:e}").map_err(|error| error.to_string())
}

fn moment(micros: i64, step: i64, style: Style, out: &mut Vec<u8>) -> Result<(), String> {
    steps(micros, step)?;
    style.quote(out);
    calendar::put_date(micros.div_euclid(DAY_MICROS), out)?;
    out.push(b' ');
    calendar::put_time(micros.rem_euclid(DAY_MICROS), out);
    style.quote(out);
    Ok(())
}

fn steps(micros: i64, step: i64) -> Result<(), String> {
    match micros % step {
        0 => Ok(()),
        _ => Err("a fraction of a second that the sink's column does not keep".into()),
    }
}

//! Numbers as text and back, exactly.

use std::str::FromStr;

/// Numbers of text; blanks around them do not change what they are. Rust reads `NaN`, `inf` and `Infinity` in any case.
pub(crate) fn parse<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// A whole number.
pub(crate) fn integer<T: TryFrom<i64> + FromStr>(text: &[u8]) -> Option<T> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return parse(text);
    }
    let mut value = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return parse(text);
        }
        value = value * 10 + i64::from(digit);
    }
    T::try_from(if negative { -value } else { value }).ok()
}

/// A decimal with an optional exponent, as its digits times a power of ten; none when it is no decimal or too long.
fn decimal_parts(text: &[u8]) -> Option<(bool, i128, i32)> {
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
    if mantissa.len() <= 18 {
        // Without a check at each digit.
        let mut short = 0i64;
        for byte in mantissa {
            match byte {
                b'0'..=b'9' => {
                    digits += 1;
                    short = short * 10 + i64::from(byte - b'0');
                }
                b'.' if point.is_none() => point = Some(digits),
                _ => return None,
            }
        }
        value = i128::from(short);
    } else {
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
    }
    if digits == 0 {
        return None;
    }
    let behind = i32::try_from(digits - point.unwrap_or(digits)).ok()?;
    Some((negative, value, exponent.checked_sub(behind)?))
}

/// A decimal with an optional exponent, exactly; none when it needs more digits than there are.
pub(crate) fn decimal(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let (negative, mut value, power) = decimal_parts(text)?;
    // How many zeros are still to be added; fewer than none must be zeros already.
    let mut shift = i32::from(scale).checked_add(power)?;
    while shift < 0 && value != 0 {
        if value % 10 != 0 {
            return None;
        }
        value /= 10;
        shift += 1;
    }
    if value != 0 && shift > 0 {
        value = value.checked_mul(10i128.checked_pow(u32::try_from(shift).ok()?)?)?;
    }
    let fits = value < 10i128.checked_pow(u32::from(precision))?;
    fits.then_some(if negative { -value } else { value })
}

/// Appends a whole number.
pub(crate) fn write_integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a decimal with all digits behind its point.
pub(crate) fn write_decimal(out: &mut Vec<u8>, value: i128, scale: i8) {
    if value < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = match u64::try_from(value.unsigned_abs()) {
        Ok(short) => buffer.format(short),
        Err(_) => buffer.format(value.unsigned_abs()),
    };
    write_digits(out, digits.as_bytes(), scale);
}

/// Appends digits with a point before the last `scale` of them, or with zeros behind.
pub(crate) fn write_digits(out: &mut Vec<u8>, digits: &[u8], scale: i8) {
    let zeros = |out: &mut Vec<u8>, count: usize| out.resize(out.len() + count, b'0');
    let behind = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        out.extend_from_slice(digits);
        if digits != b"0" {
            zeros(out, behind);
        }
        return;
    }
    if digits.len() > behind {
        let (whole, fraction) = digits.split_at(digits.len() - behind);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else {
        out.extend_from_slice(b"0.");
        zeros(out, behind - digits.len());
        out.extend_from_slice(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::types::{Decimal128Type, DecimalType};

    #[test]
    fn decimals_are_exact_or_refused() {
        for (text, precision, scale, value) in [
            ("1.25", 10, 2, Some(125)),
            ("-0.10", 4, 2, Some(-10)),
            ("1e2", 5, 0, Some(100)),
            (" 12.50e-1 ", 5, 2, Some(125)),
            ("1.005", 10, 2, None),
            ("1.500", 10, 1, Some(15)),
            ("1000", 3, 0, None),
            (".5", 3, 1, Some(5)),
            ("5.", 3, 1, Some(50)),
            ("0e99999", 3, 1, Some(0)),
            ("0e-99999", 3, 1, Some(0)),
            ("1e400", 38, 0, None),
            ("-", 3, 1, None),
            ("", 3, 1, None),
            ("1.2.3", 8, 1, None),
            ("0x10", 8, 1, None),
            (
                "99999999999999999999999999999999999999",
                38,
                0,
                Some(99_999_999_999_999_999_999_999_999_999_999_999_999),
            ),
            ("999999999999999999999999999999999999999", 38, 0, None),
            ("1200", 5, -2, Some(12)),
            ("1201", 5, -2, None),
        ] {
            assert_eq!(decimal(text.as_bytes(), precision, scale), value, "{text}");
        }
    }

    #[test]
    fn integers_of_any_length() {
        assert_eq!(integer::<i64>(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer::<i64>(b"9223372036854775808"), None);
        assert_eq!(integer::<i16>(b"32768"), None);
        assert_eq!(integer::<i32>(b" +7 "), Some(7));
        assert_eq!(integer::<u64>(b"18446744073709551615"), Some(u64::MAX));
        for wrong in ["", "-", "1x", "1 2", "--1"] {
            assert_eq!(integer::<i32>(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn decimals_are_written_as_arrow_does() {
        let most = 10i128.pow(38) - 1;
        for value in [0, 1, -1, 10, -105, 99_999, most, -most] {
            for scale in [-3, 0, 1, 2, 5, 38] {
                let mut out = Vec::new();
                write_decimal(&mut out, value, scale);
                let arrow = Decimal128Type::format_decimal(value, 38, scale);
                let text = String::from_utf8(out).unwrap();
                if scale >= 0 {
                    assert_eq!(text, arrow);
                }
                if scale >= 0 || value.abs() != most {
                    assert_eq!(decimal(text.as_bytes(), 38, scale), Some(value), "{text}");
                }
            }
        }
    }
}

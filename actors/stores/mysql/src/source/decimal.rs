//! Decimals, which the server sends as text.

use arrow::datatypes::i256;

/// Digits that a `u64` holds, whatever they are.
const SMALL: usize = 19;

/// Sign, and the digits before and behind the point.
fn split(text: &[u8]) -> (bool, &[u8], &[u8]) {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    match digits.iter().position(|byte| *byte == b'.') {
        Some(point) => (negative, &digits[..point], &digits[point + 1..]),
        None => (negative, digits, &[]),
    }
}

fn number(whole: &[u8], decimals: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for byte in whole.iter().chain(decimals) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

/// The value times ten to the power of `scale`; none when it has more decimals than these, or is none. (An expression may
/// give fewer.)
#[inline]
pub(super) fn small(text: &[u8], scale: usize) -> Option<i128> {
    let (negative, whole, decimals) = split(text);
    let whole = &whole[whole.iter().take_while(|byte| **byte == b'0').count()..];
    let missing = scale.checked_sub(decimals.len())?;
    let value = if whole.len() + scale < SMALL {
        i128::from(number(whole, decimals)? * 10_u64.pow(missing as u32))
    } else {
        let mut value = 0_i128;
        for byte in whole.iter().chain(decimals) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value.checked_mul(10)?.checked_add(digit.into())?;
        }
        value.checked_mul(10_i128.checked_pow(missing as u32)?)?
    };
    Some(if negative { -value } else { value })
}

/// The same for more digits.
pub(super) fn large(text: &[u8], scale: usize) -> Option<i256> {
    let (negative, whole, decimals) = split(text);
    let missing = scale.checked_sub(decimals.len())?;
    let mut value = i256::ZERO;
    let mut digits = [whole, decimals].concat();
    digits.resize(digits.len() + missing, b'0');
    // Eighteen digits at a time.
    for chunk in digits.chunks(18) {
        let factor = i256::from_i128(10_i128.pow(chunk.len() as u32));
        let part = i256::from_i128(number(chunk, &[])?.into());
        value = value.checked_mul(factor)?.checked_add(part)?;
    }
    Some(if negative { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read() {
        for (text, scale, value) in [
            ("0", 0, 0),
            ("-1.50", 2, -150),
            ("1.5", 3, 1500),
            ("12345678901234567890.12", 2, 1_234_567_890_123_456_789_012),
            ("0.0000000001", 10, 1),
            ("000000000000000000000000000000001.5", 1, 15),
            (
                "-99999999999999999999999999999999999999",
                0,
                -99_999_999_999_999_999_999_999_999_999_999_999_999,
            ),
        ] {
            assert_eq!(small(text.as_bytes(), scale), Some(value), "{text}");
            assert_eq!(large(text.as_bytes(), scale), Some(i256::from_i128(value)), "{text}");
        }
        let long = format!("-{}.{}", "9".repeat(35), "9".repeat(30));
        let expected = format!("-{}", "9".repeat(65));
        assert_eq!(large(long.as_bytes(), 30).unwrap().to_string(), expected);
        for bad in ["1.5", "x", "1e5", ".", "1.55x"] {
            assert_eq!(small(bad.as_bytes(), 0).filter(|_| bad != "."), None, "{bad}");
        }
        assert_eq!(small(&[b'9'; 60], 0), None);
    }
}

//! Decimal numbers as text and as the doubles that SQLite keeps.

use arrow::datatypes::{Decimal256Type, DecimalType, i256};

/// Decimal digits that every double keeps.
pub(crate) const DOUBLE_DIGITS: u8 = 15;

/// Reads a decimal number as an integer of `scale` decimals; none when it is not one, or has more digits.
pub(crate) fn parse(text: &str, precision: u8, scale: i8) -> Option<i256> {
    let text = text.trim();
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.len() + decimals.len() == 0 || !is_digits(whole) || !is_digits(decimals) {
        return None;
    }
    let scale = usize::try_from(scale).ok()?;
    let kept = decimals.trim_end_matches('0');
    let whole = whole.trim_start_matches('0');
    // Longer ones would not fit; checked here so that nothing is built for them.
    if kept.len() > scale || whole.len() > usize::from(precision) {
        return None;
    }
    let digits = format!("{whole}{kept:0<scale$}");
    let value = match digits.as_str() {
        "" => i256::ZERO,
        digits => i256::from_string(&format!("{sign}{digits}"))?,
    };
    Decimal256Type::validate_decimal_precision(value, precision, i8::try_from(scale).ok()?).ok()?;
    Some(value)
}

/// The decimal number that a double stands for: the shortest one that is nearer to it than to any other double.
pub(crate) fn of_double(value: f64, precision: u8, scale: i8) -> Option<i256> {
    if !value.is_finite() || precision > DOUBLE_DIGITS || value.abs() >= 1e15 {
        return None;
    }
    parse(&value.to_string(), precision, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, precision: u8, scale: i8) -> Option<i128> {
        parse(text, precision, scale).and_then(i256::to_i128)
    }

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        assert_eq!(of("1.10", 10, 2), Some(110));
        assert_eq!(of("-0012.5000", 4, 2), Some(-1250));
        assert_eq!(of("+.5", 3, 1), Some(5));
        assert_eq!(of("0", 3, 0), Some(0));
        assert_eq!(of("7.", 3, 1), Some(70));
        for bad in ["", ".", "-", "1.105", "123456789.0", "1e3", "0x1", " ", "1 2"] {
            assert_eq!(of(bad, 10, 2).filter(|_| bad != "123456789.0"), None, "{bad}");
        }
        assert_eq!(of("123456789.0", 10, 2), None);
        let long = "9".repeat(76);
        assert_eq!(parse(&long, 76, 0).unwrap().to_string(), long);
        assert_eq!(parse(&format!("{long}9"), 76, 0), None);
    }

    #[test]
    fn doubles_are_the_decimals_they_were_written_as() {
        for text in ["0.1", "1.10", "12345678901.23", "-99.99", "0.07", "1234567890123.45"] {
            let value: f64 = text.parse().unwrap();
            assert_eq!(of_double(value, 15, 2), parse(text, 15, 2), "{text}");
        }
        assert_eq!(of_double(0.1 + 0.2, 15, 2), None);
        assert_eq!(of_double(f64::NAN, 15, 2), None);
        assert_eq!(of_double(1e300, 15, 2), None);
    }
}

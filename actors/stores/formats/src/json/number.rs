//! The digits of numbers: which types hold them exactly.

use arrow::datatypes::DataType;

/// Digits of a double that come back whatever they are.
const DOUBLE_SAFE: usize = 15;
/// Digits of the longest decimal.
const DECIMAL_MAX: u32 = 38;

/// What the numbers of one place need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    /// All are written as whole numbers of 64 bits.
    long: bool,
    /// Some are written with a point or an exponent.
    pointed: bool,
    /// All have a double that is written with the same digits.
    double: bool,
    /// The most digits before the point, and behind it.
    whole: u32,
    behind: u32,
}

impl Digits {
    pub(super) fn of(text: &str) -> Self {
        let parts = Parts::of(text);
        let digits = u32::try_from(parts.digits.len()).unwrap_or(u32::MAX);
        let behind = u32::try_from(-parts.exponent).unwrap_or(0);
        let whole = match u32::try_from(parts.exponent) {
            Ok(zeros) => digits.saturating_add(zeros),
            Err(_) => digits.saturating_sub(behind),
        };
        Self {
            long: text.parse::<i64>().is_ok(),
            pointed: text.contains(['.', 'e', 'E']),
            double: double(text).is_some(),
            whole,
            behind,
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.long &= other.long;
        self.pointed |= other.pointed;
        self.double &= other.double;
        self.whole = self.whole.max(other.whole);
        self.behind = self.behind.max(other.behind);
    }
}

/// The type that holds numbers of these digits exactly: Int64, Double, Decimal, and else their text.
pub(super) fn data_type(digits: &Digits) -> DataType {
    if digits.long {
        return DataType::Int64;
    }
    let long = digits.whole.saturating_add(digits.behind);
    match i8::try_from(digits.behind) {
        // Whole numbers beyond 64 bits are identifiers more often than measurements.
        _ if digits.double && digits.pointed => DataType::Float64,
        Ok(scale) if long <= DECIMAL_MAX => DataType::Decimal128(38, scale),
        _ => DataType::Utf8,
    }
}

/// A number as digits without zeros at their ends, times a power of ten.
#[derive(PartialEq, Eq)]
struct Parts {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Parts {
    fn of(text: &str) -> Self {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let far = if exponent.starts_with('-') { -1 << 40 } else { 1 << 40 };
        let mut exponent = exponent.parse::<i64>().unwrap_or(far).clamp(-1 << 40, 1 << 40);
        let (whole, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        exponent -= behind.len() as i64;
        let mut digits: Vec<u8> = whole.bytes().chain(behind.bytes()).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent += 1;
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..zeros);
        if digits.is_empty() {
            exponent = 0;
        }
        Self {
            negative,
            digits,
            exponent,
        }
    }
}

/// The double of a number, when it is written with the same digits; none when digits would be lost.
pub(super) fn double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let short = text.bytes().filter(u8::is_ascii_digit).count() <= DOUBLE_SAFE && !text.contains(['e', 'E']);
    if short || Parts::of(text) == Parts::of(&format!("{value:e}")) {
        return Some(value);
    }
    None
}

/// A whole number, however it is written: `1.0` and `1e3` are some.
pub(super) fn whole(text: &str) -> Option<String> {
    let parts = Parts::of(text);
    let zeros = usize::try_from(parts.exponent).ok().filter(|zeros| *zeros <= 40)?;
    let mut whole = String::from(if parts.negative && !parts.digits.is_empty() {
        "-"
    } else {
        ""
    });
    whole.extend(parts.digits.iter().map(|digit| char::from(*digit)));
    if parts.digits.is_empty() {
        whole.push('0');
    }
    whole.extend(std::iter::repeat_n('0', zeros));
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_hold_every_digit() {
        for (numbers, expected) in [
            (&["1", "-9223372036854775808"][..], DataType::Int64),
            (&["9223372036854775808"], DataType::Decimal128(38, 0)),
            (&["1", "18446744073709551615"], DataType::Decimal128(38, 0)),
            (&["0.1", "1", "-2.5e10"], DataType::Float64),
            (&["0.30000000000000004", "1e308", "5e-324"], DataType::Float64),
            (&["123456789012345678.25"], DataType::Decimal128(38, 2)),
            (&["0.1", "9007199254740993"], DataType::Decimal128(38, 1)),
            (&["3.14159265358979323846264338327950288"], DataType::Decimal128(38, 35)),
            (&["1e400"], DataType::Utf8),
            (&["0.1234567890123456789012345678901234567890123"], DataType::Utf8),
            (&["-0.0"], DataType::Float64),
        ] {
            let mut digits = Digits::of(numbers[0]);
            numbers[1..].iter().for_each(|text| digits.join(Digits::of(text)));
            assert_eq!(data_type(&digits), expected, "{numbers:?}");
        }
    }

    #[test]
    fn doubles_lose_no_digit() {
        for exact in [
            "0.1",
            "-1.50",
            "1e22",
            "123456789012345.7",
            "0.30000000000000004",
            "0e5",
            "0.0000000000000000000001",
        ] {
            assert_eq!(double(exact), Some(exact.parse().unwrap()), "{exact}");
        }
        for longer in [
            "9007199254740993",
            "0.1000000000000000055511151231257827",
            "1e400",
            "1e-400",
        ] {
            assert_eq!(double(longer), None, "{longer}");
        }
    }

    #[test]
    fn whole_numbers_in_any_writing() {
        for (text, expected) in [
            ("1.0", Some("1")),
            ("-1.5e1", Some("-15")),
            ("1e3", Some("1000")),
            ("0.0", Some("0")),
            ("1.5", None),
            ("1e99", None),
        ] {
            assert_eq!(whole(text).as_deref(), expected, "{text}");
        }
    }
}

//! `numeric` on the wire: groups of four decimal digits.

use super::value::POWERS;
use arrow::datatypes::i256;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const MINUS_INFINITY: u16 = 0xf000;

/// Groups that 256 bits need, and one that the point cuts.
const GROUPS: usize = 21;

/// An integer that decimals are counted in.
pub(crate) trait Unscaled: Copy + PartialEq {
    const ZERO: Self;
    /// `self * times + plus`.
    fn multiply_add(self, times: u16, plus: u16) -> Option<Self>;
    fn negate(self) -> Self;
    fn is_negative(self) -> bool;
    /// Quotient and remainder of a division by at most 10000; the remainder has no sign.
    fn divide(self, by: u16) -> (Self, u16);
}

impl Unscaled for i128 {
    const ZERO: Self = 0;

    fn multiply_add(self, times: u16, plus: u16) -> Option<Self> {
        self.checked_mul(i128::from(times))?.checked_add(i128::from(plus))
    }

    fn negate(self) -> Self {
        self.wrapping_neg()
    }

    fn is_negative(self) -> bool {
        self < 0
    }

    fn divide(self, by: u16) -> (Self, u16) {
        // Most values fit 64 bits, where dividing is many times faster.
        if let Ok(small) = i64::try_from(self) {
            let by = i64::from(by);
            return (i128::from(small / by), (small % by).unsigned_abs() as u16);
        }
        let by = i128::from(by);
        (self / by, (self % by).unsigned_abs() as u16)
    }
}

impl Unscaled for i256 {
    const ZERO: Self = i256::ZERO;

    fn multiply_add(self, times: u16, plus: u16) -> Option<Self> {
        self.checked_mul(i256::from_i128(i128::from(times)))?
            .checked_add(i256::from_i128(i128::from(plus)))
    }

    fn negate(self) -> Self {
        self.wrapping_neg()
    }

    fn is_negative(self) -> bool {
        i256::is_negative(self)
    }

    fn divide(self, by: u16) -> (Self, u16) {
        let by = i256::from_i128(i128::from(by));
        let (quotient, remainder) = (self.wrapping_div(by), self.wrapping_rem(by));
        (quotient, remainder.as_i128().unsigned_abs() as u16)
    }
}

pub(super) const TOO_LARGE: &str = "a numeric that is larger than its column";

/// Reads a field of at most four groups as an integer of `scale` decimals: most there are. None for any other, and for one
/// that [`decode`] finds wrong.
#[inline]
pub(crate) fn decode_short(field: &[u8], scale: i8) -> Option<i64> {
    let (head, groups) = field.split_first_chunk::<8>()?;
    let [c0, c1, w0, w1, s0, s1, _, _] = *head;
    let (count, weight, sign) = (
        u16::from_be_bytes([c0, c1]),
        i16::from_be_bytes([w0, w1]),
        u16::from_be_bytes([s0, s1]),
    );
    if count > 4 || !matches!(sign, POSITIVE | NEGATIVE) || groups.len() != 2 * usize::from(count) {
        return None;
    }
    let mut value = 0_i64;
    for group in groups.as_chunks::<2>().0 {
        let digits = u16::from_be_bytes(*group);
        if digits > 9999 {
            return None;
        }
        value = value * 10_000 + i64::from(digits);
    }
    // The power of ten that the last group's last digit stands for, counted from the decimal's last digit.
    let power = (i32::from(weight) + 1 - i32::from(count)) * 4 + i32::from(scale);
    let value = match power {
        0 => value,
        // Constant divisors: no division is made of them.
        -1 if value % 10 == 0 => value / 10,
        -2 if value % 100 == 0 => value / 100,
        -3 if value % 1000 == 0 => value / 1000,
        1..=18 => value.checked_mul(i64::try_from(*POWERS.get(power as usize)?).ok()?)?,
        _ if value == 0 => 0,
        _ => return None,
    };
    Some(if sign == NEGATIVE { -value } else { value })
}

/// Reads a field as an integer of `scale` decimals.
///
/// # Errors
/// What is wrong with it, to be put behind the column's name.
pub(crate) fn decode<T: Unscaled>(field: &[u8], scale: i8) -> Result<T, String> {
    let word = |at: usize| -> Option<u16> {
        let (word, _) = field.get(at..)?.split_first_chunk::<2>()?;
        Some(u16::from_be_bytes(*word))
    };
    let bad = || "a numeric of a damaged form".to_owned();
    let (count, weight, sign) = (
        word(0).ok_or_else(bad)?,
        word(2).ok_or_else(bad)?,
        word(4).ok_or_else(bad)?,
    );
    let negative = match sign {
        POSITIVE => false,
        NEGATIVE => true,
        NAN => return Err("NaN, which a decimal cannot hold".into()),
        INFINITY | MINUS_INFINITY => return Err("infinity, which a decimal cannot hold".into()),
        _ => return Err(bad()),
    };
    if field.len() != 8 + 2 * usize::from(count) {
        return Err(bad());
    }
    let too_large = || TOO_LARGE.to_owned();
    let mut value = T::ZERO;
    // The power of ten that the last digit taken so far stands for, counted from the decimal's last digit.
    let mut power = (i32::from(weight as i16) + 1) * 4 + i32::from(scale);
    for index in 0..count {
        let digits = word(8 + 2 * usize::from(index)).ok_or_else(bad)?;
        if digits > 9999 {
            return Err(bad());
        }
        // Of the last group, only the leading digits may be inside the scale.
        let taken = power.clamp(0, 4) as u32;
        let (times, behind) = (10_u16.pow(taken), 10_u16.pow(4 - taken));
        if digits % behind != 0 {
            return Err("a numeric with more decimals than its column".into());
        }
        value = value.multiply_add(times, digits / behind).ok_or_else(too_large)?;
        power -= 4;
    }
    if value != T::ZERO {
        for _ in 0..power.max(0) {
            value = value.multiply_add(10, 0).ok_or_else(too_large)?;
        }
    }
    Ok(if negative { value.negate() } else { value })
}

/// Writes an integer of `scale` decimals as a field, its length before it, when it and its decimals fit 64 bits: most do. False
/// for those that are for [`encode`].
#[inline]
pub(crate) fn encode_short(value: i128, scale: u8, out: &mut Vec<u8>) -> bool {
    /// Length, four words, and the groups of 64 bits.
    const LONGEST: usize = 4 + 8 + 2 * 5;
    let Ok(small) = i64::try_from(value) else { return false };
    // A group that the point would cut is filled with zeros.
    let filled = [1, 1000, 100, 10][usize::from(scale % 4)];
    let Some(mut rest) = small.unsigned_abs().checked_mul(filled) else {
        return false;
    };
    let mut groups = [0_u16; 5];
    let mut first = groups.len();
    while rest > 0 {
        first -= 1;
        groups[first] = (rest % 10_000) as u16;
        rest /= 10_000;
    }
    let mut used = &groups[first..];
    let weight = match used.len() {
        0 => 0,
        all => all as i16 - i16::from(scale.div_ceil(4)) - 1,
    };
    while let [before @ .., 0] = used {
        used = before;
    }
    let sign = if small < 0 { NEGATIVE } else { POSITIVE };
    let length = 12 + 2 * used.len();
    let mut field = [0_u8; LONGEST];
    field[2..4].copy_from_slice(&(length as u16 - 4).to_be_bytes());
    field[4..6].copy_from_slice(&(used.len() as u16).to_be_bytes());
    field[6..8].copy_from_slice(&weight.to_be_bytes());
    field[8..10].copy_from_slice(&sign.to_be_bytes());
    field[10..12].copy_from_slice(&u16::from(scale).to_be_bytes());
    for (bytes, group) in field[12..].as_chunks_mut::<2>().0.iter_mut().zip(used) {
        *bytes = group.to_be_bytes();
    }
    out.extend_from_slice(&field[..length]);
    true
}

/// Writes an integer of `scale` decimals as a field's content. `scale` is not negative.
pub(crate) fn encode<T: Unscaled>(value: T, scale: u8, out: &mut Vec<u8>) {
    // From the least digit on: a group that the point would cut is filled with zeros.
    let cut = u32::from(scale % 4);
    let mut groups = [0_u16; GROUPS];
    let mut count = 0;
    let mut rest = value;
    if cut > 0 {
        let (quotient, remainder) = rest.divide(10_u16.pow(cut));
        groups[0] = remainder * 10_u16.pow(4 - cut);
        count = 1;
        rest = quotient;
    }
    while rest != T::ZERO && count < GROUPS {
        let (quotient, remainder) = rest.divide(10_000);
        groups[count] = remainder;
        count += 1;
        rest = quotient;
    }
    write(
        &groups[..count],
        i32::from(scale.div_ceil(4)),
        value.is_negative(),
        u16::from(scale),
        out,
    );
}

/// Writes a decimal text that [`super::parse::numeric`] has taken apart.
pub(crate) fn encode_digits(negative: bool, whole: &[u8], decimals: &[u8], out: &mut Vec<u8>) {
    let digit = |text: &[u8], at: usize| text.get(at).map_or(0, |c| u16::from(c - b'0'));
    let mut groups = Vec::with_capacity((whole.len() + decimals.len()) / 4 + 2);
    let behind = decimals.len().div_ceil(4);
    for group in (0..behind).rev() {
        groups.push((0..4).fold(0, |value, i| value * 10 + digit(decimals, group * 4 + i)));
    }
    for group in whole.rchunks(4) {
        groups.push((0..group.len()).fold(0, |value, i| value * 10 + digit(group, i)));
    }
    let scale = u16::try_from(decimals.len()).unwrap_or(u16::MAX);
    write(&groups, i32::try_from(behind).unwrap_or(i32::MAX), negative, scale, out);
}

/// `groups` from the least to the greatest, `behind` of them behind the point.
fn write(groups: &[u16], behind: i32, negative: bool, scale: u16, out: &mut Vec<u8>) {
    let first = groups.iter().position(|group| *group != 0).unwrap_or(groups.len());
    let last = groups.iter().rposition(|group| *group != 0).map_or(first, |at| at + 1);
    let used = &groups[first..last];
    let weight = if used.is_empty() { 0 } else { last as i32 - behind - 1 };
    let sign = if negative && !used.is_empty() {
        NEGATIVE
    } else {
        POSITIVE
    };
    for word in [used.len() as u16, weight as i16 as u16, sign, scale] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    for group in used.iter().rev() {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

/// `NaN`, `Infinity` or `-Infinity`.
pub(crate) fn encode_special(text: &str, out: &mut Vec<u8>) -> bool {
    let sign = match text.to_ascii_lowercase().as_str() {
        "nan" => NAN,
        "infinity" => INFINITY,
        "-infinity" => MINUS_INFINITY,
        _ => return false,
    };
    for word in [0, 0, sign, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_way_writes_what_the_long_way_does(value in any::<i64>(), digits in 0_u32..19, scale in 0_u8..40) {
            let value = i128::from(value / 10_i64.pow(digits));
            let (mut short, mut long) = (Vec::new(), vec![0; 4]);
            encode(value, scale, &mut long);
            let length = long.len() as u32 - 4;
            long[..4].copy_from_slice(&length.to_be_bytes());
            // What does not fit leaves nothing behind.
            match encode_short(value, scale, &mut short) {
                true => prop_assert_eq!(short, long),
                false => prop_assert!(short.is_empty() && value.unsigned_abs() > 10_u128.pow(16)),
            }
        }
    }

    #[test]
    fn zero_and_the_ends_of_groups() {
        for value in [0, 1, -1, 9_999, 10_000, -10_000, 100_000_000, 1_844_674_407_370_955] {
            for scale in [0, 1, 2, 3, 4, 5, 8] {
                let (mut short, mut long) = (Vec::new(), Vec::new());
                assert!(encode_short(value, scale, &mut short));
                encode(value, scale, &mut long);
                assert_eq!(short[4..], long, "{value} of {scale} decimals");
            }
        }
    }
}

//! Dates and times as the server writes them with `DateStyle` ISO.

use super::super::DAY_MICROS;

/// Days since 1970 of a date of four digits of year that a field ends behind: all that most tables hold.
#[inline]
pub(super) fn usual(rest: &[u8]) -> Option<i64> {
    let [a, b, c, d, b'-', e, f, b'-', g, h, b'\t' | b'\n'] = *rest.first_chunk::<11>()? else {
        return None;
    };
    let digits = [a, b, c, d, e, f, g, h].map(|byte| u32::from(byte.wrapping_sub(b'0')));
    if digits.iter().fold(0, |most, digit| most.max(*digit)) > 9 {
        return None;
    }
    let [a, b, c, d, e, f, g, h] = digits;
    let (year, month, day) = (a * 1000 + b * 100 + c * 10 + d, e * 10 + f, g * 10 + h);
    // Year 0 is written as 1 BC.
    if year == 0 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Counted from March on, so that leap days come last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some(i64::from(days) - 719_468)
}

/// Days since 1970 of any date the server writes: `2024-02-29`, `0044-03-15 BC`, `10000-01-01`.
pub(super) fn date(text: &[u8]) -> Option<i64> {
    let (text, before_christ) = match text.strip_suffix(b" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (rest, day) = behind(text, b'-')?;
    let (year, month) = behind(rest, b'-')?;
    if !(4..=7).contains(&year.len()) {
        return None;
    }
    let (year, month, day) = (digits(year)?, two(month)?, two(day)?);
    if year == 0 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if before_christ { 1 - year } else { year };
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leap + (153 * month + 2) / 5 + day - 1 - 719_468)
}

/// Microseconds of the day: `23:59:59.5`. What is no clock is none.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    let (clock, fraction) = text.split_at_checked(8)?;
    let [a, b, b':', c, d, b':', e, f] = *clock.first_chunk::<8>()? else {
        return None;
    };
    let (hour, minute, second) = (two(&[a, b])?, two(&[c, d])?, two(&[e, f])?);
    let micros = match fraction {
        [] => 0,
        [b'.', fraction @ ..] if matches!(fraction.len(), 1..=6) => {
            digits(fraction)? * 10_i64.pow(6 - fraction.len() as u32)
        }
        _ => return None,
    };
    let all = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros;
    (minute <= 59 && second <= 59 && all <= DAY_MICROS).then_some(all)
}

/// Microseconds since 1970: `2024-02-29 23:59:59.5`; with `utc` an offset of none is behind the time.
pub(super) fn timestamp(text: &[u8], utc: bool) -> Option<i64> {
    let (text, era) = match text.strip_suffix(b" BC") {
        Some(rest) => (rest, &text[rest.len()..]),
        None => (text, &[][..]),
    };
    let text = if utc { text.strip_suffix(b"+00")? } else { text };
    let space = text.iter().position(|byte| *byte == b' ')?;
    let (day, clock) = (&text[..space], &text[space + 1..]);
    let days = match era {
        [] => date(day)?,
        era => date(&[day, era].concat())?,
    };
    let micros = time(clock).filter(|micros| *micros < DAY_MICROS)?;
    days.checked_mul(DAY_MICROS)?.checked_add(micros)
}

fn behind(text: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().rposition(|byte| *byte == mark)?;
    Some((&text[..at], &text[at + 1..]))
}

fn two(text: &[u8]) -> Option<i64> {
    digits(text).filter(|_| text.len() == 2)
}

fn digits(text: &[u8]) -> Option<i64> {
    if !matches!(text.len(), 1..=18) {
        return None;
    }
    text.iter().try_fold(0_i64, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

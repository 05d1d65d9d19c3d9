//! Dates and times as ISO 8601 text and back, exact over the whole range of Arrow's types.
//!
//! Years are astronomical (year 0 is 1 BC) and have a sign outside of 0000 to 9999, as ISO 8601's expanded form has.

use arrow::datatypes::TimeUnit;
use std::io::Write;

const DAY: i64 = 86_400;

/// Year, month and day of a day since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted from 0000-03-01, in eras of 400 years, so that leap days come last.
    let days = days + 719_468;
    // Most dates there are: 32 bits are divided faster.
    if let Ok(days @ 0..=3_652_059) = u32::try_from(days) {
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + u32::from(month <= 2);
        return (year.into(), month.into(), day.into());
    }
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Days since 1970-01-01 of a date; none when there is no such date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year.abs() > 1 << 40 {
        return None;
    }
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let found = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    // The 31st of a month of 30 days comes back as another date.
    (civil(found) == (year, month, day)).then_some(found)
}

/// Ticks of a unit in a second, and digits behind the point.
pub(crate) fn ticks(unit: TimeUnit) -> (i64, usize) {
    match unit {
        TimeUnit::Second => (1, 0),
        TimeUnit::Millisecond => (1_000, 3),
        TimeUnit::Microsecond => (1_000_000, 6),
        TimeUnit::Nanosecond => (1_000_000_000, 9),
    }
}

/// `2024-02-29`.
pub(crate) fn write_date(out: &mut Vec<u8>, date: i64) {
    let (year, month, day) = civil(date);
    if let Ok(year @ 0..=9999) = u32::try_from(year) {
        let ([a, b], [c, d]) = (pair(year / 100), pair(year % 100));
        let ([e, f], [g, h]) = (pair(month as u32), pair(day as u32));
        return out.extend_from_slice(&[a, b, c, d, b'-', e, f, b'-', g, h]);
    }
    // Writing into a Vec does not fail.
    let _ = write!(out, "{year:+05}-{month:02}-{day:02}");
}

/// The two digits of a number below 100.
#[inline]
fn pair(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// A number below 100, with two digits.
fn two(out: &mut Vec<u8>, number: i64) {
    let digit = |number: i64| b'0' + u8::try_from(number % 10).unwrap_or(0);
    out.extend_from_slice(&[digit(number / 10), digit(number)]);
}

/// `23:59:58.000001`; the fraction is left out when it is zero.
pub(crate) fn write_time(out: &mut Vec<u8>, value: i64, unit: TimeUnit) {
    let (per_second, digits) = ticks(unit);
    let (seconds, fraction) = (value.div_euclid(per_second), value.rem_euclid(per_second));
    two(out, seconds / 3_600);
    out.push(b':');
    two(out, seconds / 60 % 60);
    out.push(b':');
    two(out, seconds % 60);
    if fraction != 0 {
        let _ = write!(out, ".{fraction:0digits$}");
    }
}

/// `2024-02-29T23:59:58.000001`, and `+02:00` behind it when there is an offset.
pub(crate) fn write_timestamp(out: &mut Vec<u8>, value: i64, unit: TimeUnit, offset: Option<i64>) {
    let (per_second, _) = ticks(unit);
    let per_day = per_second * DAY;
    let local = offset.map_or(Some(value), |offset| value.checked_add(offset.checked_mul(per_second)?));
    let (date, time) = match local {
        Some(local) => (local.div_euclid(per_day), local.rem_euclid(per_day)),
        None => {
            let local = i128::from(value) + i128::from(offset.unwrap_or(0)) * i128::from(per_second);
            let (date, time) = (local.div_euclid(per_day.into()), local.rem_euclid(per_day.into()));
            // Both fit: a quotient by a day, and a remainder below one.
            (i64::try_from(date).unwrap_or(0), i64::try_from(time).unwrap_or(0))
        }
    };
    write_date(out, date);
    out.push(b'T');
    write_time(out, time, unit);
    if let Some(offset) = offset {
        let (sign, offset) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
        let _ = write!(out, "{sign}{:02}:{:02}", offset / 3_600, offset / 60 % 60);
    }
}

/// Seconds that a time zone written as an offset is ahead of UTC. A named zone has no fixed offset: its timestamps are written
/// as the instants they are, in UTC.
pub(crate) fn offset_of(zone: &str) -> i64 {
    parse_offset(zone.as_bytes()).unwrap_or(0)
}

fn parse_offset(text: &[u8]) -> Option<i64> {
    if matches!(text, b"Z" | b"z") {
        return Some(0);
    }
    let (sign, rest) = match text.split_first()? {
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [_, _] => (rest, b"00".as_slice()),
        [_, _, b':', _, _] => (&rest[..2], &rest[3..]),
        [_, _, _, _] => rest.split_at(2),
        _ => return None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0, |number, digit| number * 10 + i64::from(digit - b'0')),
    )
}

/// A date, as days since 1970-01-01.
pub(crate) fn parse_date(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.split_first()? {
        (b'-', rest) => (-1, rest),
        (b'+', rest) => (1, rest),
        _ => (1, text),
    };
    let (rest, day) = (rest.get(..rest.len().checked_sub(3)?)?, rest.get(rest.len() - 3..)?);
    let (year, month) = (rest.get(..rest.len().checked_sub(3)?)?, rest.get(rest.len() - 3..)?);
    let signed = rest.len() != text.len() - 3;
    if day[0] != b'-' || month[0] != b'-' || year.len() < 4 || (year.len() > 4 && !signed) {
        return None;
    }
    days(sign * number(year)?, number(&month[1..])?, number(&day[1..])?)
}

/// A date and time in microseconds since 1970-01-01T00:00:00, and the offset behind it. A date alone is its midnight.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn parse_timestamp(text: &[u8]) -> Result<(i64, Option<i64>), &'static str> {
    const WRONG: &str = "not a date and time of the form 2024-02-29T23:59:58.000001";
    let split = text.iter().position(|byte| matches!(byte, b'T' | b't' | b' '));
    let (date, time) = match split {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let date = parse_date(date).ok_or(WRONG)?;
    let (micros, offset) = match time {
        None => (0, None),
        Some(time) => {
            let zone = time.iter().position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
            let (time, zone) = time.split_at(zone.unwrap_or(time.len()));
            let offset = match zone {
                [] => None,
                zone => Some(parse_offset(zone).ok_or(WRONG)?),
            };
            (parse_time(time.trim_ascii_end(), WRONG)?, offset)
        }
    };
    let local = date
        .checked_mul(DAY * 1_000_000)
        .and_then(|day| day.checked_add(micros));
    let value = local.and_then(|local| local.checked_sub(offset.unwrap_or(0) * 1_000_000));
    value
        .map(|value| (value, offset))
        .ok_or("a date outside of the range of microseconds")
}

/// A time of day in microseconds since midnight.
///
/// # Errors
/// `wrong`, or that it is finer.
pub(crate) fn parse_time(text: &[u8], wrong: &'static str) -> Result<i64, &'static str> {
    let (clock, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, b"0".as_slice()),
    };
    let part = |range: std::ops::Range<usize>, most: i64| {
        let part = clock.get(range).and_then(number).ok_or(wrong)?;
        if part > most { Err(wrong) } else { Ok(part) }
    };
    let colon = |at: usize| clock.get(at) == Some(&b':');
    let seconds = match clock.len() {
        5 if colon(2) => part(0..2, 23)? * 3_600 + part(3..5, 59)? * 60,
        8 if colon(2) && colon(5) => part(0..2, 23)? * 3_600 + part(3..5, 59)? * 60 + part(6..8, 59)?,
        _ => return Err(wrong),
    };
    let (kept, rest) = fraction.split_at(fraction.len().min(6));
    let micros = number(kept).ok_or(wrong)? * 10_i64.pow(6 - u32::try_from(kept.len()).map_err(|_| wrong)?);
    match rest.iter().all(|digit| *digit == b'0') {
        true => Ok(seconds * 1_000_000 + micros),
        false if rest.iter().all(u8::is_ascii_digit) => Err("finer than microseconds"),
        false => Err(wrong),
    }
}

/// What [`write_time`] has written, in ticks since midnight; none when it is something else.
pub(crate) fn clock(text: &[u8], unit: TimeUnit) -> Option<i64> {
    let (per_second, digits) = ticks(unit);
    let (clock, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(at) => (
            &text[..at],
            number(&text[at + 1..]).filter(|_| text.len() - at - 1 == digits)?,
        ),
        None => (text, 0),
    };
    let [hours @ .., b':', a, b, b':', c, d] = clock else {
        return None;
    };
    let (minutes, seconds) = (number(&[*a, *b])?, number(&[*c, *d])?);
    if hours.len() != 2 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some((number(hours)? * 3_600 + minutes * 60 + seconds) * per_second + fraction)
}

/// What [`write_timestamp`] has written, in ticks since 1970; none when it is something else.
pub(crate) fn stamp(text: &[u8], unit: TimeUnit, with_offset: bool) -> Option<i64> {
    let at = text.iter().position(|byte| *byte == b'T')?;
    let (date, time) = (parse_date(&text[..at])?, &text[at + 1..]);
    let zone = time.iter().position(|byte| matches!(byte, b'+' | b'-'));
    let (time, zone) = time.split_at(zone.unwrap_or(time.len()));
    let offset = match (zone, with_offset) {
        ([], false) => 0,
        ([_, ..], true) => parse_offset(zone)?,
        _ => return None,
    };
    let seconds = i128::from(date) * i128::from(DAY) - i128::from(offset);
    let value = seconds * i128::from(ticks(unit).0) + i128::from(clock(time, unit)?);
    i64::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(value: i64, offset: Option<i64>) -> String {
        let mut out = Vec::new();
        write_timestamp(&mut out, value, TimeUnit::Microsecond, offset);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn timestamps_are_written_exactly() {
        assert_eq!(stamp(0, None), "1970-01-01T00:00:00");
        assert_eq!(stamp(-1, Some(0)), "1969-12-31T23:59:59.999999+00:00");
        assert_eq!(stamp(0, Some(-19_800)), "1969-12-31T18:30:00-05:30");
        // 4713-01-01 BC, where PostgreSQL's calendar begins, and beyond year 9999.
        assert_eq!(stamp(-210_863_520_000_000_000, None), "-4712-01-01T00:00:00");
        assert_eq!(stamp(253_402_300_800_000_000, None), "+10000-01-01T00:00:00");
        let mut out = Vec::new();
        write_timestamp(&mut out, i64::MIN, TimeUnit::Second, None);
        assert!(out.starts_with(b"-292277022657-01-27T"));
    }

    #[test]
    fn every_day_of_ten_thousand_years_follows_the_one_before() {
        let (mut text, mut before) = (Vec::new(), (-1, 12, 31));
        for day in -719_528..=2_932_896 {
            let (year, month, of_month) = civil(day);
            let next = match before {
                (year, 12, 31) => (year + 1, 1, 1),
                (year, month, of_month) if days(year, month, of_month + 1).is_some() => (year, month, of_month + 1),
                (year, month, _) => (year, month + 1, 1),
            };
            assert_eq!((year, month, of_month), next, "{day}");
            assert_eq!(days(year, month, of_month), Some(day));
            text.clear();
            write_date(&mut text, day);
            assert_eq!(text, format!("{year:04}-{month:02}-{of_month:02}").as_bytes());
            before = next;
        }
        assert_eq!(before, (9999, 12, 31));
    }

    #[test]
    fn what_is_written_is_read() {
        for value in [
            i64::MIN + DAY * 2_000_000,
            -1,
            0,
            1,
            951_827_696_123_456,
            i64::MAX - DAY * 2_000_000,
        ] {
            for offset in [None, Some(0), Some(7_200), Some(-34_200)] {
                let text = stamp(value, offset);
                assert_eq!(parse_timestamp(text.as_bytes()), Ok((value, offset)), "{text}");
            }
        }
        for day in (-800_000..3_000_000).step_by(251) {
            let mut out = Vec::new();
            write_date(&mut out, day);
            assert_eq!(parse_date(&out), Some(day));
        }
    }

    #[test]
    fn wrong_dates_are_refused() {
        for wrong in [
            "",
            "x",
            "2024",
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "12024-01-01",
            "2024-1-1",
            "24-01-01",
            "2024-01-01T24:00:00",
            "2024-01-01T12:60",
            "2024-01-01T12",
            "2024-01-01T12:00:00+25:00",
            "2024-01-01T12:00:00.1234567",
            "+99999999-01-01T00:00",
            "2024-01-01T12:00:00.",
            "2024-01-01T12:00:00.1x",
        ] {
            assert!(parse_timestamp(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert_eq!(
            parse_timestamp(b"1970-01-01 00:00:01.5000000Z"),
            Ok((1_500_000, Some(0)))
        );
    }
}

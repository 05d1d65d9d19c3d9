//! Dates and times as text, both ways.

pub(super) const DAY_MICROS: i64 = 86_400_000_000;

fn put(number: i64, width: usize, out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + width, b'0');
    let mut rest = number;
    for place in out[at..].iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Appends a date, given in days since 1970.
///
/// # Errors
/// When MySQL does not have it.
pub(super) fn put_date(days: i64, out: &mut Vec<u8>) -> Result<(), String> {
    // 0001-01-01 to 9999-12-31
    if !(-719_162..=2_932_896).contains(&days) {
        return Err("a date outside of the years 1 to 9999".into());
    }
    // By eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let of_400 = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_400 + of_400 / 4 - of_400 / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = of_400 + era * 400 + i64::from(month <= 2);
    put(year, 4, out);
    out.push(b'-');
    put(month, 2, out);
    out.push(b'-');
    put(day, 2, out);
    Ok(())
}

/// Appends a time of day.
pub(super) fn put_time(micros: i64, out: &mut Vec<u8>) {
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    put(seconds / 3600, 2, out);
    out.push(b':');
    put(seconds / 60 % 60, 2, out);
    out.push(b':');
    put(seconds % 60, 2, out);
    if micros > 0 {
        out.push(b'.');
        put(micros, 6, out);
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| value * 10 + i64::from(digit))
    })
}

/// Reads `2024-12-31` as days since 1970.
pub(super) fn parse_date(text: &[u8]) -> Option<i64> {
    let [y @ .., b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    if y.len() != 4 {
        return None;
    }
    let (year, month, day) = (number(y)?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if year == 0 || !(1..=12).contains(&month) || !(1..=longest).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Reads `23:59`, `23:59:59` or `23:59:59.999999` as microseconds of the day.
pub(super) fn parse_time(text: &[u8]) -> Option<i64> {
    let (clock, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (hours, minutes, seconds) = match clock {
        [a, b, b':', c, d, b':', e, f] => (number(&[*a, *b])?, number(&[*c, *d])?, number(&[*e, *f])?),
        [a, b, b':', c, d] if fraction.is_none() => (number(&[*a, *b])?, number(&[*c, *d])?, 0),
        _ => return None,
    };
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let micros = match fraction {
        None => 0,
        Some([]) => return None,
        Some(digits) => {
            let (kept, rest) = digits.split_at(digits.len().min(6));
            // Zeros behind the sixth digit say nothing.
            if rest.iter().any(|byte| *byte != b'0') {
                return None;
            }
            number(kept)? * 10_i64.pow(6 - kept.len() as u32)
        }
    };
    Some((hours * 3600 + minutes * 60 + seconds) * 1_000_000 + micros)
}

/// Reads a date with or without a time behind a space or `T`, and with or without a zone: `Z`, `+01:00`, `+0100` or `+01`.
/// Microseconds since 1970, and those that the zone is ahead of UTC.
pub(super) fn parse_moment(text: &[u8]) -> Option<(i64, Option<i64>)> {
    if text.len() == 10 {
        return Some((parse_date(text)? * DAY_MICROS, None));
    }
    let (date, rest) = text.split_at_checked(10)?;
    let (b' ' | b'T', rest) = rest.split_first()? else {
        return None;
    };
    let zone = rest.iter().position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
    let (clock, zone) = rest.split_at(zone.unwrap_or(rest.len()));
    let offset = match zone {
        [] => None,
        [b'Z' | b'z'] => Some(0),
        [sign, digits @ ..] => {
            let minutes = match digits {
                [a, b, b':', c, d] | [a, b, c, d] => number(&[*a, *b])? * 60 + number(&[*c, *d])?,
                [a, b] => number(&[*a, *b])? * 60,
                _ => return None,
            };
            let minutes = if *sign == b'-' { -minutes } else { minutes };
            Some(minutes * 60_000_000)
        }
    };
    let clock = match clock {
        [before @ .., b' '] => before,
        clock => clock,
    };
    Some((parse_date(date)? * DAY_MICROS + parse_time(clock)?, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_they_are_read() {
        for days in (-719_162..=2_932_896).step_by(13) {
            let mut out = Vec::new();
            put_date(days, &mut out).unwrap();
            let expected = chrono::DateTime::from_timestamp(days * 86_400, 0).unwrap();
            assert_eq!(String::from_utf8_lossy(&out), expected.format("%Y-%m-%d").to_string());
            assert_eq!(parse_date(&out), Some(days));
        }
        for outside in [-719_163, 2_932_897] {
            assert!(put_date(outside, &mut Vec::new()).is_err());
        }
    }

    #[test]
    fn times_and_moments_are_read() {
        let mut out = Vec::new();
        put_time(86_399_000_001, &mut out);
        assert_eq!(out, b"23:59:59.000001");
        assert_eq!(parse_time(&out), Some(86_399_000_001));
        assert_eq!(parse_time(b"01:02"), Some(3_720_000_000));
        assert_eq!(parse_moment(b"1970-01-02"), Some((DAY_MICROS, None)));
        assert_eq!(
            parse_moment(b"1970-01-01T01:00:00.5+01:00"),
            Some((3_600_500_000, Some(3_600_000_000)))
        );
        assert_eq!(parse_moment(b"1970-01-01 00:00:00 Z"), Some((0, Some(0))));
        assert_eq!(
            parse_moment(b"1970-01-01 00:00:00-0130"),
            Some((0, Some(-5_400_000_000)))
        );
        for bad in [
            "2023-02-29",
            "2024-13-01",
            "0000-01-01",
            "24-01-01",
            "2024-1-1",
            "2024-01-01 24:00:00",
            "2024-01-01 1:00",
            "2024-01-01 00:00:00.",
            "2024-01-01 00:00:00.1234567",
            "2024-01-01x",
            "",
        ] {
            assert_eq!(parse_moment(bad.as_bytes()), None, "{bad}");
        }
    }
}

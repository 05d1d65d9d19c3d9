//! Dates and times: as SQLite's texts, and as the wire's counts.

use chrono::{Datelike, NaiveDate};

/// Ticks of 100 ns in a day.
pub(super) const DAY: u64 = 864_000_000_000;

/// Days since 0001-01-01 of `YYYY-MM-DD`.
pub(super) fn days(text: &str) -> Result<u32, String> {
    let date: NaiveDate = text.trim().parse().map_err(|_| format!("{text:?} is no date"))?;
    u32::try_from(date.num_days_from_ce() - 1).map_err(|_| format!("{text:?} is out of range"))
}

/// `YYYY-MM-DD` of days since 0001-01-01.
pub(super) fn date_text(days: u32) -> String {
    NaiveDate::from_num_days_from_ce_opt(days as i32 + 1)
        .map_or_else(String::new, |date| date.format("%Y-%m-%d").to_string())
}

/// Ticks of 100 ns since midnight of `hh:mm:ss[.fffffff]`.
pub(super) fn ticks(text: &str) -> Result<u64, String> {
    let bad = || format!("{text:?} is no time of day");
    let (clock, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let parts: Vec<u64> = clock
        .split(':')
        .map(|p| p.parse().map_err(|_| bad()))
        .collect::<Result<_, _>>()?;
    let [h, m] = parts[..2.min(parts.len())] else {
        return Err(bad());
    };
    let s = parts.get(2).copied().unwrap_or(0);
    if h > 23 || m > 59 || s > 59 || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let digits = format!("{fraction:0<7}");
    Ok(((h * 60 + m) * 60 + s) * 10_000_000 + digits[..7].parse::<u64>().map_err(|_| bad())?)
}

/// `hh:mm:ss.fff`, with that many digits.
pub(super) fn time_text(ticks: u64, scale: u8) -> String {
    let (seconds, fraction) = (ticks / 10_000_000, ticks % 10_000_000);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match scale {
        0 => clock,
        scale => format!("{clock}.{}", &format!("{fraction:07}")[..usize::from(scale)]),
    }
}

/// Rounds to a scale as SQL Server does; the day may move on.
pub(super) fn rounded(days: u32, ticks: u64, scale: u8) -> (u32, u64) {
    let unit = 10_u64.pow(7 - u32::from(scale));
    let units = (ticks + unit / 2) / unit;
    let ticks = units * unit;
    (days + (ticks / DAY) as u32, ticks % DAY)
}

/// Days and ticks of `YYYY-MM-DD[ T]hh:mm:ss.fffffff`, or of a date alone.
pub(super) fn moment(text: &str) -> Result<(u32, u64), String> {
    let text = text.trim();
    match text.split_once([' ', 'T']) {
        Some((date, time)) => Ok((days(date)?, ticks(time)?)),
        None => Ok((days(text)?, 0)),
    }
}

/// Days and ticks in UTC, and the offset in minutes, of `YYYY-MM-DD hh:mm:ss.fffffff +hh:mm`.
pub(super) fn zoned(text: &str) -> Result<(u32, u64, i16), String> {
    let text = text.trim();
    let (local, offset) = match text.rfind(['+', '-']).filter(|at| *at > 10) {
        Some(at) => (&text[..at], &text[at..]),
        None => (text.trim_end_matches('Z'), "+00:00"),
    };
    let (days, ticks) = moment(local)?;
    let minutes: i16 = {
        let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
        let number: i16 = digits.parse().map_err(|_| format!("{offset:?} is no offset"))?;
        let minutes = number / 100 * 60 + number % 100;
        if offset.starts_with('-') { -minutes } else { minutes }
    };
    let (days, ticks) = shifted(days, ticks, -minutes);
    Ok((days, ticks, minutes))
}

/// Moves by minutes.
pub(super) fn shifted(days: u32, ticks: u64, minutes: i16) -> (u32, u64) {
    let all = i128::from(days) * i128::from(DAY) + i128::from(ticks) + i128::from(minutes) * 600_000_000;
    let all = all.max(0) as u128;
    ((all / u128::from(DAY)) as u32, (all % u128::from(DAY)) as u64)
}

/// The text of a `datetimeoffset`.
pub(super) fn zoned_text(days: u32, ticks: u64, minutes: i16, scale: u8) -> String {
    let (days, ticks) = shifted(days, ticks, minutes);
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!(
        "{} {} {sign}{:02}:{:02}",
        date_text(days),
        time_text(ticks, scale),
        minutes / 60,
        minutes % 60
    )
}

/// Days from 0001-01-01 to 1900-01-01.
pub(super) const TO_1900: i32 = 693_595;

/// Of a `datetime`: days since 1900 and 1/300 s.
pub(super) fn old(text: &str) -> Result<(i32, u32), String> {
    let (days, ticks) = moment(text)?;
    let threes = (ticks * 3 + 50_000) / 100_000;
    match threes {
        25_920_000 => Ok((days as i32 - TO_1900 + 1, 0)),
        threes => Ok((days as i32 - TO_1900, threes as u32)),
    }
}

/// The text of a `datetime`, with milliseconds.
pub(super) fn old_text(days: i32, threes: u32) -> String {
    let millis = (u64::from(threes) * 10 + 1) / 3;
    format!(
        "{} {}",
        date_text((days + TO_1900) as u32),
        time_text(millis * 10_000, 3)
    )
}

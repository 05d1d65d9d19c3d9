//! Texts as values of other types, for sources that have only texts.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// Days since 1970 of `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<i64> {
    text.trim().parse::<NaiveDate>().ok().map(days)
}

/// Ticks of 100 ns since midnight of `hh:mm[:ss[.fffffff]]`.
pub(super) fn time(text: &str) -> Option<i128> {
    let text = text.trim();
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    time.ok().and_then(ticks)
}

/// Ticks since 1970 of `YYYY-MM-DD[ T]hh:mm:ss[.fffffff]`, or of a date alone.
pub(super) fn local(text: &str) -> Option<i128> {
    let text = text.trim();
    let found = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    match found {
        Some(moment) => of_moment(moment),
        None => date(text).map(|days| i128::from(days) * 864_000_000_000),
    }
}

/// Ticks since 1970, UTC, of the same with an offset.
pub(super) fn zoned(text: &str) -> Option<i128> {
    let text = text.trim();
    let found = DateTime::parse_from_rfc3339(text).ok().or_else(|| {
        [
            "%Y-%m-%d %H:%M:%S%.f %:z",
            "%Y-%m-%d %H:%M:%S%.f%:z",
            "%Y-%m-%d %H:%M:%S%.f%#z",
        ]
        .iter()
        .find_map(|form| DateTime::parse_from_str(text, form).ok())
    });
    found.and_then(|moment| of_moment(moment.naive_utc()))
}

/// A truth.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" => Some(true),
        "false" | "f" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// A decimal as its unscaled value and scale, exactly; with an exponent, too.
pub(super) fn decimal(text: &str) -> Option<(i128, u32)> {
    let text = text.trim();
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let all = format!("{whole}{fraction}");
    if (whole.is_empty() && fraction.is_empty()) || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        // ".0" and "0." are numbers; "" and "." are not.
        return (digits.len() > 1
            && digits.bytes().all(|b| b == b'.' || b == b'0')
            && digits.matches('.').count() == 1)
            .then_some((0, 0));
    }
    let unscaled: i128 = if all.is_empty() { 0 } else { all.parse().ok()? };
    let unscaled = if negative { -unscaled } else { unscaled };
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    match u32::try_from(scale) {
        Ok(scale) => Some((unscaled, scale)),
        Err(_) => Some((unscaled.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?, 0)),
    }
}

fn days(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_days()
}

fn of_moment(moment: NaiveDateTime) -> Option<i128> {
    Some(i128::from(days(moment.date())) * 864_000_000_000 + ticks(moment.time())?)
}

/// None for a leap second, or for more digits than SQL Server counts.
fn ticks(time: NaiveTime) -> Option<i128> {
    let nanos = time.nanosecond();
    (nanos < 1_000_000_000 && nanos.is_multiple_of(100))
        .then(|| i128::from(time.num_seconds_from_midnight()) * 10_000_000 + i128::from(nanos / 100))
}

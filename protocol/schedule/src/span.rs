//! .NET's time spans with a sign.

use chrono::TimeDelta;

/// Reads `[-][d.]hh:mm:ss[.fraction]`.
pub fn span(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = text.split(':');
    let (first, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    // Rust's own parsers take signs.
    let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    if ![days, hours, minutes, seconds, fraction].into_iter().all(digits) {
        return None;
    }
    let number = |text: &str| text.parse::<i64>().ok();
    let (days, hours, minutes, seconds) = (number(days)?, number(hours)?, number(minutes)?, number(seconds)?);
    if days > 100_000 || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    let whole = TimeDelta::try_seconds(((days * 24 + hours) * 60 + minutes) * 60 + seconds)?;
    let span = whole.checked_add(&TimeDelta::nanoseconds(nanos))?;
    Some(if negative { -span } else { span })
}

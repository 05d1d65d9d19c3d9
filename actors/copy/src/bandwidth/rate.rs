//! Rates as people write them.

use sluice_contract::{Code, Fault};

/// The units, the longest names first.
const UNITS: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
    ("", 1),
];

/// Reads `10MB/s`, `512KiB`, `1.5 GB/s`, or `off`, in any case: bytes in a second, none for `off`.
///
/// # Errors
/// `SL1001` for anything else, and for less than one byte in a second.
pub fn parse_rate(text: &str) -> Result<Option<u64>, Fault> {
    let text = text.trim();
    if ["off", "none", "unlimited"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
    {
        return Ok(None);
    }
    let wrong = || {
        let text = format!("{text:?} is not a bandwidth; it is written as 10MB/s, 512KiB/s, or off");
        Fault::new(Code::Usage, text)
    };
    let amount = match text.len().checked_sub(2) {
        Some(at) if text.is_char_boundary(at) && text[at..].eq_ignore_ascii_case("/s") => &text[..at],
        _ => text,
    };
    let digits = amount.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c.is_whitespace());
    let unit = amount[digits.len()..].trim();
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let (_, unit) = unit.ok_or_else(wrong)?;
    let number: f64 = digits.trim().parse().map_err(|_| wrong())?;
    let rate = number * *unit as f64;
    if !rate.is_finite() || rate < 1.0 {
        return Err(wrong());
    }
    Ok(Some(rate as u64))
}

/// A rate for people.
pub fn rate_text(rate: Option<u64>) -> String {
    let Some(rate) = rate else { return "off".to_owned() };
    let named = UNITS[..6].iter().rev().find(|(_, unit)| rate.is_multiple_of(*unit));
    match named {
        Some((name, unit)) => format!("{}{name}/s", rate / unit),
        None => format!("{rate}B/s"),
    }
}

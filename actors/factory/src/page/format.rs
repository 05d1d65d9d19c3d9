//! Numbers and times for people.

use crate::wire::{now, time_text};
use maud::{Markup, html};

/// `1 234 567` with thin spaces.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `12.3 MiB`.
pub(super) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = if value < 100.0 { 1 } else { 0 };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// `1 h 02 min`, `3 min 05 s`, `12.3 s`.
pub(super) fn span(micros: i64) -> String {
    let seconds = micros.max(0) / 1_000_000;
    match seconds {
        3600.. => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        60.. => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{}.{} s", seconds, micros.max(0) / 100_000 % 10),
    }
}

/// `3 min ago`, with the exact time when pointed at.
pub(super) fn ago(micros: i64) -> Markup {
    let seconds = (now() - micros).max(0) / 1_000_000;
    let text = match seconds {
        0..10 => "just now".to_owned(),
        10..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    };
    let exact = time_text(micros);
    html! { time datetime=(exact) title=(exact) { (text) } }
}

/// A state as icon and word, never as colour alone.
pub(super) fn state(word: &str) -> Markup {
    let (class, icon) = match word {
        "Online" => ("good", "●"),
        "running" => ("good", "●"),
        "Succeeded" => ("good", "✓"),
        "InProgress" => ("live", "▶"),
        "Limited" | "Canceling" | "NeedRegistration" => ("warn", "◐"),
        "backingOff" | "stalled" => ("warn", "◐"),
        "Failed" | "failed" => ("bad", "✕"),
        "Offline" => ("bad", "○"),
        "Queued" | "starting" => ("idle", "…"),
        "Skipped" => ("idle", "»"),
        _ => ("idle", "■"),
    };
    let shown = match word {
        "InProgress" => "In progress",
        "NeedRegistration" => "Needs registration",
        "running" => "Running",
        "backingOff" => "Restarting",
        "stalled" => "Stalled",
        "failed" => "Given up",
        "starting" => "Starting",
        "stopped" => "Stopped",
        other => other,
    };
    html! { span class={ "state " (class) } data-icon=(icon) { (shown) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(12_900_000), "12.3 MiB");
        assert_eq!(span(12_340_000), "12.3 s");
        assert_eq!(span(3_725_000_000), "1 h 02 min");
    }
}

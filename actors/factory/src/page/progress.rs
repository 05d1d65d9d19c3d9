//! How far a copy is: a bar, and the same in words.

use super::format::{bytes, count};
use maud::{Markup, html};
use sluice_contract::job::CopyProgress;

/// The bar with words. Without an estimate the bar only says that something happens.
pub(super) fn bar(progress: &CopyProgress, rate: f64) -> Markup {
    let stage = match progress.stage.as_str() {
        "" => "Starting",
        "planning" => "Planning",
        "copying" => "Copying",
        "verifying" => "Verifying",
        "committing" => "Committing",
        other => other,
    };
    let part = progress
        .rows_expected
        .filter(|expected| *expected > 0)
        // An estimate may be too low; the bar is full only when the copy is done.
        .map(|expected| (progress.rows_written as f64 / expected as f64).min(0.99));
    let words = match part {
        Some(part) => format!("{stage}, about {:.0} %", part * 100.0),
        None => stage.to_owned(),
    };
    html! {
        @match part {
            Some(part) => progress max="1" value=(format!("{part:.3}")) aria-label=(words) {},
            None => progress aria-label=(words) {},
        }
        small {
            (words)
            " · " (count(progress.rows_written)) " rows"
            " · " (bytes(progress.bytes_written.max(progress.bytes_read)))
            @if rate >= 1.0 { " · " (bytes(rate as u64)) "/s" }
            @if progress.partitions > 1 { " · part " (progress.partitions_done) " of " (progress.partitions) }
        }
    }
}

//! The progress line: a live one on a terminal, else one line every ten seconds.

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use sluice_contract::job::CopyProgress;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often a line is printed when standard error is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Shows how far a copy is, on standard error.
pub(crate) struct ProgressLine {
    name: String,
    bar: Option<ProgressBar>,
    started: Instant,
    printed: Instant,
}

impl ProgressLine {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        let live = std::io::stderr().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb");
        let bar = live.then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            name: name.into(),
            bar,
            started: Instant::now(),
            printed: Instant::now(),
        }
    }

    /// Shows this state.
    pub(crate) fn show(&mut self, progress: &CopyProgress) {
        let line = describe(&self.name, progress, self.started.elapsed());
        match &self.bar {
            Some(bar) => bar.set_message(line),
            None if self.printed.elapsed() >= PLAIN_EVERY => {
                self.printed = Instant::now();
                super::output::note(line);
            }
            None => {}
        }
    }

    /// Takes the line away.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `orders  42% 3,100,000/7,400,000 rows  1.2 GiB  88 MiB/s  ETA 0:41  copying`
fn describe(name: &str, progress: &CopyProgress, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let mut parts = vec![name.to_owned()];
    match progress.rows_expected.filter(|rows| *rows > 0) {
        Some(expected) => {
            let share = (progress.rows_read as f64 / expected as f64).min(1.0);
            parts.push(format!("{:>3.0}%", share * 100.0));
            parts.push(format!(
                "{}/{} rows",
                HumanCount(progress.rows_read),
                HumanCount(expected)
            ));
            parts.push(rate(progress, seconds));
            if share > 0.0 && share < 1.0 {
                let left = (seconds / share * (1.0 - share)).ceil() as u64;
                parts.push(format!("ETA {}:{:02}", left / 60, left % 60));
            }
        }
        None => {
            parts.push(format!("{} rows", HumanCount(progress.rows_read)));
            parts.push(rate(progress, seconds));
        }
    }
    if !progress.stage.is_empty() {
        parts.push(progress.stage.clone());
    }
    parts.join("  ")
}

fn rate(progress: &CopyProgress, seconds: f64) -> String {
    let bytes = progress.bytes_read.max(progress.bytes_written);
    format!(
        "{}  {}/s",
        HumanBytes(bytes),
        HumanBytes((bytes as f64 / seconds) as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_rows_bytes_rate_and_eta() {
        let mut progress = CopyProgress {
            rows_read: 500,
            rows_expected: Some(1000),
            bytes_read: 2048,
            ..Default::default()
        };
        progress.stage = "copying".to_owned();
        let line = describe("orders", &progress, Duration::from_secs(2));
        assert_eq!(
            line,
            "orders   50%  500/1,000 rows  2.00 KiB  1.00 KiB/s  ETA 0:02  copying"
        );
        progress.rows_expected = None;
        assert_eq!(
            describe("orders", &progress, Duration::from_secs(2)),
            "orders  500 rows  2.00 KiB  1.00 KiB/s  copying"
        );
    }
}

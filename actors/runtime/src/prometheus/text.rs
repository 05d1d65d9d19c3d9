//! Writing the text.

use std::fmt::{Display, Write as _};

use crate::{BUCKET_BOUNDS, Timing};

/// What kind of figures a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows. The name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often something took how long. The name ends in its unit.
    Histogram,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Text under way. Each family is written once, with all its samples.
#[derive(Debug, Default)]
pub struct Text {
    out: String,
}

impl Text {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a family. `name` is lower case with underscores, its unit last (`_seconds`, `_bytes`) and, for a counter,
    /// `_total` behind.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        debug_assert!(is_name(name), "{name} is no name of a metric");
        debug_assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}");
        self.out.push_str("# HELP ");
        self.out.push_str(name);
        self.out.push(' ');
        for c in help.chars() {
            match c {
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                c => self.out.push(c),
            }
        }
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.out, "\n# TYPE {name} {}", kind.as_str());
        Family {
            out: &mut self.out,
            name,
        }
    }

    /// The text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.out
    }
}

/// A label's name and its value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// A family under way.
#[derive(Debug)]
pub struct Family<'a> {
    out: &'a mut String,
    name: &'static str,
}

impl Family<'_> {
    /// One figure.
    pub fn sample(&mut self, labels: &[(&'static str, &str)], value: f64) -> &mut Self {
        self.line("", labels, None, number(value))
    }

    /// One figure that is a whole number.
    pub fn count(&mut self, labels: &[(&'static str, &str)], value: u64) -> &mut Self {
        self.line("", labels, None, value)
    }

    /// One histogram, in seconds.
    pub fn timing(&mut self, labels: &[(&'static str, &str)], timing: &Timing) -> &mut Self {
        let mut below = 0;
        for (bound_ns, count) in BUCKET_BOUNDS.iter().zip(&timing.buckets) {
            below += count;
            let bound = number(seconds(*bound_ns));
            self.line("_bucket", labels, Some(("le", &bound)), below);
        }
        self.line("_bucket", labels, Some(("le", "+Inf")), timing.count);
        self.line("_sum", labels, None, number(seconds(timing.total_ns)));
        self.line("_count", labels, None, timing.count)
    }

    fn line(&mut self, suffix: &str, labels: &[Label<'_>], more: Option<Label<'_>>, value: impl Display) -> &mut Self {
        let _ = write!(self.out, "{}{suffix}", self.name);
        let mut open = '{';
        for (name, value) in labels.iter().copied().chain(more) {
            debug_assert!(is_name(name) && !name.contains(':'), "{name} is no name of a label");
            let _ = write!(self.out, "{open}{name}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.out.push_str("\\\\"),
                    '"' => self.out.push_str("\\\""),
                    '\n' => self.out.push_str("\\n"),
                    c => self.out.push(c),
                }
            }
            self.out.push('"');
            open = ',';
        }
        if open == ',' {
            self.out.push('}');
        }
        let _ = writeln!(self.out, " {value}");
        self
    }
}

/// Nanoseconds in the base unit.
#[expect(
    clippy::cast_precision_loss,
    reason = "a nanosecond in a hundred days does not matter"
)]
pub(super) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// A number as Prometheus spells it.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(plain) && name.chars().all(|c| plain(c) || c.is_ascii_digit())
}

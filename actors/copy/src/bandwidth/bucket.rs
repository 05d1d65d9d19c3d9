//! The arithmetic of a limit, at times that are given to it.

use std::time::Duration;
use tokio::time::Instant;

/// What may be read at once after a pause, in seconds' worth.
const BURST_S: f64 = 0.1;
/// Less than the clock's tick is no debt.
const TICK: Duration = Duration::from_micros(100);
/// Nobody sleeps longer without looking again.
const LONGEST: Duration = Duration::from_secs(3600);

/// A bucket of bytes that fills at a rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Bytes in a second; none is no limit.
    rate: Option<u64>,
    /// Below zero while somebody has read more than there was.
    bytes: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) fn new(rate: Option<u64>, now: Instant) -> Self {
        Self {
            rate: rate.map(|rate| rate.max(1)),
            bytes: 0.0,
            filled: now,
        }
    }

    pub(crate) fn rate(&self) -> Option<u64> {
        self.rate
    }

    /// What was earned until now was earned at the old rate.
    pub(crate) fn set(&mut self, rate: Option<u64>, now: Instant) {
        self.fill(now);
        self.rate = rate.map(|rate| rate.max(1));
        if rate.is_none() {
            self.bytes = 0.0;
        }
    }

    /// So many bytes were read, whether they were there or not.
    pub(crate) fn charge(&mut self, bytes: u64, now: Instant) {
        self.fill(now);
        if self.rate.is_some() {
            self.bytes -= bytes as f64;
        }
    }

    /// How long it takes until the bucket is not overdrawn any more.
    pub(crate) fn debt(&mut self, now: Instant) -> Option<Duration> {
        self.fill(now);
        let rate = self.rate? as f64;
        if self.bytes >= 0.0 {
            return None;
        }
        let wait = Duration::try_from_secs_f64(-self.bytes / rate).unwrap_or(LONGEST);
        (wait >= TICK).then_some(wait.min(LONGEST))
    }

    fn fill(&mut self, now: Instant) {
        if let Some(rate) = self.rate {
            let rate = rate as f64;
            let earned = rate * now.saturating_duration_since(self.filled).as_secs_f64();
            self.bytes = (self.bytes + earned).min(rate * BURST_S);
        }
        self.filled = now;
    }
}

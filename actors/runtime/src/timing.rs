//! How long things took: a sum, a maximum and a small histogram.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// Upper bounds of the histogram's buckets in nanoseconds: 10 us, 100 us, 1 ms, 10 ms, 100 ms, 1 s, 10 s. One more
/// bucket holds what took longer.
pub const BUCKET_BOUNDS: [u64; 7] = [
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
];

const BUCKETS: usize = BUCKET_BOUNDS.len() + 1;

/// How long a number of things took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    /// How many.
    pub count: u64,
    /// The sum, in nanoseconds.
    pub total_ns: u64,
    /// The longest, in nanoseconds.
    pub max_ns: u64,
    /// How many fell between each pair of [`BUCKET_BOUNDS`]; the last entry is everything above.
    pub buckets: [u64; BUCKETS],
}

impl Timing {
    /// Adds another timing to this one.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.total_ns = self.total_ns.saturating_add(other.total_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
        for (sum, more) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += more;
        }
    }
}

/// The live form of a [`Timing`].
#[derive(Default)]
pub(crate) struct TimingCell {
    total_ns: AtomicU64,
    max_ns: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl TimingCell {
    pub(crate) fn record(&self, ns: u64) {
        self.total_ns.fetch_add(ns, Ordering::Relaxed);
        if ns > self.max_ns.load(Ordering::Relaxed) {
            self.max_ns.fetch_max(ns, Ordering::Relaxed);
        }
        let bucket = BUCKET_BOUNDS.partition_point(|bound| *bound < ns);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Timing {
        let mut buckets = [0; BUCKETS];
        for (read, live) in buckets.iter_mut().zip(&self.buckets) {
            *read = live.load(Ordering::Relaxed);
        }
        Timing {
            count: buckets.iter().sum(),
            total_ns: self.total_ns.load(Ordering::Relaxed),
            max_ns: self.max_ns.load(Ordering::Relaxed),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_has_one_bucket() {
        let cell = TimingCell::default();
        for ns in [0, 10_000, 10_001, 999_999_999, u64::MAX / 2] {
            cell.record(ns);
        }
        let mut timing = cell.read();
        assert_eq!(timing.buckets, [2, 1, 0, 0, 0, 1, 0, 1]);
        assert_eq!((timing.count, timing.max_ns), (5, u64::MAX / 2));
        timing.add(&timing.clone());
        assert_eq!((timing.count, timing.buckets[0]), (10, 4));
    }
}

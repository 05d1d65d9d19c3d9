//! One copy under its limits.

use super::Bandwidth;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Keeps the readers of one copy within all limits that apply to it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    limits: Vec<Bandwidth>,
    /// Bytes of this copy that were taken from the limits.
    seen: AtomicU64,
    waiting: AtomicUsize,
}

impl Pace {
    pub(crate) fn new(limits: Vec<Bandwidth>) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// The copy has read so many bytes in all: waits until it may read more.
    pub(crate) async fn reached(&self, bytes_read: u64) {
        let before = self.seen.fetch_max(bytes_read, Ordering::Relaxed);
        let more = bytes_read.saturating_sub(before);
        if self.limits.is_empty() || more == 0 {
            return;
        }
        let _waiting = Waiting::new(&self.waiting);
        for limit in &self.limits {
            limit.take(more).await;
        }
    }

    /// Whether a reader waits for its turn: then it is the limit that holds the copy up.
    pub(crate) fn is_held_up(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

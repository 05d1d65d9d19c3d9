//! How many bytes may be read in a second: a limit that can be changed while copies run under it.

mod bucket;
mod pace;
mod rate;

#[cfg(test)]
pub(crate) use bucket::Bucket as TestBucket;
use bucket::Bucket;
pub(crate) use pace::Pace;
pub use rate::{parse_rate, rate_text};

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// A limit that any number of copies share: a bucket of bytes that fills at the rate. Clones are the same limit.
#[derive(Clone)]
pub struct Bandwidth(Arc<Shared>);

struct Shared {
    bucket: Mutex<Bucket>,
    /// Wakes those that wait when the rate is another one.
    changed: Notify,
    taken: AtomicU64,
}

impl Bandwidth {
    /// A limit of so many bytes in a second; none is no limit.
    pub fn new(rate: Option<u64>) -> Self {
        Self(Arc::new(Shared {
            bucket: Mutex::new(Bucket::new(rate, Instant::now())),
            changed: Notify::new(),
            taken: AtomicU64::new(0),
        }))
    }

    /// No limit.
    pub fn unlimited() -> Self {
        Self::new(None)
    }

    /// Bytes in a second; none is no limit.
    pub fn rate(&self) -> Option<u64> {
        self.bucket().rate()
    }

    /// Changes the limit, also for those that wait at this moment.
    pub fn set(&self, rate: Option<u64>) {
        self.bucket().set(rate, Instant::now());
        self.0.changed.notify_waiters();
    }

    /// Bytes that were read under it.
    pub fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Says that so many bytes were read, and waits until that was right.
    pub(crate) async fn take(&self, bytes: u64) {
        self.0.taken.fetch_add(bytes, Ordering::Relaxed);
        self.bucket().charge(bytes, Instant::now());
        loop {
            // Before looking, so that no change is missed.
            let changed = self.0.changed.notified();
            let debt = self.bucket().debt(Instant::now());
            let Some(wait) = debt else { return };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = changed => {}
            }
        }
    }

    /// Nothing that runs under this lock waits or fails.
    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Bandwidth {
    fn default() -> Self {
        Self::unlimited()
    }
}

impl PartialEq for Bandwidth {
    /// Whether it is the same limit.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Bandwidth {}

impl fmt::Debug for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bandwidth").field(&rate_text(self.rate())).finish()
    }
}

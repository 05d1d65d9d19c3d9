//! Where the supervision gets its time from: the machine's monotonic clock, or one that a test moves by hand.

mod manual;

pub use manual::ManualClock;

use std::fmt;
use std::future::Future;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use futures::future::Either;

use self::manual::ManualParking;

static EPOCH: OnceLock<Instant> = OnceLock::new();

/// Nanoseconds by the machine's clock since the first call; never zero, so that zero can mean "not yet".
pub(crate) fn now_ns() -> u64 {
    let elapsed = EPOCH.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX).saturating_add(1)
}

/// Where the supervision, and whoever else wants to be tested in accelerated time, gets the time from.
///
/// The default is the machine's monotonic clock. [`ManualClock::clock`] gives one that stands still until it is moved:
/// with it backoffs, hang and stall deadlines, cool-downs and ask deadlines of minutes pass in a test at once.
#[derive(Clone, Default)]
pub struct Clock {
    manual: Option<ManualClock>,
}

impl Clock {
    /// The machine's monotonic clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { manual: None }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.manual.as_ref().map_or_else(Instant::now, ManualClock::now)
    }

    /// Nanoseconds since some moment; never zero.
    pub(crate) fn now_ns(&self) -> u64 {
        self.manual.as_ref().map_or_else(now_ns, ManualClock::now_ns)
    }

    /// Waits, within a tokio runtime.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<> {
        match &self.manual {
            None => Either::Left(tokio::time::sleep(duration)),
            Some(manual) => Either::Right(manual.sleep(duration)),
        }
    }

    /// How a thread waits by this clock.
    pub(crate) fn parking(&self) -> Parking {
        Parking(self.manual.as_ref().map(ManualClock::parking))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.manual.is_some() { "manual" } else { "system" })
    }
}

/// A thread's place to wait. Kept from one wait to the next, so that a manual clock knows when the thread has done what
/// it woke up for.
pub(crate) struct Parking(Option<ManualParking>);

impl Parking {
    pub(crate) fn wait(&mut self, duration: Duration) {
        match &mut self.0 {
            None => thread::sleep(duration),
            Some(manual) => manual.wait(duration),
        }
    }
}

#[cfg(test)]
mod tests;

//! When the service manager is told what, seen from the watchdog thread.

use std::time::{Duration, Instant};

use super::Service;

/// The watchdog thread's side of a [`Service`].
pub(crate) struct Feeding {
    service: Service,
    /// Feed this often.
    every: Option<Duration>,
    due: Instant,
    told: String,
}

impl Feeding {
    /// At half of the service manager's interval, so that one late round does no harm.
    pub(super) fn new(service: Service, watchdog: Option<Duration>, now: Instant) -> Self {
        Self {
            service,
            every: watchdog.map(|interval| interval / 2),
            due: now,
            told: String::new(),
        }
    }

    /// After a round of the watchdog. `well`: every component makes progress and the watchdog was on time.
    pub(crate) fn round(&mut self, now: Instant, well: bool, status: impl FnOnce() -> String) {
        let status = status();
        if status != self.told {
            self.service.status(&status);
            self.told = status;
        }
        if let Some(every) = self.every
            && well
            && now >= self.due
        {
            self.service.send("WATCHDOG=1");
            self.due = now + every;
        }
    }
}

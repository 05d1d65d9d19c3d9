//! The time that triggers go by.

use crate::wire::now;
use chrono::{DateTime, Utc};
use std::sync::atomic::{AtomicI64, Ordering};

/// The machine's clock. Tests put it forward, so that nobody has to wait for tomorrow.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Microseconds.
    ahead: AtomicI64,
}

impl Clock {
    /// Now, in microseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        now().saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Puts it to a moment, from which it goes on.
    #[cfg(test)]
    pub(crate) fn set(&self, moment: DateTime<Utc>) {
        self.ahead.store(moment.timestamp_micros() - now(), Ordering::Relaxed);
    }
}

/// A moment of the database.
pub(super) fn moment(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// A moment as the database keeps it. What is finer than a microsecond is rounded up, so that it is behind the moment.
pub(super) fn micros(moment: DateTime<Utc>) -> i64 {
    let whole = moment.timestamp_subsec_nanos().is_multiple_of(1_000);
    moment.timestamp_micros() + i64::from(!whole)
}

/// A moment as expressions see it: seconds are enough where there is nothing behind them.
pub(super) fn text(micros: i64) -> String {
    let moment = moment(micros);
    match moment.timestamp_subsec_micros() {
        0 => moment.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        _ => crate::wire::time_text(micros),
    }
}

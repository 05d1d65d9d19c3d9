//! How a component is doing.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;

/// How a component is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Default)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum Health {
    /// Registered, its `started` has not returned yet.
    #[default]
    Starting,
    /// Working.
    Running,
    /// Failed and waiting for its next start; messages queue up meanwhile.
    BackingOff,
    /// Has messages but takes none; a repair is under way.
    Stalled,
    /// Failed too often. Messages are refused until it is started again.
    Failed,
    /// Ended in order.
    Stopped,
}

impl Health {
    const ALL: [Self; 6] = [
        Self::Starting,
        Self::Running,
        Self::BackingOff,
        Self::Stalled,
        Self::Failed,
        Self::Stopped,
    ];

    /// The word for it in logs, metrics and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::BackingOff => "backingOff",
            Self::Stalled => "stalled",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A [`Health`] that any thread may read.
#[derive(Default)]
pub(crate) struct HealthCell(AtomicU8);

impl HealthCell {
    pub(crate) fn get(&self) -> Health {
        let index = usize::from(self.0.load(Ordering::Acquire));
        Health::ALL.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn set(&self, health: Health) {
        self.0.store(health as u8, Ordering::Release);
    }
}

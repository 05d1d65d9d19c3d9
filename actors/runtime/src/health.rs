//! How a component is doing.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

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
    /// Escalated: it failed too often. Messages are refused until it is started again, by hand or after its cool-down;
    /// [`Snapshot::escalation`](crate::Snapshot::escalation) says why.
    Failed,
    /// Ended in order.
    Stopped,
}

impl Health {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
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
pub(crate) struct HealthCell {
    health: AtomicU8,
    changes: Notify,
}

impl HealthCell {
    pub(crate) fn get(&self) -> Health {
        let index = usize::from(self.health.load(Ordering::Acquire));
        Health::ALL.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn set(&self, health: Health) {
        self.health.store(health as u8, Ordering::Release);
        self.changes.notify_waiters();
    }

    /// The next change.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changes.notified()
    }
}

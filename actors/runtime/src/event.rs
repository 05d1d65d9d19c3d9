//! What the supervision tells the outside.

use std::time::Duration;

use crate::Reason;

/// Something happened to a component.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Its `started` returned for the first time.
    Started {
        /// The id it was registered with.
        id: String,
        /// [`Component::NAME`](crate::Component::NAME).
        component: &'static str,
    },
    /// It gives no sign of life, or takes no messages. A restart follows.
    Unresponsive {
        /// The id it was registered with.
        id: String,
        /// [`Component::NAME`](crate::Component::NAME).
        component: &'static str,
        /// What was seen.
        reason: Reason,
    },
    /// It works again.
    Restarted {
        /// The id it was registered with.
        id: String,
        /// [`Component::NAME`](crate::Component::NAME).
        component: &'static str,
        /// Why it was restarted.
        reason: Reason,
        /// From the detection of the fault to `started` having returned, backoff included.
        took: Duration,
        /// The new incarnation.
        incarnation: u64,
        /// Messages that were being handled and are gone.
        lost: u64,
    },
    /// It failed more often than its policy allows.
    Escalated {
        /// The id it was registered with.
        id: String,
        /// [`Component::NAME`](crate::Component::NAME).
        component: &'static str,
        /// The last fault.
        reason: Reason,
    },
    /// The process is about to end because supervision cannot help any more.
    Exiting {
        /// The exit code.
        code: i32,
        /// Why.
        cause: String,
    },
}

/// Receives events, on whichever thread they happen; must return quickly. Its panics are ignored.
pub trait EventSink: Send + Sync + 'static {
    /// Called once per event.
    fn on(&self, e: &Event);
}

/// Writes every event to the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingEvents;

impl EventSink for TracingEvents {
    fn on(&self, e: &Event) {
        match e {
            Event::Started { id, component } => {
                tracing::info!(component, id, "A component has started.");
            }
            Event::Unresponsive { id, component, reason } => tracing::error!(
                component,
                id,
                %reason,
                "A component of Data Management Gateway has become unresponsive and restarts automatically. \
                 Component name: {component}."
            ),
            Event::Restarted {
                id,
                component,
                reason,
                took,
                incarnation,
                lost,
            } => tracing::warn!(
                component,
                id,
                %reason,
                took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                incarnation,
                lost,
                "A component has been restarted."
            ),
            Event::Escalated { id, component, reason } => tracing::error!(
                component,
                id,
                %reason,
                "A component failed more often than its restart policy allows."
            ),
            Event::Exiting { code, cause } => {
                tracing::error!(code, cause, "The process ends so that it can be restarted.");
            }
        }
    }
}

//! How the factory's end of a broker is.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sluice_contract::Fault;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How the line is at a moment.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct State {
    /// `embedded` or `rabbitmq`.
    pub(crate) kind: &'static str,
    /// Where.
    pub(crate) address: String,
    /// Whether the factory's end is connected.
    pub(crate) connected: bool,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<DateTime<Utc>>,
    /// How often a connection was made.
    pub(crate) connections: u64,
    /// Messages that were refused because of their signature or sender.
    pub(crate) refused: u64,
    /// Why it is not connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Fault>,
}

impl State {
    /// The own endpoint is always there.
    pub(crate) fn own(address: std::net::SocketAddr) -> Self {
        Self {
            kind: "embedded",
            address: format!("amqps://{address}"),
            connected: true,
            since: None,
            connections: 0,
            refused: 0,
            error: None,
        }
    }
}

#[derive(Debug)]
struct Now {
    connected: bool,
    since: DateTime<Utc>,
    error: Option<Fault>,
}

/// Whether the factory's end is connected.
#[derive(Debug)]
pub(crate) struct Health {
    now: Mutex<Now>,
    connections: AtomicU64,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            now: Mutex::new(Now {
                connected: false,
                since: Utc::now(),
                error: None,
            }),
            connections: AtomicU64::new(0),
        }
    }
}

impl Health {
    /// It is connected, or is not, and why.
    pub(crate) fn note(&self, state: Result<(), &Fault>) {
        let mut now = self.lock();
        if now.connected != state.is_ok() {
            now.since = Utc::now();
            now.connected = state.is_ok();
        }
        now.error = state.err().cloned();
        self.connections.fetch_add(u64::from(state.is_ok()), Ordering::Relaxed);
    }

    /// How it is.
    pub(crate) fn state(&self, address: String, refused: u64) -> State {
        let now = self.lock();
        State {
            kind: "rabbitmq",
            address,
            connected: now.connected,
            since: Some(now.since),
            connections: self.connections.load(Ordering::Relaxed),
            refused,
            error: now.error.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

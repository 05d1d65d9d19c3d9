//! What a service manager is told, by the protocol of systemd's `sd_notify`: datagrams to the socket that it names in
//! `NOTIFY_SOCKET`.

mod feeding;
mod socket;

pub(crate) use feeding::Feeding;

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::socket::Socket;

/// The connection to a service manager. Clones are the same connection.
///
/// [`run`](crate::run) makes it from the environment. A root that has one in its [`Options`](crate::Options) tells the
/// service manager
///
/// - `READY=1` and a `STATUS=` when the program calls [`Root::ready`](crate::Root::ready),
/// - `WATCHDOG=1` from the watchdog thread, twice per `WATCHDOG_USEC`, only while every component makes progress, and
///   not in a round in which the watchdog was itself late,
/// - a `STATUS=` that names the components that are down, whenever that changes,
/// - `STOPPING=1` when the root is shut down.
#[derive(Clone)]
pub struct Service {
    socket: Arc<Socket>,
    watchdog: Option<Duration>,
}

impl Service {
    /// From `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`; `None` when no service manager wants to be told.
    /// The variables stay where they are: child processes that speak the protocol themselves need an environment of
    /// their own.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        let address = std::env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty())?;
        let number = |name: &str| std::env::var(name).ok()?.trim().parse::<u64>().ok();
        let for_us = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|_| for_us).map(Duration::from_micros);
        match Self::connect(&address, watchdog) {
            Ok(service) => Some(service),
            Err(error) => {
                tracing::warn!(?address, %error, "The service manager cannot be told how the service is doing.");
                None
            }
        }
    }

    /// Connects to a socket: a path, or a name in the abstract namespace written with a leading `@` (Linux).
    /// `watchdog` is the time after which the service manager takes silence for a failure.
    ///
    /// # Errors
    /// When there is no such socket, or the system has no such sockets.
    pub fn connect(address: &OsStr, watchdog: Option<Duration>) -> io::Result<Self> {
        Ok(Self {
            socket: Arc::new(Socket::connect(address)?),
            watchdog: watchdog.filter(|interval| !interval.is_zero()),
        })
    }

    /// What the program does, in a few words.
    pub(crate) fn status(&self, text: &str) {
        self.send(&format!("STATUS={}", one_line(text)));
    }

    pub(crate) fn ready(&self, text: &str) {
        self.send(&format!("READY=1\nSTATUS={}", one_line(text)));
    }

    pub(crate) fn stopping(&self, text: &str) {
        self.send(&format!("STOPPING=1\nSTATUS={}", one_line(text)));
    }

    /// For the watchdog thread.
    pub(crate) fn feeding(&self, now: Instant) -> Feeding {
        Feeding::new(self.clone(), self.watchdog, now)
    }

    /// Never waits: a service manager that does not read must not hold up anybody.
    fn send(&self, state: &str) {
        if let Err(error) = self.socket.send(state.as_bytes()) {
            tracing::debug!(%error, "The service manager was not told.");
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("watchdog", &self.watchdog)
            .finish_non_exhaustive()
    }
}

/// The protocol is one assignment per line.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(all(test, target_os = "linux"))]
mod tests;

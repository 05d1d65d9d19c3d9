//! Why a component was restarted.

use std::fmt;
use std::time::Duration;

/// Why a component was restarted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It panicked.
    Panic {
        /// The text of the panic.
        message: String,
        /// The message type it was handling, if it was handling one.
        handling: Option<&'static str>,
    },
    /// It did not come back from one piece of work.
    Hang {
        /// How long it had given no sign of life.
        stale: Duration,
        /// The message type it was handling, if it was handling one.
        handling: Option<&'static str>,
    },
    /// Its thread is alive but it takes no messages.
    Stalled {
        /// How many messages were waiting.
        depth: usize,
    },
    /// It stopped itself.
    Stopped,
    /// Somebody asked for it.
    Requested,
    /// Another component failed and took this one along: by the strategy, or because both share a thread.
    Neighbour {
        /// The id of the component that failed.
        id: String,
    },
}

impl Reason {
    /// True for the reasons where the component gave no sign of life.
    #[must_use]
    pub const fn is_unresponsive(&self) -> bool {
        matches!(self, Self::Hang { .. } | Self::Stalled { .. })
    }

    /// True for the component's own faults, which count against its restart intensity.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        !matches!(self, Self::Requested | Self::Neighbour { .. })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic { message, handling } => {
                write!(f, "panic{}: {message}", While(*handling))
            }
            Self::Hang { stale, handling } => {
                write!(f, "no sign of life for {} ms{}", stale.as_millis(), While(*handling))
            }
            Self::Stalled { depth } => write!(f, "{depth} messages waiting and none taken"),
            Self::Stopped => f.write_str("stopped itself"),
            Self::Requested => f.write_str("requested"),
            Self::Neighbour { id } => write!(f, "restarted together with {id}"),
        }
    }
}

struct While(Option<&'static str>);

impl fmt::Display for While {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(message) => write!(f, " while handling {message}"),
            None => Ok(()),
        }
    }
}

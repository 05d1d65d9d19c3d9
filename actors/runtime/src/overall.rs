//! How a whole root is doing.

use std::fmt;

use serde::Serialize;

use crate::Health;

/// How all components of a root are doing, in one word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "overall")]
pub enum Overall {
    /// Every component works, or is on its way to its first start, or was stopped in order.
    Healthy,
    /// Some components are down; the others work.
    Degraded {
        /// Those that are down, in the order they were started.
        components: Vec<Trouble>,
    },
}

/// A component that is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The id it was registered with.
    pub id: String,
    /// [`Component::NAME`](crate::Component::NAME).
    pub component: &'static str,
    /// [`Health::Failed`] when it was escalated, [`Health::BackingOff`] or [`Health::Stalled`] when it is being
    /// restarted.
    pub health: Health,
    /// The fault, in words, if it is known.
    pub reason: Option<String>,
}

impl Overall {
    pub(crate) fn of(components: Vec<Trouble>) -> Self {
        if components.is_empty() {
            Self::Healthy
        } else {
            Self::Degraded { components }
        }
    }

    /// True when nothing is down.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        matches!(self, Self::Healthy)
    }
}

impl fmt::Display for Overall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Degraded { components } = self else {
            return f.write_str("healthy");
        };
        f.write_str("degraded: ")?;
        for (n, trouble) in components.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}{trouble}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.health)?;
        match &self.reason {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

//! What is wrong with this node, and in one word how it is doing.

mod board;
mod check;
mod components;

pub(crate) use board::{Board, Topic};
pub(crate) use check::HealthMonitor;
pub(crate) use components::note_components;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sluice_contract::Code;

/// How a node is doing, in the words of the product that Sluice replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeHealth {
    /// Connected, and nothing is wrong.
    Online,
    /// Connected, but not all of it works.
    Limited,
    /// Not connected to the factory.
    Offline,
}

/// How bad a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// Everything works, but somebody should look at it.
    Warning,
    /// Something does not work.
    Error,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Its code, for `sluice explain CODE`.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in words.
    pub text: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The one word for all conditions.
pub(crate) fn word(connected: bool, conditions: &[Condition]) -> NodeHealth {
    if !connected {
        return NodeHealth::Offline;
    }
    if conditions.iter().any(|condition| condition.severity == Severity::Error) {
        NodeHealth::Limited
    } else {
        NodeHealth::Online
    }
}

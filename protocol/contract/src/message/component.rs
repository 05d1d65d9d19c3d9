//! What a node tells of its supervised components, so that the factory's console shows them beside its own.

use crate::Object;
use serde::{Deserialize, Serialize};

/// One component in a heartbeat: states, names from the program itself, and figures. The texts of faults stay on the node,
/// for a panic may say what it found in a document or in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentState {
    /// Its id on the node, such as `CredentialVault`; it is restarted by it.
    pub id: String,
    /// Its kind.
    pub component: String,
    /// `starting`, `running`, `backingOff`, `stalled`, `failed` (given up) or `stopped`.
    pub health: String,
    /// It was given up and is started again after a while; false when somebody has to restart it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cools_down: bool,
    /// How often it was restarted.
    #[serde(default)]
    pub restarts: u64,
    /// Messages that wait.
    #[serde(default)]
    pub depth: u64,
    /// Messages that may wait.
    #[serde(default)]
    pub capacity: u64,
    /// Messages handled to the end.
    #[serde(default)]
    pub handled: u64,
    /// The type of the message that is being handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// For how long it is being handled, in milliseconds.
    #[serde(default)]
    pub age_ms: u64,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

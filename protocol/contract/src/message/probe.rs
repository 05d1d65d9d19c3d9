//! Testing a connection through a node.

use crate::Object;
use crate::fault::Fault;
use crate::job::Endpoint;
use serde::{Deserialize, Serialize};

/// `probe.request`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeRequest {
    /// The store to try, with its sealed credential.
    pub endpoint: Endpoint,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `probe.reply`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeReply {
    /// The stages in order; those behind a failed one are missing.
    pub stages: Vec<ProbeStage>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// One stage of a connection test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeStage {
    /// `policy`, `credential`, `resolve`, `connect`, `tls`, `login` or `read`.
    pub name: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

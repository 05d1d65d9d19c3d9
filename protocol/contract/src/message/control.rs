//! Acknowledgements, drain, updates, settings and logs.

use crate::Object;
use crate::fault::Fault;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `event.ack`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventAck {
    /// The ids of the envelopes that are recorded.
    pub ids: Vec<String>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `gateway.drain` and `gateway.resume`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drain {
    /// Why, in words.
    #[serde(default)]
    pub reason: String,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `update.offer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateOffer {
    /// The version offered.
    pub version: String,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `update.status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateStatus {
    /// The version that runs.
    pub version: String,
    /// `UpToDate`, or what stands in the way.
    pub state: String,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `config.changed` and `cert.rotate`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigChanged {
    /// The settings' revision.
    #[serde(default)]
    pub revision: u64,
    /// The node's new limit of concurrent jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_jobs_limit: Option<u32>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `key.revoked`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeyRevoked {
    /// Why, in words.
    pub reason: String,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `logs.request`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogsRequest {
    /// From this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `logs.ref`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogsRef {
    /// Where the logs were uploaded.
    pub reference: String,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorReply {
    /// What went wrong.
    pub fault: Fault,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

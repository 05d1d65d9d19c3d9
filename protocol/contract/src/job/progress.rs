//! How far a job is.

use crate::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where an attempt stands, for the next one: published with its progress, and kept in the node's ledger.
///
/// Which partitions are finished is not in it: the sink's staging itself knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The attempt whose staging it is.
    pub attempt: u32,
    /// Its fencing token.
    pub token: u64,
    /// How the source was cut.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub source: Value,
    /// What the sink needs to find its staging.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub sink: Value,
    /// Partitions, or files, that are finished.
    #[serde(default)]
    pub parts: u32,
    /// Rows in them.
    #[serde(default)]
    pub rows: u64,
    /// Bytes in them, as the sink took them.
    #[serde(default)]
    pub bytes: u64,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// How far a copy is. All counts are totals since the attempt began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CopyProgress {
    /// `planning`, `copying`, `verifying` or `committing`.
    #[serde(default)]
    pub stage: String,
    /// Rows read from the source.
    #[serde(default)]
    pub rows_read: u64,
    /// Rows handed to the sink.
    #[serde(default)]
    pub rows_written: u64,
    /// Bytes read from the source, as it delivers them.
    #[serde(default)]
    pub bytes_read: u64,
    /// Bytes written to the sink, as it takes them.
    #[serde(default)]
    pub bytes_written: u64,
    /// The source's own estimate of its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_expected: Option<u64>,
    /// Partitions that are done.
    #[serde(default)]
    pub partitions_done: u32,
    /// Partitions in all.
    #[serde(default)]
    pub partitions: u32,
    /// What the next attempt could go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

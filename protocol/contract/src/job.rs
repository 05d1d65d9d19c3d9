//! What a Copy activity asks of a gateway, how far it is, and what came of it.

use crate::Object;
use crate::ids::{NodeId, RunId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One copy: all a node needs to know, and no secret in clear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// The pipeline run it belongs to.
    pub run: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The activity's name.
    pub activity: String,
    /// The activity run's id; empty from an older factory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub activity_run: String,
    /// Where to read.
    pub source: Endpoint,
    /// Where to write.
    pub sink: Endpoint,
    /// Where the session log of `logSettings` is written; its folder stands in the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Endpoint>,
    /// Where `redirectIncompatibleRowSettings` writes the rows that are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Endpoint>,
    /// The Copy activity's other `typeProperties` (`parallelCopies`, `translator` ...), as the client wrote them.
    #[serde(default)]
    pub settings: Object,
    /// Seconds the attempt may take.
    pub timeout_s: u64,
    /// How many attempts may follow this one when it fails.
    #[serde(default)]
    pub retries_left: u32,
    /// Where an earlier attempt stopped, if it left something to go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// One side of a copy: a linked service, a dataset, and the activity's `source` or `sink`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The linked service's name: the identity of its connector.
    pub name: String,
    /// The linked service's `type`, such as `PostgreSqlV2`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The linked service's `typeProperties`, secrets removed.
    pub properties: Object,
    /// The sealed credential (compact JWE), if the linked service has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// The dataset's `type`; empty in a probe.
    #[serde(default)]
    pub dataset_kind: String,
    /// The dataset's `typeProperties`.
    #[serde(default)]
    pub dataset: Object,
    /// The activity's `source` or `sink` object.
    #[serde(default)]
    pub activity: Object,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

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

/// A finished, verified and committed copy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CopyOutcome {
    /// Rows read from the source.
    pub rows_read: u64,
    /// Rows in the sink, as the sink itself counted them.
    pub rows_copied: u64,
    /// Rows that were left out because they do not fit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows_skipped: u64,
    /// Bytes read from the source.
    pub bytes_read: u64,
    /// Bytes written to the sink.
    pub bytes_written: u64,
    /// When the attempt began.
    pub started: Option<DateTime<Utc>>,
    /// When the commit was done.
    pub finished: Option<DateTime<Utc>>,
    /// How many partitions were read at the same time.
    pub parallel: u32,
    /// Seconds spent in each stage: `plan`, `copy`, `verify`, `commit`.
    #[serde(default)]
    pub stages: std::collections::BTreeMap<String, f64>,
    /// Where the data lies now, for people.
    #[serde(default)]
    pub location: String,
    /// Order-independent hash of all rows read, hexadecimal.
    #[serde(default)]
    pub content_hash: String,
    /// The encoding that was hashed, where rows passed through in that of their store; empty for their values.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content_form: String,
    /// Order-independent hash of every column that was written, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnDigest>,
    /// The node that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// What a reader should know (widened types, a missing estimate ...).
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// The hash of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDigest {
    /// The column's name in the sink.
    pub name: String,
    /// 16 hexadecimal digits.
    pub hash: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl CopyOutcome {
    /// The activity's `output` in ADF's words: bytes, rows, seconds, and throughput in KiB/s.
    pub fn to_adf_output(&self, gateway: &str) -> Value {
        let seconds = match (self.started, self.finished) {
            (Some(from), Some(to)) => (to - from).as_seconds_f64().max(0.001),
            _ => 0.001,
        };
        let throughput = (self.bytes_read as f64 / 1024.0 / seconds * 1000.0).round() / 1000.0;
        let verified = self.extra.get("dataConsistencyVerification").cloned();
        let verified = verified.unwrap_or_else(|| serde_json::json!({ "VerificationResult": "Verified" }));
        let mut output = serde_json::json!({
            "dataRead": self.bytes_read,
            "dataWritten": self.bytes_written,
            "rowsRead": self.rows_read,
            "rowsCopied": self.rows_copied,
            "rowsSkipped": self.rows_skipped,
            "copyDuration": seconds.ceil() as u64,
            "throughput": throughput,
            "errors": [],
            "effectiveIntegrationRuntime": gateway,
            "usedParallelCopies": self.parallel,
            "dataConsistencyVerification": verified,
            "warnings": self.warnings,
            "executionDetails": [{
                "status": "Succeeded",
                "start": self.started,
                "duration": seconds.ceil() as u64,
                "usedParallelCopies": self.parallel,
                "detailedDurations": self.stages,
            }],
        });
        for name in [
            "filesRead",
            "filesWritten",
            "filesSkipped",
            "logFilePath",
            "redirectRowPath",
            "resumed",
            "shared",
            "receipt",
        ] {
            if let Some(value) = self.extra.get(name) {
                output[name] = value.clone();
            }
        }
        if self.extra.contains_key("filesRead")
            && let Some(output) = output.as_object_mut()
        {
            // Files that are copied as they are have no rows.
            output.retain(|name, _| !["rowsRead", "rowsCopied", "rowsSkipped"].contains(&name.as_str()));
        }
        output
    }
}

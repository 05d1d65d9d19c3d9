//! What came of a copy.

use crate::Object;
use crate::ids::NodeId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

//! The receipt of a finished copy: what a node says that it did, and signs.
//!
//! This is the content. On the disk and in an activity's output it is a JWS ([`Signed`]) whose header holds the node's
//! certificate and that of its factory's CA.

use crate::ids::{FactoryId, GatewayId, JobId, NodeId, RunId};
use crate::job::{ColumnDigest, CopyOutcome, Endpoint};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The format version of [`Receipt`].
pub const VERSION: u8 = 1;
/// The `typ` in the header of a signed receipt: what is signed for another purpose is no receipt.
pub const TYPE: &str = "sluice-receipt";
/// Clocks of one machine do not jump further than this between two steps of a copy.
const SLACK: TimeDelta = TimeDelta::minutes(5);

/// A receipt in JWS's flattened JSON form (RFC 7515, 7.2.2). Nothing else may stand beside what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The receipt, base64url.
    pub payload: String,
    /// The header, base64url.
    pub protected: String,
    /// The signature of both, base64url.
    pub signature: String,
}

/// What was copied, by whom, and what was found when it was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Format version, [`VERSION`].
    pub v: u8,
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: u32,
    /// The fencing token it ran under.
    pub token: u64,
    /// The pipeline run that it belongs to.
    pub run: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The activity's name.
    pub activity: String,
    /// Who did it.
    pub node: Signer,
    /// What was read.
    pub source: Place,
    /// What was written.
    pub sink: Place,
    /// Where the data lies now, as the sink says.
    pub location: String,
    /// Rows.
    pub rows: Rows,
    /// Files, where they were copied as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Files>,
    /// Bytes.
    pub bytes: Bytes,
    /// The content's hashes.
    pub content: Content,
    /// What was compared before this was signed: `rows`, or `rows and content`.
    pub verified: String,
    /// When the attempt began.
    pub started: DateTime<Utc>,
    /// When the commit was done.
    pub finished: DateTime<Utc>,
    /// When this was signed.
    pub issued: DateTime<Utc>,
    /// Seconds spent in each stage.
    pub stages: BTreeMap<String, f64>,
    /// How many partitions were read at the same time.
    pub parallel: u32,
    /// What this attempt found staged by an earlier one, and how that was proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Value>,
    /// Which nodes wrote how much, when several did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<Value>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// The node that copied and signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signer {
    /// The node's id, which its certificate names.
    pub id: NodeId,
    /// The name its administrator gave it.
    pub name: String,
    /// Its gateway.
    pub gateway: GatewayId,
    /// The gateway's name.
    pub gateway_name: String,
    /// The factory.
    pub factory: FactoryId,
    /// The data factory's name.
    pub factory_name: String,
    /// The version of Sluice.
    pub version: String,
}

/// One side of the copy, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The linked service's name.
    pub linked_service: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The dataset's type.
    pub dataset: String,
}

/// Rows, as they were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// From the source.
    pub read: u64,
    /// In the sink, by the sink's own count.
    pub written: u64,
    /// Left out because they do not fit.
    pub skipped: u64,
}

/// Files, as they were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// From the source.
    pub read: u64,
    /// In the sink, those that an earlier attempt published included.
    pub written: u64,
    /// Left out.
    pub skipped: u64,
}

/// Bytes, as the stores count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// From the source.
    pub read: u64,
    /// To the sink.
    pub written: u64,
}

/// Order-independent hashes of what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// What was hashed: `values`, or the encoding in which rows passed through undecoded.
    pub of: String,
    /// The hash of the rows, 32 hexadecimal digits; empty for a copy that does not look at rows.
    pub rows: String,
    /// The hash of every column, in their order.
    pub columns: Vec<ColumnDigest>,
}

/// What of the outcome's members says what was verified.
fn verified(outcome: &CopyOutcome) -> String {
    let facts = outcome.extra.get("dataConsistencyVerification");
    let word = facts
        .and_then(|facts| facts.get("verified"))
        .and_then(|word| word.as_str());
    word.unwrap_or("rows").to_owned()
}

/// The counts of files, if there are any.
fn files(outcome: &CopyOutcome) -> Option<Files> {
    let count = |name: &str| outcome.extra.get(name).and_then(serde_json::Value::as_u64);
    Some(Files {
        read: count("filesRead")?,
        written: count("filesWritten")?,
        skipped: count("filesSkipped").unwrap_or_default(),
    })
}

impl Place {
    /// What may be told of a side.
    pub fn of(end: &Endpoint) -> Self {
        Self {
            linked_service: end.name.clone(),
            kind: end.kind.clone(),
            dataset: end.dataset_kind.clone(),
        }
    }
}

impl Receipt {
    /// Fills in what the outcome says; the rest says who and for what.
    pub fn of(
        outcome: &CopyOutcome,
        (job, attempt, token): (JobId, u32, u64),
        (run, pipeline, activity): (RunId, String, String),
        (source, sink): (Place, Place),
        node: Signer,
        issued: DateTime<Utc>,
    ) -> Self {
        Self {
            v: VERSION,
            job,
            attempt,
            token,
            run,
            pipeline,
            activity,
            node,
            source,
            sink,
            location: outcome.location.clone(),
            rows: Rows {
                read: outcome.rows_read,
                written: outcome.rows_copied,
                skipped: outcome.rows_skipped,
            },
            files: files(outcome),
            bytes: Bytes {
                read: outcome.bytes_read,
                written: outcome.bytes_written,
            },
            content: Content {
                of: match outcome.content_form.as_str() {
                    "" => "values".to_owned(),
                    form => form.to_owned(),
                },
                rows: outcome.content_hash.clone(),
                columns: outcome.columns.clone(),
            },
            verified: verified(outcome),
            started: outcome.started.unwrap_or(issued),
            finished: outcome.finished.unwrap_or(issued),
            issued,
            stages: outcome.stages.clone(),
            parallel: outcome.parallel,
            resumed: outcome.extra.get("resumed").cloned(),
            shared: outcome.extra.get("shared").cloned(),
            warnings: outcome.warnings.clone(),
        }
    }

    /// Whether it agrees with itself: the rows add up, the hashes are hashes, the times are in order.
    ///
    /// # Errors
    /// What does not agree.
    pub fn check(&self) -> Result<(), String> {
        let Rows { read, written, skipped } = self.rows;
        if self.v != VERSION {
            return Err(format!("it is of version {}, and this Sluice reads {VERSION}", self.v));
        }
        if written.checked_add(skipped) != Some(read) {
            return Err(format!(
                "{read} rows were read, but {written} written and {skipped} left out"
            ));
        }
        if !self.content.rows.is_empty() && !is_hash(&self.content.rows, 32) {
            return Err("the hash of its rows is not 32 hexadecimal digits".to_owned());
        }
        if let Some(column) = self.content.columns.iter().find(|column| !is_hash(&column.hash, 16)) {
            return Err(format!(
                "the hash of column {:?} is not 16 hexadecimal digits",
                column.name
            ));
        }
        let zero = |text: &str| text.bytes().all(|digit| digit == b'0');
        let mut hashes = self.content.columns.iter().map(|column| &column.hash);
        // A copy of files has a hash of them, and neither rows nor columns.
        let of_rows = !self.content.columns.is_empty();
        if of_rows && read == 0 && !(zero(&self.content.rows) && hashes.all(|hash| zero(hash))) {
            return Err("no rows were read, but they have hashes".to_owned());
        }
        if self.started > self.finished + SLACK || self.finished > self.issued + SLACK {
            return Err("its times are not in order".to_owned());
        }
        Ok(())
    }
}

fn is_hash(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
}

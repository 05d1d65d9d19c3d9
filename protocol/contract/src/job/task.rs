//! Activities that ask something of one store, or of a web address, and what they answer.

use super::{CopyOutcome, Endpoint};
use crate::Object;
use crate::ids::NodeId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is asked, by the activity's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// The rows of a query, table or file.
    Lookup,
    /// What a dataset is: whether it exists, its size, its columns, what is in it.
    GetMetadata,
    /// Files are deleted.
    Delete,
    /// Waits until a dataset is there.
    Validation,
    /// Statements are run one behind another.
    Script,
    /// A stored procedure is called.
    SqlServerStoredProcedure,
    /// A web address is called from the node.
    WebActivity,
}

impl Task {
    /// The activity's `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Task::Lookup => "Lookup",
            Task::GetMetadata => "GetMetadata",
            Task::Delete => "Delete",
            Task::Validation => "Validation",
            Task::Script => "Script",
            Task::SqlServerStoredProcedure => "SqlServerStoredProcedure",
            Task::WebActivity => "WebActivity",
        }
    }
}

/// An activity that is no copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// What is asked.
    pub kind: Task,
    /// The dataset's name, for the output of those that tell it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dataset_name: String,
    /// The store that is asked; none for a web address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<Endpoint>,
    /// Where a log is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Endpoint>,
    /// The activity's `typeProperties`, every expression evaluated, no secret in clear.
    #[serde(default)]
    pub settings: Object,
    /// Secrets of the activity itself, sealed (compact JWE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// What a task answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskOutcome {
    /// The activity's `output` in ADF's words; empty when it travels in parts.
    pub output: Object,
    /// How many [`OutputPart`]s went before and hold the output; none when it is in here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parts: u32,
    /// When the attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<DateTime<Utc>>,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<DateTime<Utc>>,
    /// The node that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// `job.output`: a piece of an output that is too large for one message. All go before `job.completed`, and each is
/// acknowledged by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputPart {
    /// Its place, from 0.
    pub part: u32,
    /// How many there are.
    pub of: u32,
    /// Base64 of a piece of the output's JSON text.
    pub data: String,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

impl OutputPart {
    /// Bytes of JSON text in a part: in base64 they fill two thirds of a message.
    pub const BYTES: usize = 96 * 1024;
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// A copy: verified and committed.
    Copy(Box<CopyOutcome>),
    /// Another activity.
    Task(Box<TaskOutcome>),
}

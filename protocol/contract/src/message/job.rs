//! A job on its way through a node.

use crate::Object;
use crate::fault::Fault;
use crate::job::{CopyProgress, JobSpec, Outcome};
use serde::{Deserialize, Serialize};

/// `job.dispatch`; job and attempt are in the envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    /// What to do.
    pub spec: JobSpec,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `job.claim`; job, attempt, node and epoch are in the envelope.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `job.reject`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reject {
    /// Why this node cannot run it.
    pub fault: Fault,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `lease.granted`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaseGranted {
    /// The fencing token to act under; larger than that of every earlier attempt.
    pub token: u64,
    /// Seconds the lease lasts without a heartbeat.
    pub lease_s: u32,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `lease.denied`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaseDenied {
    /// Why, in words.
    pub reason: String,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `job.progress`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// How far it is.
    pub progress: CopyProgress,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `job.prepare_commit`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PrepareCommit {
    /// Rows staged and verified.
    pub rows: u64,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `commit.granted` and `commit.denied`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommitDecision {
    /// Why, in words; empty when granted.
    #[serde(default)]
    pub reason: String,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `job.completed`; the token is in the envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completed {
    /// What was copied, or answered.
    pub outcome: Outcome,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `job.failed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// Why.
    pub fault: Fault,
    /// What was done before, for the activity's output.
    #[serde(default)]
    pub progress: CopyProgress,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `job.cancelled`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cancelled {
    /// What was done before.
    #[serde(default)]
    pub progress: CopyProgress,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `job.cancel`; the job is in the envelope, no attempt there means every attempt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cancel {
    /// Seconds until it is torn down without asking.
    #[serde(default)]
    pub grace_s: u32,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

//! Opening a session, and keeping it alive.

use super::ComponentState;
use crate::Object;
use crate::enrol::ReplicaAddress;
use crate::ids::JobId;
use crate::job::CopyProgress;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `gateway.hello`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The agent's version.
    pub version: String,
    /// Operating system and architecture, such as `linux-x86_64`.
    #[serde(default)]
    pub os: String,
    /// The machine's host name.
    #[serde(default)]
    pub machine: String,
    /// SHA-256 (base64url) of the gateway's credential certificate that this node holds.
    #[serde(default)]
    pub certificate: String,
    /// SHA-256 (base64url) of every credential certificate whose key this node holds.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// What this process calls itself: another name with every start of the agent.
    #[serde(default)]
    pub instance: String,
    /// How many jobs it runs at the same time.
    pub slots: u32,
    /// The jobs it is still running from an earlier session.
    #[serde(default)]
    pub running: Vec<RunningJob>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// A job that a node says it is running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunningJob {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: u32,
    /// The token it runs under.
    pub token: u64,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `session.welcome`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The session; higher than every earlier one of this node.
    pub epoch: u64,
    /// Seconds between heartbeats.
    pub heartbeat_s: u32,
    /// Seconds a lease lasts without a heartbeat.
    pub lease_s: u32,
    /// The factory's clock.
    pub server_time: DateTime<Utc>,
    /// How many jobs the node may run at the same time, where an administrator has said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_jobs_limit: Option<u32>,
    /// What to do with the jobs of the hello.
    #[serde(default)]
    pub reconcile: Vec<Reconcile>,
    /// Where the factory is reached: every replica that runs, this one among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<ReplicaAddress>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// What to do with a job that was running before the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reconcile {
    /// The job.
    pub job: JobId,
    /// Keep it or abort it.
    pub verdict: Verdict,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// Keep or abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The lease still stands.
    Keep,
    /// Another attempt owns the job, or it is over.
    Abort,
}

/// `gateway.heartbeat`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Free places for jobs.
    pub slots_free: u32,
    /// Places in all.
    #[serde(default)]
    pub slots: u32,
    /// CPU use of the machine in percent.
    #[serde(default)]
    pub cpu_percent: f32,
    /// Memory still available on the machine, in bytes.
    #[serde(default)]
    pub memory_available: u64,
    /// Why it takes fewer jobs than it has places, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<String>,
    /// Its components, those that do not run first; at most [`Heartbeat::COMPONENTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<ComponentState>,
    /// Components that found no room.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub components_left_out: u32,
    /// Every job this node holds.
    #[serde(default)]
    pub leases: Vec<LeaseState>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

impl Heartbeat {
    /// The most components that one heartbeat tells of: a node has about ten, and one for each store it talks to.
    pub const COMPONENTS: usize = 32;
}

// By reference, as serde calls it.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One lease in a heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaseState {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: u32,
    /// The token it runs under.
    pub token: u64,
    /// How far it is.
    #[serde(default)]
    pub progress: CopyProgress,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `lease.renewed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeaseRenewed {
    /// Leases that go on.
    #[serde(default)]
    pub granted: Vec<RenewedLease>,
    /// Leases that are over: stop at once, commit nothing.
    #[serde(default)]
    pub revoked: Vec<RevokedLease>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// A lease that goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenewedLease {
    /// The job.
    pub job: JobId,
    /// Seconds from now, as the node counts them from the sending of its heartbeat.
    pub lease_s: u32,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// A lease that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevokedLease {
    /// The job.
    pub job: JobId,
    /// Why, in words.
    pub reason: String,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

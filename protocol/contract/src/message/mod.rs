//! The catalogue of messages. The direction is seen from the node: *up* to the factory, *down* to the node.

mod component;
mod control;
mod files;
mod job;
mod probe;
mod session;
mod share;

pub use component::ComponentState;
pub use control::{
    ConfigChanged, Drain, ErrorReply, EventAck, KeyRevoked, LogsRef, LogsRequest, UpdateOffer, UpdateStatus,
};
pub use files::{FileSeen, FilesLook, FilesSeen};
pub use job::{
    Cancel, Cancelled, Claim, CommitDecision, Completed, Dispatch, Failed, LeaseDenied, LeaseGranted, PrepareCommit,
    Progress, Reject,
};
pub use probe::{ProbeReply, ProbeRequest, ProbeStage};
pub use session::{
    Heartbeat, Hello, LeaseRenewed, LeaseState, Reconcile, RenewedLease, RevokedLease, RunningJob, Verdict, Welcome,
};
pub use share::{Share, Talk};

use crate::codes::Code;
use crate::fault::Fault;
use crate::job::OutputPart;
use chrono::TimeDelta;
use serde_json::Value;

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($body:ty) = $kind:literal, $ttl:expr;)*) => {
        /// A typed message.
        // One is taken apart where it arrives and never kept in numbers: its size does not matter.
        #[allow(clippy::large_enum_variant)]
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Message {
            $($(#[$doc])* $name($body),)*
            /// A type of a newer version, kept as it came.
            Unknown {
                /// The type.
                kind: String,
                /// The data.
                data: Value,
            },
        }

        /// Every message type this version knows.
        pub const KINDS: &[&str] = &[$($kind,)*];

        impl Message {
            /// The type's name on the wire.
            pub fn kind(&self) -> &str {
                match self {
                    $(Message::$name(_) => $kind,)*
                    Message::Unknown { kind, .. } => kind,
                }
            }

            /// How long it is of use; `None` for ever.
            pub fn ttl(&self) -> Option<TimeDelta> {
                match self {
                    $(Message::$name(_) => {
                        let seconds: Option<i64> = $ttl;
                        seconds.map(TimeDelta::seconds)
                    })*
                    Message::Unknown { .. } => None,
                }
            }

            /// The message as an envelope's data.
            pub fn to_data(&self) -> Value {
                match self {
                    // Plain structs of strings, numbers and JSON: serializing cannot fail.
                    $(Message::$name(body) => serde_json::to_value(body).unwrap_or(Value::Null),)*
                    Message::Unknown { data, .. } => data.clone(),
                }
            }

            /// Reads an envelope's data.
            ///
            /// # Errors
            /// [`Code::MessageInvalid`] when the data is not what the type asks for.
            pub fn from_data(kind: &str, data: &Value) -> Result<Self, Fault> {
                match kind {
                    $($kind => serde::Deserialize::deserialize(data)
                        .map(Message::$name)
                        .map_err(|e: serde_json::Error| Fault::new(Code::MessageInvalid, format!("{kind}: {e}"))),)*
                    _ => Ok(Message::Unknown { kind: kind.to_owned(), data: data.clone() }),
                }
            }
        }
    };
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

messages! {
    /// Up: a node opens a session.
    GatewayHello(Hello) = "gateway.hello", Some(MINUTE);
    /// Down: the session's epoch and intervals, and what to do with running jobs.
    SessionWelcome(Welcome) = "session.welcome", Some(MINUTE);
    /// Up, every third of the idle timeout: keeps the connection and renews all leases.
    GatewayHeartbeat(Heartbeat) = "gateway.heartbeat", Some(40);
    /// Down: the answer to a heartbeat.
    LeaseRenewed(LeaseRenewed) = "lease.renewed", Some(3 * MINUTE);
    /// Down: a job is there for one node of the gateway.
    JobDispatch(Dispatch) = "job.dispatch", Some(10 * MINUTE);
    /// Up: the node wants to run it.
    JobClaim(Claim) = "job.claim", Some(MINUTE);
    /// Up: the node cannot run it.
    JobReject(Reject) = "job.reject", None;
    /// Down: run it, under this token, until then.
    LeaseGranted(LeaseGranted) = "lease.granted", Some(MINUTE);
    /// Down: do not run it.
    LeaseDenied(LeaseDenied) = "lease.denied", Some(MINUTE);
    /// Up, best effort, the latest wins.
    JobProgress(Progress) = "job.progress", Some(5 * MINUTE);
    /// Up: all is staged and verified; may it be published?
    JobPrepareCommit(PrepareCommit) = "job.prepare_commit", Some(MINUTE);
    /// Down: publish.
    CommitGranted(CommitDecision) = "commit.granted", Some(MINUTE);
    /// Down: another attempt decides.
    CommitDenied(CommitDecision) = "commit.denied", Some(MINUTE);
    /// Up: a piece of an output that is too large for `job.completed`; goes before it.
    JobOutput(OutputPart) = "job.output", None;
    /// Up: done.
    JobCompleted(Completed) = "job.completed", None;
    /// Up: failed.
    JobFailed(Failed) = "job.failed", None;
    /// Both ways: nodes share the partitions of one copy.
    CopyShare(Share) = "copy.share", Some(MINUTE);
    /// Up: stopped on request.
    JobCancelled(Cancelled) = "job.cancelled", None;
    /// Down: these outcomes are recorded; the node's outbox may forget them.
    EventAck(EventAck) = "event.ack", Some(HOUR);
    /// Down: stop a job.
    JobCancel(Cancel) = "job.cancel", Some(DAY);
    /// Down: test a connection.
    ProbeRequest(ProbeRequest) = "probe.request", Some(2 * MINUTE);
    /// Up: how the test went.
    ProbeReply(ProbeReply) = "probe.reply", Some(2 * MINUTE);
    /// Down: which files are there?
    FilesLook(FilesLook) = "files.look", Some(2 * MINUTE);
    /// Up: these, or some of them.
    FilesSeen(FilesSeen) = "files.seen", Some(2 * MINUTE);
    /// Down: take no new job.
    GatewayDrain(Drain) = "gateway.drain", Some(DAY);
    /// Down: take jobs again.
    GatewayResume(Drain) = "gateway.resume", Some(DAY);
    /// Down: a version to update to.
    UpdateOffer(UpdateOffer) = "update.offer", Some(DAY);
    /// Up: how the update goes.
    UpdateStatus(UpdateStatus) = "update.status", Some(DAY);
    /// Down: settings changed.
    ConfigChanged(ConfigChanged) = "config.changed", Some(DAY);
    /// Down: a registration key or the node itself was revoked.
    KeyRevoked(KeyRevoked) = "key.revoked", Some(DAY);
    /// Down: renew the node's certificate.
    CertRotate(ConfigChanged) = "cert.rotate", Some(DAY);
    /// Down: send logs.
    LogsRequest(LogsRequest) = "logs.request", Some(HOUR);
    /// Up: where the logs are.
    LogsRef(LogsRef) = "logs.ref", Some(HOUR);
    /// Both: the message in `corr` could not be handled.
    Error(ErrorReply) = "error", Some(MINUTE);
}

//! The figures of each component, as the admin socket tells them.

use serde::{Deserialize, Serialize};
use sluice_runtime::{Health, Root, Snapshot};

/// One component and its figures. What became of messages adds up: sent is handled, rejected, lost, fenced and
/// cancelled, and what is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorRow {
    /// Its id, by which it is restarted.
    pub id: String,
    /// Its kind.
    pub component: String,
    /// `starting`, `running`, `backingOff`, `stalled`, `failed` (given up) or `stopped`.
    pub health: String,
    /// What it failed with, while it is not running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Starts at 1 and grows with every restart.
    pub incarnation: u64,
    /// How often it was restarted.
    pub restarts: RestartCounts,
    /// Messages that wait.
    pub depth: usize,
    /// Messages that may wait.
    pub capacity: usize,
    /// Messages offered to it.
    pub sent: u64,
    /// Messages handled to the end.
    pub handled: u64,
    /// Messages handed back, because the mailbox was full or the component down.
    pub rejected: u64,
    /// Messages that were gone with a failure.
    pub lost: u64,
    /// Messages under way when it was fenced for a hang.
    pub fenced: u64,
    /// Messages not started because nobody waited for the answer any more.
    pub cancelled: u64,
    /// Tasks that run.
    pub tasks: usize,
    /// The message that is being handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<CurrentMessage>,
    /// Its last panic since the agent started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_panic: Option<PanicRow>,
}

/// Restarts by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartCounts {
    /// All of them.
    pub total: u64,
    /// After a panic.
    pub panic: u64,
    /// After a hang.
    pub hang: u64,
    /// After a stall.
    pub stalled: u64,
    /// After it stopped itself.
    pub stopped: u64,
    /// On request.
    pub requested: u64,
    /// Together with another component.
    pub neighbour: u64,
    /// Times that it was given up; not a restart.
    pub escalated: u64,
}

/// A message being handled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentMessage {
    /// Its type.
    pub message: String,
    /// For how long, in milliseconds.
    pub age_ms: u64,
}

/// A panic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PanicRow {
    /// Its text.
    pub message: String,
    /// The type of the message that was being handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling: Option<String>,
}

/// All components, in the order they were started.
pub(super) fn rows(root: &Root) -> Vec<ActorRow> {
    root.snapshot().iter().map(row).collect()
}

fn row((id, health, snapshot): &(String, Health, Snapshot)) -> ActorRow {
    let restarts = &snapshot.restarts;
    let reason = match (&snapshot.escalation, health) {
        (Some(escalation), _) => Some(escalation.reason.clone()),
        (None, Health::BackingOff | Health::Stalled | Health::Failed) => snapshot.last_fault.clone(),
        _ => None,
    };
    ActorRow {
        id: id.clone(),
        component: snapshot.component.to_owned(),
        health: health.as_str().to_owned(),
        reason,
        incarnation: snapshot.incarnation,
        restarts: RestartCounts {
            total: restarts.total(),
            panic: restarts.panic,
            hang: restarts.hang,
            stalled: restarts.stalled,
            stopped: restarts.stopped,
            requested: restarts.requested,
            neighbour: restarts.neighbour,
            escalated: restarts.escalated,
        },
        depth: snapshot.depth,
        capacity: snapshot.capacity,
        sent: snapshot.counts.sent,
        handled: snapshot.counts.handled,
        rejected: snapshot.counts.rejected,
        lost: snapshot.counts.lost,
        fenced: snapshot.counts.fenced,
        cancelled: snapshot.counts.cancelled,
        tasks: snapshot.tasks,
        current: snapshot.current.as_ref().map(|current| CurrentMessage {
            message: current.message.to_owned(),
            age_ms: current.age_ns / 1_000_000,
        }),
        last_panic: snapshot.last_panic.as_ref().map(|panic| PanicRow {
            message: panic.message.clone(),
            handling: panic.handling.map(str::to_owned),
        }),
    }
}

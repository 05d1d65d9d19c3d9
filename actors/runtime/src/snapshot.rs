//! The figures of one component at one moment.

use serde::Serialize;

use crate::{Health, Timing};

/// What became of messages. When nothing is under way, `sent` is the sum of the other five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Offered to the component, accepted or not.
    pub sent: u64,
    /// Handled to the end.
    pub handled: u64,
    /// Handed back to the sender, because the mailbox was full or the component was down.
    pub rejected: u64,
    /// Accepted and gone: the component panicked while handling it, or failed or stopped before.
    pub lost: u64,
    /// Being handled when the component was fenced for a hang, or meant for an earlier incarnation.
    pub fenced: u64,
    /// Not started because nobody waits for it any more: the asker's deadline had passed, or the sender gave up waiting
    /// for room.
    pub cancelled: u64,
}

impl Counts {
    /// Adds other counts to these.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.handled += other.handled;
        self.rejected += other.rejected;
        self.lost += other.lost;
        self.fenced += other.fenced;
        self.cancelled += other.cancelled;
    }

    /// How many have come to an end, one way or another.
    #[must_use]
    pub const fn settled(&self) -> u64 {
        self.handled + self.rejected + self.lost + self.fenced + self.cancelled
    }
}

/// How often a component was restarted, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restarts {
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
    /// Times that the restart policy was exhausted.
    pub escalated: u64,
}

impl Restarts {
    /// All restarts; escalations are not restarts.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.panic + self.hang + self.stalled + self.stopped + self.requested + self.neighbour
    }
}

/// The message that a component is handling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Current {
    /// The name of the message type.
    pub message: &'static str,
    /// For how long, in nanoseconds.
    pub age_ns: u64,
}

/// A component's last panic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastPanic {
    /// The text of the panic.
    pub message: String,
    /// The message type it was handling, if it was handling one.
    pub handling: Option<&'static str>,
}

/// Why a component was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Escalation {
    /// The last fault, in words.
    pub reason: String,
    /// It comes back by itself after its cool-down; otherwise somebody must restart it.
    pub cools_down: bool,
}

/// The figures of one message type of one component.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageSnapshot {
    /// The name of the message type.
    pub message: &'static str,
    /// What became of these messages.
    pub counts: Counts,
    /// From being accepted to being started.
    pub wait: Timing,
    /// From being started to the handler having returned.
    pub run: Timing,
}

/// The figures of one component at one moment. Read without stopping the component: figures may be a message apart.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// [`Component::NAME`](crate::Component::NAME).
    pub component: &'static str,
    /// How it is doing.
    pub health: Health,
    /// Starts at 1 and grows by one with every restart.
    pub incarnation: u64,
    /// How often it was restarted.
    pub restarts: Restarts,
    /// The last fault, in words.
    pub last_fault: Option<String>,
    /// The last panic.
    pub last_panic: Option<LastPanic>,
    /// Why it was given up, until it runs again.
    pub escalation: Option<Escalation>,
    /// It takes no more messages, see [`Root::drain`](crate::Root::drain).
    pub draining: bool,
    /// How many messages may wait.
    pub capacity: usize,
    /// How many messages wait.
    pub depth: usize,
    /// How many have waited at most.
    pub depth_peak: usize,
    /// How many senders wait for room, see [`Handle::tell_wait`](crate::Handle::tell_wait).
    pub waiting: usize,
    /// The message type being handled, if any.
    pub handling: Option<&'static str>,
    /// The message being handled and its age, if any.
    pub current: Option<Current>,
    /// Tasks of the present incarnation that have not ended.
    pub tasks: usize,
    /// Tasks that panicked.
    pub task_panics: u64,
    /// What became of all messages.
    pub counts: Counts,
    /// From being accepted to being started, all messages.
    pub wait: Timing,
    /// From being started to the handler having returned, all messages.
    pub run: Timing,
    /// The same per message type.
    pub messages: Vec<MessageSnapshot>,
}

impl Snapshot {
    /// Messages sent that are neither settled nor waiting, in the mailbox or for room in it, nor being handled; zero when
    /// nothing is under way.
    #[must_use]
    pub fn unaccounted(&self) -> i128 {
        let under_way = (self.depth + self.waiting) as i128 + i128::from(self.handling.is_some());
        i128::from(self.counts.sent) - i128::from(self.counts.settled()) - under_way
    }
}

//! One queue of the embedded endpoint. It is a doorbell, not a store: a message lives here only while its sender waits for
//! the outcome, and is withdrawn when the sender stops waiting. The factory's database is the durable queue.

use crate::Peer;
use bytes::Bytes;
use sluice_contract::Envelope;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};

/// A message, and who sent it where that is a node.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) envelope: Envelope,
    /// The envelope as JSON; empty where it is not sent any further.
    pub(crate) body: Bytes,
    pub(crate) peer: Option<Peer>,
}

/// How a consumer settled a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Rejected(String),
}

/// A look at a waiting message.
#[derive(Clone, Debug)]
pub(crate) struct Peek {
    pub(crate) id: u64,
    pub(crate) item: Arc<Item>,
    pub(crate) redelivered: bool,
}

/// What was known of a message when its sender stopped waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withdrawn {
    /// No consumer ever had it.
    Untaken,
    /// A consumer has it, or had it and lost it: it may have acted on it.
    Taken,
}

struct Entry {
    peek: Peek,
    reply: oneshot::Sender<Verdict>,
    /// The message's share of the memory for messages, where it has one.
    _room: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
struct State {
    last: u64,
    waiting: VecDeque<Entry>,
    taken: HashMap<u64, Entry>,
}

/// Messages in order, taken by whoever has credit.
pub(crate) struct Queue {
    state: Mutex<State>,
    limit: usize,
    changed: Notify,
}

/// The sender's side of a message in a queue. Dropping it withdraws the message.
pub(crate) struct Ticket {
    queue: Arc<Queue>,
    id: u64,
    pub(crate) reply: oneshot::Receiver<Verdict>,
}

impl Queue {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            limit,
            changed: Notify::new(),
        })
    }

    /// Appends a message; `None` when the queue is full.
    pub(crate) fn push(self: &Arc<Self>, item: Item, room: Option<OwnedSemaphorePermit>) -> Option<Ticket> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        if state.waiting.len() + state.taken.len() >= self.limit {
            return None;
        }
        state.last += 1;
        let id = state.last;
        state.waiting.push_back(Entry {
            peek: Peek {
                id,
                item: Arc::new(item),
                redelivered: false,
            },
            reply,
            _room: room,
        });
        drop(state);
        self.changed.notify_waiters();
        Some(Ticket {
            queue: self.clone(),
            id,
            reply: answer,
        })
    }

    /// Resolves at the next change; enable it before looking, so that no change is missed.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// The first waiting message that is wanted.
    pub(crate) fn peek(&self, wanted: impl Fn(&Item) -> bool) -> Option<Peek> {
        let state = self.lock();
        state
            .waiting
            .iter()
            .find(|entry| wanted(&entry.peek.item))
            .map(|entry| entry.peek.clone())
    }

    /// Takes the first waiting message that is wanted.
    pub(crate) fn take(&self, wanted: impl Fn(&Item) -> bool) -> Option<Peek> {
        let mut state = self.lock();
        let place = state.waiting.iter().position(|entry| wanted(&entry.peek.item))?;
        Some(state.take(place))
    }

    /// Tries to hand a waiting message over; it is taken exactly if `hand_over` succeeds. The queue is locked meanwhile, so
    /// that no two consumers hand over the same message; `hand_over` must not wait. `None` when it waits no longer.
    pub(crate) fn take_if<T, E>(
        &self,
        id: u64,
        hand_over: impl FnOnce() -> Poll<Result<T, E>>,
    ) -> Option<Poll<Result<T, E>>> {
        let mut state = self.lock();
        let place = state.waiting.iter().position(|entry| entry.peek.id == id)?;
        let result = hand_over();
        if let Poll::Ready(Ok(_)) = &result {
            state.take(place);
        }
        Some(result)
    }

    /// A consumer settled a taken message. Whether anybody still waited for that.
    pub(crate) fn settle(&self, id: u64, verdict: Verdict) -> bool {
        let entry = self.lock().taken.remove(&id);
        entry.is_some_and(|entry| entry.reply.send(verdict).is_ok())
    }

    /// A taken message goes back to its old place, if its sender still waits.
    pub(crate) fn release(&self, id: u64) {
        let mut state = self.lock();
        let Some(mut entry) = state.taken.remove(&id) else {
            return;
        };
        entry.peek.redelivered = true;
        let place = state.waiting.partition_point(|other| other.peek.id < id);
        state.waiting.insert(place, entry);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Whether it holds no message.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && state.taken.is_empty()
    }

    fn withdraw(&self, id: u64) -> Option<Withdrawn> {
        let mut state = self.lock();
        if state.taken.remove(&id).is_some() {
            return Some(Withdrawn::Taken);
        }
        let place = state.waiting.iter().position(|entry| entry.peek.id == id)?;
        let entry = state.waiting.remove(place)?;
        drop(state);
        // Who was about to hand it over looks for the next one.
        self.changed.notify_waiters();
        Some(if entry.peek.redelivered {
            Withdrawn::Taken
        } else {
            Withdrawn::Untaken
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here leaves the state half changed when it panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, place: usize) -> Peek {
        // The callers found the place under the same lock.
        let entry = self.waiting.remove(place).expect("a place that was just found");
        let peek = entry.peek.clone();
        self.taken.insert(peek.id, entry);
        peek
    }
}

impl Ticket {
    /// Takes the message back; what is known of it. A verdict that came just before wins.
    pub(crate) fn withdraw(mut self) -> Result<Verdict, Withdrawn> {
        let withdrawn = self.queue.withdraw(self.id);
        match (self.reply.try_recv(), withdrawn) {
            (Ok(verdict), _) => Ok(verdict),
            (Err(_), known) => Err(known.unwrap_or(Withdrawn::Taken)),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.queue.withdraw(self.id);
    }
}

/// The messages that one consumer took and has not settled. Dropping it gives them back.
pub(crate) struct Taken {
    queue: Arc<Queue>,
    ids: Vec<u64>,
}

impl Taken {
    pub(crate) fn of(queue: Arc<Queue>) -> Self {
        Self { queue, ids: Vec::new() }
    }

    pub(crate) fn add(&mut self, id: u64) {
        self.ids.push(id);
    }

    /// Whether the message was this consumer's; it no longer is.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.ids.len();
        self.ids.retain(|other| *other != id);
        self.ids.len() < before
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.ids.iter().for_each(|id| self.queue.release(*id));
    }
}

#[cfg(test)]
mod tests;

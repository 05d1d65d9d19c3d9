//! A component's mailbox. It belongs to the component, not to the thread it runs on, so it survives panics and hangs.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::Waker;

use futures::task::AtomicWaker;

use self::line::Line;
use crate::Component;
use crate::metered::Parcel;
use crate::sync::{guarded, lock};

mod line;

/// Who may put messages into the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Everybody.
    Open,
    /// Only the component's own tasks, because it is stopping.
    Draining,
    /// Nobody.
    Shut,
}

/// Why a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    Down,
}

/// No generation has this number.
pub(crate) const NOBODY: u64 = 0;

pub(crate) struct Queue<A: Component> {
    inner: Mutex<Inner<A>>,
    depth: AtomicUsize,
    taken: AtomicU64,
    waker: AtomicWaker,
    capacity: usize,
}

struct Inner<A: Component> {
    items: VecDeque<Box<dyn Parcel<A>>>,
    gate: Gate,
    /// The generation that may take messages. A fenced one is not it any more.
    owner: u64,
    /// The owner is having a turn: it need not be woken for mail, it looks again before it rests.
    awake: bool,
    /// Mail has come into the empty mailbox meanwhile.
    news: bool,
    /// Those who wait for room.
    line: Line,
}

impl<A: Component> Queue<A> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                items: VecDeque::new(),
                gate: Gate::Open,
                owner: NOBODY,
                awake: false,
                news: false,
                line: Line::default(),
            }),
            depth: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
            waker: AtomicWaker::new(),
            capacity,
        }
    }

    /// Puts a message in, unless the bound is reached or the gate is closed. `own` messages come from the component's
    /// own tasks: they are few, and losing one would leave the component waiting forever, so no bound applies.
    pub(crate) fn push<P: Parcel<A> + 'static>(&self, parcel: Box<P>, own: bool) -> Result<usize, (Box<P>, Refusal)> {
        let inner = lock(&self.inner);
        match inner.gate {
            Gate::Shut => return Err((parcel, Refusal::Down)),
            Gate::Draining if !own => return Err((parcel, Refusal::Down)),
            _ if !own && inner.items.len() + inner.line.granted >= self.capacity => {
                return Err((parcel, Refusal::Full));
            }
            _ => {}
        }
        Ok(self.enter(inner, parcel))
    }

    /// Puts a message in that may come in; how many wait now.
    fn enter<P: Parcel<A> + 'static>(&self, mut inner: MutexGuard<'_, Inner<A>>, parcel: Box<P>) -> usize {
        inner.items.push_back(parcel);
        let depth = inner.items.len();
        self.depth.store(depth, Ordering::Release);
        // Who has not found the mailbox empty comes back by itself: for the rest of its turn, its next turn, or its start.
        let asleep = !inner.awake;
        inner.news |= depth == 1;
        drop(inner);
        if depth == 1 && asleep {
            self.waker.wake();
        }
        depth
    }

    /// The next message, for the generation that owns the mailbox.
    pub(crate) fn pop(&self, generation: u64) -> Option<Box<dyn Parcel<A>>> {
        let mut inner = lock(&self.inner);
        if inner.owner != generation {
            return None;
        }
        let parcel = inner.items.pop_front()?;
        // Under the lock: once an owner has been deposed, nobody sees a message become its any more.
        parcel.taken_by(generation);
        self.depth.store(inner.items.len(), Ordering::Release);
        // One at a time, under the lock.
        self.taken
            .store(self.taken.load(Ordering::Relaxed) + 1, Ordering::Release);
        let taken = inner.items.len();
        let next = inner.line.grant(taken, self.capacity);
        drop(inner);
        if let Some(next) = next {
            next.wake();
        }
        Some(parcel)
    }

    /// Makes a generation, or [`NOBODY`], the one that may take messages.
    pub(crate) fn assign(&self, generation: u64) {
        let mut inner = lock(&self.inner);
        inner.owner = generation;
        inner.awake = false;
    }

    pub(crate) fn set_gate(&self, gate: Gate) {
        let gone = {
            let mut inner = lock(&self.inner);
            inner.gate = gate;
            if gate == Gate::Open {
                Vec::new()
            } else {
                inner.line.dissolve()
            }
        };
        gone.iter().for_each(|waiter| waiter.wake());
    }

    pub(crate) fn gate(&self) -> Gate {
        lock(&self.inner).gate
    }

    /// Refuses messages from now on and takes out those that wait. Dropping what is returned counts them as lost and
    /// releases their senders; that runs foreign code, so it is done without any lock.
    pub(crate) fn shut(&self) -> Undelivered<A> {
        let (gone, items) = {
            let mut inner = lock(&self.inner);
            inner.gate = Gate::Shut;
            self.depth.store(0, Ordering::Release);
            (inner.line.dissolve(), std::mem::take(&mut inner.items))
        };
        gone.iter().for_each(|waiter| waiter.wake());
        Undelivered(items)
    }

    /// How many messages wait.
    pub(crate) fn depth(&self) -> usize {
        self.depth.load(Ordering::Acquire)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many messages have ever been taken out.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    /// The owner begins a turn, before it looks into the mailbox: this is whom to wake when something arrives after it.
    pub(crate) fn begin_turn(&self, generation: u64, waker: &Waker) {
        let mut inner = lock(&self.inner);
        if inner.owner == generation {
            self.waker.register(waker);
            inner.awake = true;
            inner.news = false;
        }
    }

    /// The owner's turn ends, and the next one to arrive wakes it. False when it goes on, because mail has come that it
    /// may not have seen; unless it must end, since others are to have the thread.
    pub(crate) fn end_turn(&self, generation: u64, must: bool) -> bool {
        let mut inner = lock(&self.inner);
        if inner.owner != generation {
            return true;
        }
        let news = std::mem::take(&mut inner.news) && !inner.items.is_empty();
        inner.awake = news && !must;
        !inner.awake
    }

    /// Wakes the component's future, for a command.
    pub(crate) fn wake(&self) {
        self.waker.wake();
    }
}

/// Messages that nobody will handle.
#[must_use = "dropping it releases the senders; not while holding a lock"]
pub(crate) struct Undelivered<A: Component>(VecDeque<Box<dyn Parcel<A>>>);

impl<A: Component> Drop for Undelivered<A> {
    fn drop(&mut self) {
        for parcel in self.0.drain(..) {
            // A message's own Drop may panic; the others must still be dropped.
            if let Err(panic) = guarded(move || drop(parcel)) {
                tracing::warn!(panic, "Dropping an undelivered message panicked.");
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Those who wait for room in a mailbox: first come, first served, and nobody overtakes them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;

use futures::task::AtomicWaker;

use super::{Gate, Queue};
use crate::Component;
use crate::metered::Parcel;
use crate::sync::lock;

/// In line.
const WAITS: u8 = 0;
/// There is room that nobody else may take.
const GRANTED: u8 = 1;
/// Out of line: it has used its room, or nobody may send any more.
const LEFT: u8 = 2;

/// Somebody in line. Its place changes only under the mailbox's lock.
pub(super) struct Waiter {
    place: AtomicU8,
    waker: AtomicWaker,
}

impl Waiter {
    fn is(&self, place: u8) -> bool {
        self.place.load(Ordering::Acquire) == place
    }

    fn put(&self, place: u8) {
        self.place.store(place, Ordering::Release);
    }

    /// Tells it that its place has changed. Not under the lock.
    pub(super) fn wake(&self) {
        self.waker.wake();
    }
}

/// Who waits, and how much of the room belongs to those who waited and have not come for it yet.
///
/// While anybody waits there is no room, counting what is granted: whoever makes room grants it at once.
#[derive(Default)]
pub(super) struct Line {
    waiting: VecDeque<Arc<Waiter>>,
    pub(super) granted: usize,
}

impl Line {
    /// Grants room to the first. `taken` of `capacity` messages wait in the mailbox.
    pub(super) fn grant(&mut self, taken: usize, capacity: usize) -> Option<Arc<Waiter>> {
        if self.waiting.is_empty() || taken + self.granted >= capacity {
            return None;
        }
        let first = self.waiting.pop_front()?;
        first.put(GRANTED);
        self.granted += 1;
        Some(first)
    }

    /// Sends everybody away. Those with room keep it: they come for it and find out.
    #[must_use = "they are to be woken, not under the lock"]
    pub(super) fn dissolve(&mut self) -> Vec<Arc<Waiter>> {
        let waiting: Vec<_> = self.waiting.drain(..).collect();
        for waiter in &waiting {
            waiter.put(LEFT);
        }
        waiting
    }

    /// How many have not sent their message yet.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.granted
    }
}

/// A place in line. Who drops it leaves the line, and room that was granted goes to the next.
pub(crate) struct Place<'a, A: Component> {
    queue: &'a Queue<A>,
    waiter: Arc<Waiter>,
}

impl<A: Component> Queue<A> {
    /// Gets in line behind everybody else; at its head, when there is room.
    pub(crate) fn line_up(&self) -> Place<'_, A> {
        let waiter = Arc::new(Waiter {
            place: AtomicU8::new(WAITS),
            waker: AtomicWaker::new(),
        });
        let mut inner = lock(&self.inner);
        if inner.gate == Gate::Open {
            inner.line.waiting.push_back(Arc::clone(&waiter));
            let taken = inner.items.len();
            // Only itself: while somebody else waits there is no room. It is not asleep yet.
            let _ = inner.line.grant(taken, self.capacity);
        } else {
            waiter.put(LEFT);
        }
        Place { queue: self, waiter }
    }

    /// How many wait for room.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.inner).line.len()
    }
}

impl<A: Component> Place<'_, A> {
    /// Waits until there is room, or nobody may send any more.
    pub(crate) async fn called(&self) {
        poll_fn(|cx| {
            // First the waker, so that no call comes between the look and the sleep.
            self.waiter.waker.register(cx.waker());
            if self.waiter.is(WAITS) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    /// Puts the message in, to be done when [`Place::called`]. Hands it back when nobody may send any more.
    pub(crate) fn push<P: Parcel<A> + 'static>(self, parcel: Box<P>) -> Result<usize, Box<P>> {
        let mut inner = lock(&self.queue.inner);
        if inner.gate != Gate::Open || !self.waiter.is(GRANTED) {
            // Before the place is left, which takes the lock.
            drop(inner);
            return Err(parcel);
        }
        self.waiter.put(LEFT);
        inner.line.granted -= 1;
        Ok(self.queue.enter(inner, parcel))
    }
}

impl<A: Component> Drop for Place<'_, A> {
    fn drop(&mut self) {
        if self.waiter.is(LEFT) {
            return;
        }
        let mut inner = lock(&self.queue.inner);
        if self.waiter.is(GRANTED) {
            inner.line.granted -= 1;
        } else {
            inner.line.waiting.retain(|waiter| !Arc::ptr_eq(waiter, &self.waiter));
        }
        self.waiter.put(LEFT);
        let taken = inner.items.len();
        let next = inner.line.grant(taken, self.queue.capacity);
        drop(inner);
        if let Some(next) = next {
            next.wake();
        }
    }
}

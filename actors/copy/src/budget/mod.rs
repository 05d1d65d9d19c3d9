//! The byte budget between reading and writing.
//!
//! Room is reserved *before* a batch is read, for the size a batch is expected to have, so that the memory stays under
//! the budget and not only the bookkeeping. A batch that turns out larger gives its reservation back before it waits for
//! all it needs: whoever waits holds nothing, whoever holds goes on to the writer, so nobody waits for ever.

mod pool;
mod queue;

pub use pool::MemoryPool;

use pool::Member;
use std::sync::Arc;

/// One copy's share of its node's memory.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Member>);

/// Room for one batch; given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    member: Arc<Member>,
    bytes: usize,
}

impl Budget {
    /// Memory that is shared with nobody.
    #[cfg(test)]
    pub(crate) fn new(bytes: usize) -> Self {
        MemoryPool::of_batches(bytes).share(bytes)
    }

    /// Waits for room; more than there is in all takes all of it.
    pub(crate) async fn reserve(&self, bytes: usize) -> Room {
        let bytes = self.0.reserve(bytes).await;
        Room {
            member: self.0.clone(),
            bytes,
        }
    }

    /// Makes a reservation as large as the batch that came.
    pub(crate) async fn fit(&self, mut room: Room, bytes: usize) -> Room {
        if bytes > room.bytes && !self.0.grow(bytes - room.bytes) {
            drop(room);
            return self.reserve(bytes).await;
        }
        self.0.give_back(room.bytes.saturating_sub(bytes));
        room.bytes = bytes;
        room
    }

    /// Whether this copy holds nothing and waits for room that others have.
    pub(crate) fn is_held_up(&self) -> bool {
        self.0.is_held_up()
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> usize {
        self.0.used()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.member.give_back(self.bytes);
    }
}

//! The memory that all copies of a node share.

use super::Budget;
use super::queue::Ledger;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of Arrow memory that all copies of a node together may have between reading and writing.
#[derive(Clone)]
pub struct MemoryPool(Arc<Shared>);

struct Shared {
    total: usize,
    /// Of the total: what each copy's sink may gather.
    gathered: usize,
    ledger: Mutex<Ledger>,
}

/// One copy in the pool.
pub(super) struct Member {
    pool: MemoryPool,
    copy: u64,
}

impl MemoryPool {
    /// So many bytes for a node that runs up to so many copies at the same time: a quarter for what their sinks gather, in
    /// equal parts, the rest for batches on their way.
    pub fn new(bytes: usize, places: usize) -> Self {
        let gathered = bytes / 4 / places.max(1);
        Self::with(bytes, gathered, places)
    }

    pub(super) fn with(bytes: usize, gathered: usize, places: usize) -> Self {
        let batches = bytes.saturating_sub(gathered * places);
        Self(Arc::new(Shared {
            total: bytes,
            gathered,
            ledger: Mutex::new(Ledger::new(batches, places)),
        }))
    }

    /// Memory for batches only.
    #[cfg(test)]
    pub(crate) fn of_batches(bytes: usize) -> Self {
        Self::with(bytes, 0, 1)
    }

    /// Bytes that the sink of one copy may gather.
    pub(crate) fn gathered(&self) -> usize {
        self.0.gathered
    }

    /// All of it, in bytes.
    pub fn total(&self) -> usize {
        self.0.total
    }

    /// Bytes that are in use.
    pub fn used(&self) -> usize {
        self.ledger().used
    }

    /// The most bytes that ever were in use at the same time.
    pub fn peak(&self) -> usize {
        self.ledger().peak
    }

    /// A copy's share, of which it uses at most so many bytes.
    pub(crate) fn share(&self, limit: usize) -> Budget {
        let copy = self.ledger().join(limit);
        Budget(Arc::new(Member {
            pool: self.clone(),
            copy,
        }))
    }

    /// Nothing that runs under this lock waits or fails.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// Waits for room, and says how much it is.
    pub(super) async fn reserve(&self, bytes: usize) -> usize {
        let (bytes, granted) = {
            let mut ledger = self.pool.ledger();
            let bytes = ledger.charge(bytes);
            (bytes, ledger.queue(self.copy, bytes))
        };
        let mut waiting = Waiting {
            member: self,
            bytes,
            granted,
            served: false,
        };
        // The sender is kept in the queue until it has sent.
        let _ = (&mut waiting.granted).await;
        // From here on the room belongs to the caller.
        waiting.served = true;
        bytes
    }

    /// Takes more without waiting, if there is more.
    pub(super) fn grow(&self, bytes: usize) -> bool {
        self.pool.ledger().try_take(self.copy, bytes)
    }

    pub(super) fn give_back(&self, bytes: usize) {
        if bytes > 0 {
            self.pool.ledger().give_back(self.copy, bytes);
        }
    }

    pub(super) fn is_held_up(&self) -> bool {
        let ledger = self.pool.ledger();
        ledger.used_by(self.copy) == 0 && ledger.waits(self.copy)
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.pool.ledger().used_by(self.copy)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.pool.ledger().leave(self.copy);
    }
}

/// A place in the queue.
struct Waiting<'a> {
    member: &'a Member,
    bytes: usize,
    granted: tokio::sync::oneshot::Receiver<()>,
    served: bool,
}

impl Drop for Waiting<'_> {
    /// Nobody waits any more: what was granted meanwhile goes back, and the next in the queue is served.
    fn drop(&mut self) {
        if self.served {
            return;
        }
        let mut ledger = self.member.pool.ledger();
        self.granted.close();
        match self.granted.try_recv() {
            Ok(()) => ledger.give_back(self.member.copy, self.bytes),
            Err(_) => ledger.serve(),
        }
    }
}

impl PartialEq for MemoryPool {
    /// Whether it is the same memory.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for MemoryPool {}

impl fmt::Debug for MemoryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPool")
            .field("total", &self.0.total)
            .field("used", &self.used())
            .finish()
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("copy", &self.copy)
            .finish_non_exhaustive()
    }
}

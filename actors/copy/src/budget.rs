//! The byte budget between reading and writing.
//!
//! Room is reserved *before* a batch is read, for the size a batch is expected to have, so that the memory stays under
//! the budget and not only the bookkeeping. A batch that turns out larger gives its reservation back before it waits for
//! all it needs: whoever waits holds nothing, whoever holds goes on to the writer, so nobody waits for ever.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The semaphore counts in this unit, because its permits are 32 bits.
const UNIT: usize = 1024;

#[derive(Clone, Debug)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
    total: u32,
}

/// Room for one batch; given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    permit: OwnedSemaphorePermit,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let total = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX >> 1).max(1);
        Self {
            permits: Arc::new(Semaphore::new(total as usize)),
            total,
        }
    }

    /// Waits for room; more than there is in all takes all of it.
    pub(crate) async fn reserve(&self, bytes: usize) -> Room {
        let units = self.units(bytes);
        // The semaphore is never closed.
        match self.permits.clone().acquire_many_owned(units).await {
            Ok(permit) => Room { permit },
            Err(closed) => unreachable!("the budget was closed: {closed}"),
        }
    }

    /// Makes a reservation as large as the batch that came.
    pub(crate) async fn fit(&self, mut room: Room, bytes: usize) -> Room {
        let (held, needed) = (room.permit.num_permits(), self.units(bytes) as usize);
        if needed > held {
            drop(room);
            return self.reserve(bytes).await;
        }
        drop(room.permit.split(held - needed));
        room
    }

    fn units(&self, bytes: usize) -> u32 {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        units.clamp(1, self.total)
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> usize {
        (self.total as usize - self.permits.available_permits()) * UNIT
    }
}

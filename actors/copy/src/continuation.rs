//! How an attempt hangs together with the others of its job.

use crate::deal::{Deal, Dealer, SharedCopy};
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::job::Checkpoint;
use sluice_store_core::Part;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// What came before an attempt, and who remembers where it stands.
#[derive(Clone, Default)]
pub struct Continuation {
    /// Where an earlier attempt stopped.
    pub checkpoint: Option<Checkpoint>,
    /// Who keeps where this one stands. Without a keeper nothing is kept for a later attempt.
    pub keeper: Option<Arc<dyn Keeper>>,
    /// Who hands out the partitions; without one, this copy itself.
    pub dealer: Option<Arc<dyn Dealer>>,
}

impl fmt::Debug for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Continuation")
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}

/// Remembers, beyond a crash, where an attempt stands.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// Writes down what the next attempt could go on with. Durable when it returns.
    ///
    /// # Errors
    /// `SL8001`.
    async fn keep(&self, checkpoint: &Checkpoint) -> Result<(), Fault>;

    /// Whether another attempt may follow this fault, so that what is staged is worth leaving there.
    fn goes_on(&self, fault: &Fault) -> bool;
}

/// Deals the partitions to the workers of one copy alone.
#[derive(Debug, Default)]
pub(crate) struct Alone {
    open: OnceLock<Vec<usize>>,
    next: AtomicUsize,
}

#[async_trait]
impl Dealer for Alone {
    async fn begin(&self, copy: SharedCopy) -> Result<(), Fault> {
        // A dealer serves one copy.
        let _ = self.open.set(copy.open);
        Ok(())
    }

    async fn next(&self) -> Result<Deal, Fault> {
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        let open = self.open.get().and_then(|open| open.get(place));
        Ok(open.map_or(Deal::Over(Vec::new()), |place| Deal::Read(*place)))
    }

    async fn finished(&self, _place: usize, _part: &Part) -> Result<(), Fault> {
        Ok(())
    }
}

//! Components that share a fate: those that go down with a failed one, and the order in which they do.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Strategy;
use crate::shared::Shared;
use crate::slot::{AnySlot, Hold};

/// A component that failed.
pub(crate) struct Failed {
    pub(crate) id: String,
    pub(crate) sequence: u64,
    /// Keeps it down until it is its turn; none when it does not come back.
    pub(crate) hold: Option<Arc<Hold>>,
    /// Cancelled when it has been taken apart.
    pub(crate) gone: CancellationToken,
    /// How long that may take.
    pub(crate) patience: Duration,
}

/// Restarts those that the strategy says share its fate: after the failed one the last started goes down first, and they
/// come up in the order they were started, the failed one in its place. One failure at a time; another one waits.
pub(crate) fn share(shared: &Arc<Shared>, failed: Failed) {
    let shared = Arc::clone(shared);
    let dataplane = shared.dataplane;
    dataplane.spawn(async move {
        let _turn = shared.fates.lock().await;
        tokio::select! {
            () = failed.gone.cancelled() => {}
            () = shared.options.clock.sleep(failed.patience) => {}
        }
        let members = members(&shared, failed.sequence);
        let mut held: Vec<Option<Arc<Hold>>> = members.iter().map(|_| None).collect();
        for (slot, hold) in members.iter().zip(&mut held).rev() {
            if slot.id() == failed.id {
                hold.clone_from(&failed.hold);
            } else if let Some(taken) = slot.take_down(&failed.id) {
                Arc::clone(slot).taken_down(Arc::clone(&taken), failed.id.clone()).await;
                *hold = Some(taken);
            }
        }
        for (slot, hold) in members.iter().zip(held) {
            if let Some(hold) = hold {
                slot.let_go(&hold);
                Arc::clone(slot).up().await;
            }
        }
    });
}

fn members(shared: &Shared, sequence: u64) -> Vec<Arc<dyn AnySlot>> {
    let mut slots = shared.in_order();
    if shared.strategy == Strategy::RestForOne {
        slots.retain(|slot| slot.sequence() >= sequence);
    }
    slots
}

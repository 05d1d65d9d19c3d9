//! What one attempt of a copy takes from the one before it, and leaves to the next.

use super::live::{LiveJob, Stop};
use crate::hub::Hub;
use async_trait::async_trait;
use sluice_contract::job::{Checkpoint, CopySpec};
use sluice_contract::{Code, Fault};
use sluice_copy::{Continuation, Dealer, Keeper};
use std::sync::Arc;

/// The node's ledger, for one attempt.
struct InLedger {
    hub: Arc<Hub>,
    live: Arc<LiveJob>,
}

/// What came before this attempt: as this node's ledger has it, or as another node told the factory, whichever is later.
pub(super) async fn continuation(hub: &Arc<Hub>, live: &Arc<LiveJob>, work: &CopySpec) -> Result<Continuation, Fault> {
    let own = hub.journal.checkpoint(&live.job).await?;
    let told = work.checkpoint.clone();
    let earlier = |checkpoint: &Checkpoint| checkpoint.attempt < live.attempt && checkpoint.token < live.token;
    let checkpoint = own
        .into_iter()
        .chain(told)
        .filter(earlier)
        // The first of equals: the ledger's has everything, the message only what fits.
        .reduce(|one, other| if other.attempt > one.attempt { other } else { one });
    Ok(Continuation {
        checkpoint,
        keeper: Some(Arc::new(InLedger {
            hub: Arc::clone(hub),
            live: Arc::clone(live),
        })),
        dealer: live.table.get().map(|table| Arc::clone(table) as Arc<dyn Dealer>),
    })
}

#[async_trait]
impl Keeper for InLedger {
    async fn keep(&self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        self.hub.journal.keep_checkpoint(&self.live.job, checkpoint).await
    }

    fn goes_on(&self, fault: &Fault) -> bool {
        match self.live.stopping() {
            Some(Stop::Cancelled(_)) => false,
            Some(Stop::LeaseLost | Stop::Revoked(_) | Stop::ShuttingDown) => true,
            // The factory repeats what stalled once, whatever the policy says.
            Some(Stop::TimedOut(_)) | None => self.live.spec.retries_left > 0 || fault.code == Code::Stalled,
        }
    }
}

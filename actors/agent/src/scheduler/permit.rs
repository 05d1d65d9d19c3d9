//! The commit gate of a copy: the factory has the last word, as long as the lease holds.

use super::live::LiveJob;
use crate::hub::Hub;
use async_trait::async_trait;
use sluice_contract::message::PrepareCommit;
use sluice_contract::{Code, Fault, Message as Wire, Object};
use sluice_copy::CommitGate;
use std::sync::Arc;

/// Asks the factory, again and again, until it answers or the copy has to stop.
pub(super) struct AskFactory {
    pub(super) hub: Arc<Hub>,
    pub(super) live: Arc<LiveJob>,
}

#[async_trait]
impl CommitGate for AskFactory {
    async fn permit(&self, rows: u64) -> Result<(), Fault> {
        let Self { hub, live } = self;
        let mut decisions = live.decisions();
        let mut link = hub.link.subscribe();
        loop {
            let message = Wire::JobPrepareCommit(PrepareCommit {
                rows,
                extra: Object::new(),
            });
            let envelope = hub.envelope(&message);
            hub.send(envelope.job(live.job.clone(), live.attempt, Some(live.token)));
            tokio::select! {
                biased;
                () = live.stop.cancelled() => {
                    return Err(live.stopping().map_or_else(stopped, |why| why.fault()));
                }
                // The sender lives in `live`, so the channel is never closed.
                Ok(decision) = decisions.wait_for(Option::is_some) => match &*decision {
                    Some(Err(why)) => return Err(Fault::new(Code::CommitDenied, why.clone())),
                    _ => return live.begin_publishing(),
                },
                () = tokio::time::sleep(hub.tuning.retry) => {}
                // At once when the channel comes back.
                _ = link.changed() => {}
            }
        }
    }
}

fn stopped() -> Fault {
    Fault::new(Code::LeaseLost, "the copy was stopped")
}

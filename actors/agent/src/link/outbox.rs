//! Outcomes: sent after every welcome and until the factory acknowledges them, always under the same envelope id.

use super::session::{Sent, Shared};
use sluice_contract::Fault;
use std::collections::HashMap;
use tokio::time::{Instant, sleep};

/// Sends what is in the ledger's outbox, until one does not get through.
pub(super) async fn send_outcomes(shared: &Shared) -> Fault {
    let hub = &shared.hub;
    let resend = hub.tuning.resend;
    let mut sent: HashMap<String, Instant> = HashMap::new();
    loop {
        // What cannot be read now is read again below; the journal has put it on the health board.
        let outbox = hub.journal.outbox().await.unwrap_or_default();
        sent.retain(|id, _| outbox.iter().any(|envelope| envelope.id == *id));
        for envelope in outbox {
            if sent.get(&envelope.id).is_some_and(|at| at.elapsed() < resend) {
                continue;
            }
            let id = envelope.id.clone();
            match shared.send(envelope).await {
                Err(fault) => return fault,
                Ok(Sent::Taken) => {
                    sent.insert(id, Instant::now());
                }
                Ok(Sent::NotNow) => break,
                Ok(Sent::Refused) => {
                    // It would be refused every time. The factory has put it aside, and decides by the job's lease.
                    if let Err(fault) = hub.journal.ack(vec![id]).await {
                        tracing::warn!(%fault, "A refused outcome stays in the ledger for now.");
                    }
                }
            }
        }
        tokio::select! {
            () = hub.journal.outgoing.notified() => {}
            () = sleep(resend) => {}
        }
    }
}

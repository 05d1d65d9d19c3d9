//! Outcomes: sent after every welcome and until the factory acknowledges them, always under the same envelope id.

use super::session::Shared;
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
            if let Err(fault) = shared.send(envelope).await {
                return fault;
            }
            sent.insert(id, Instant::now());
        }
        tokio::select! {
            () = hub.journal.outgoing.notified() => {}
            () = sleep(resend) => {}
        }
    }
}

//! A node that waits for its gateway's keys: it asks the factory for what an administrator of another node has approved.

use super::{Reload, Vault, handover, keep_pair, use_certificate};
use crate::health::{Severity, Topic};
use crate::hub::Hub;
use crate::identity::ask_factory;
use crate::keys;
use sluice_contract::enrol::{HandedOver, NodeAsks};
use sluice_contract::{Code, Fault};
use sluice_runtime::Handle;
use std::sync::Arc;
use std::time::Duration;

/// A question costs the factory one look into its database.
const EVERY: Duration = Duration::from_secs(2);
/// After something came that was refused.
const AFTER_REFUSAL: Duration = Duration::from_secs(60);

/// Asks until the keys have come and lie in the vault.
pub(super) async fn wait(hub: Arc<Hub>, vault: Handle<Vault>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let handed = match asked(&hub).await {
            Ok(handed) if handed.keys.is_empty() => continue,
            Ok(handed) => handed,
            Err(fault) => {
                tracing::debug!(%fault, "The factory was not asked for the gateway's keys.");
                continue;
            }
        };
        if let Err(fault) = accept(&hub, handed).await {
            hub.board.raise(Topic::Vault, Severity::Error, &fault);
            tokio::time::sleep(AFTER_REFUSAL).await;
            continue;
        }
        tracing::info!("The gateway's keys have come from another node.");
        if let Err(error) = vault.tell(Reload) {
            tracing::warn!(%error, "The credential vault did not read its new keys.");
        }
        // With its next session the factory learns it at the latest.
        if let Err(fault) = keys::report(hub.state.path()).await {
            tracing::warn!(%fault, "The factory was not told yet that this node holds the gateway's keys.");
        }
        return;
    }
}

async fn asked(hub: &Hub) -> Result<HandedOver, Fault> {
    let answer = ask_factory(&hub.state, Some(&hub.outward), NodeAsks::Take).await?;
    serde_json::from_slice(&answer).map_err(|e| {
        Fault::new(
            Code::FactoryUnreachable,
            format!("the factory's answer is not understood: {e}"),
        )
    })
}

/// Puts the keys into the vault, the first of them as the one in use.
async fn accept(hub: &Arc<Hub>, handed: HandedOver) -> Result<(), Fault> {
    let hub = Arc::clone(hub);
    let work = move || {
        let pairs = handover::unwrap(&hub.state, &hub.identity, &handed.keys)?;
        let passphrase = hub.passphrase()?;
        for pair in &pairs {
            keep_pair(&hub.state, pair, passphrase.as_ref())?;
        }
        if let Some(first) = pairs.first() {
            use_certificate(&hub.state, &handover::fingerprint(&first.certificate_pem)?)?;
        }
        // Last: a node that is killed before asks again.
        handover::end(&hub.state)
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("taking the keys failed: {e}"))))
}

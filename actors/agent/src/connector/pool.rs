//! The connectors of an agent: made on demand, found by the linked service's name.

use super::{ConnectorStatus, Lend, StoreConnector};
use crate::hub::Hub;
use dashmap::DashMap;
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault};
use sluice_runtime::{Handle, Health, Placement};
use sluice_store_core::Connection;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// All connectors run on this thread; what they wait for runs elsewhere.
const THREAD: &str = "connectors";
/// How often a connector that restarts is asked again.
const TRIES: u32 = 3;

/// What is known of the connectors from outside.
#[derive(Debug, Default)]
pub(crate) struct Connectors {
    /// What each of them says of itself.
    status: DashMap<String, ConnectorStatus>,
    /// Held while one is looked up or made, so that two jobs do not make two.
    making: Mutex<()>,
}

impl Connectors {
    pub(super) fn publish(&self, status: ConnectorStatus) {
        self.status.insert(status.name.clone(), status);
    }

    pub(super) fn forget(&self, name: &str) {
        self.status.remove(name);
    }

    /// What the connectors say of themselves, by name.
    pub(crate) fn list(&self) -> Vec<ConnectorStatus> {
        let mut list: Vec<_> = self.status.iter().map(|entry| entry.value().clone()).collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }
}

/// Borrows the connection of a linked service. A probe is let through even when the store is left alone for a while.
///
/// # Errors
/// What the vault or the store's connector says, or the fault for which the store is left alone.
pub(crate) async fn lend(hub: &Arc<Hub>, endpoint: &Endpoint, probe: bool) -> Result<Arc<dyn Connection>, Fault> {
    for _ in 0..TRIES {
        let (reply, answer) = oneshot::channel();
        let request = Lend {
            endpoint: endpoint.clone(),
            probe,
            reply,
        };
        if handle(hub, &endpoint.name).tell(request).is_ok()
            && let Ok(answer) = answer.await
        {
            return answer;
        }
        // It was restarted, or retired in this very moment.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(Fault::new(
        Code::ComponentRestarted,
        format!("the connector of linked service {} does not come up", endpoint.name),
    ))
}

/// The component's id in the supervision.
pub(crate) fn id(name: &str) -> String {
    format!("connector/{name}")
}

fn handle(hub: &Arc<Hub>, name: &str) -> Handle<StoreConnector> {
    let _one_at_a_time = hub.connectors.making.lock().unwrap_or_else(PoisonError::into_inner);
    let id = id(name);
    match hub.root.get::<StoreConnector>(&id) {
        Some(handle) if handle.health() != Health::Stopped => handle,
        _ => hub
            .root
            .supervise(&id, (Arc::clone(hub), name.to_owned()), Placement::Shared(THREAD)),
    }
}

//! From a WebActivity that names a gateway to a job: a node calls.

use super::reference::Service;
use super::task::Parts;
use super::{Planned, Work};
use crate::flow::gateway::choose_gateway;
use crate::state::Conn;
use sluice_contract::Fault;
use sluice_contract::document::{Reference, member};
use sluice_contract::job::Task;
use std::collections::BTreeMap;

/// Plans a WebActivity for the gateway of its `connectVia`.
///
/// # Errors
/// `SL4007` when the gateway or a key vault is not there, `SL5006` for a password that is not sealed for the gateway.
pub(super) async fn plan(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    let settings = work.activity.type_properties();
    let named = member(settings, "connectVia").and_then(Reference::view);
    let gateway = choose_gateway(conn, &work.run.factory, named.map(|named| named.name), &[]).await?;
    // Its login, with the key vaults that it refers to: the node fetches the password.
    let store = match sluice_web::login(settings) {
        None => None,
        Some(login) => {
            let service = Service {
                name: format!("the authentication of activity {}", work.activity.name()),
                kind: work.activity.kind().to_owned(),
                properties: login.properties,
                gateway: None,
                sealed: BTreeMap::new(),
                stores: Vec::new(),
            };
            let service = service.with_stores(conn, &work.run.factory).await?;
            Some(service.endpoint(&gateway)?)
        }
    };
    let parts = Parts {
        kind: Task::WebActivity,
        dataset: "",
        store,
        log: None,
        gateway,
        policy: work.activity.policy()?,
    };
    Ok(parts.planned(work))
}

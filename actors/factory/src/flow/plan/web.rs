//! From a WebActivity to a job: a node calls, and never the factory's own machine.

use super::task::Parts;
use super::{Planned, Work};
use crate::flow::gateway::choose_gateway;
use crate::state::Conn;
use sluice_contract::Fault;
use sluice_contract::document::{Reference, member};
use sluice_contract::job::Task;

/// Plans a WebActivity for the gateway of its `connectVia`, else for the data factory's only one.
///
/// # Errors
/// `SL4007` when the gateway is not there, or cannot be chosen.
pub(super) async fn plan(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    let settings = work.activity.type_properties();
    let named = member(settings, "connectVia").and_then(Reference::view);
    let gateway = choose_gateway(conn, &work.run.factory, named.map(|named| named.name), &[]).await?;
    let parts = Parts {
        kind: Task::WebActivity,
        dataset: "",
        store: None,
        log: None,
        gateway,
        policy: work.activity.policy()?,
    };
    Ok(parts.planned(work))
}

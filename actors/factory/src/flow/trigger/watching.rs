//! Which store a trigger watches, and asking a node to look into it.

use super::fire::told;
use super::keep::Look;
use crate::flow::gateway::choose_gateway;
use crate::flow::plan::reference::{Service, linked_service};
use crate::state::documents::{self, DocumentKind};
use crate::state::gateways::GatewayRow;
use crate::state::watches::WatchRow;
use crate::state::{Conn, nodes, outbox, stored};
use crate::wire::micros;
use serde_json::Value;
use sluice_contract::document::{LinkedService, Reference, Trigger, storage_account};
use sluice_contract::message::FilesLook;
use sluice_contract::{Code, Envelope, Fault, Message, NodeId, Object};
use sluice_schedule::Arrivals;
use std::time::Duration;

/// A look that has not ended by then is begun anew; a node gives up a little earlier.
const PATIENCE: Duration = Duration::from_secs(130);
/// Files of one trigger: what a node holds in memory, and what goes over the channel at each look.
const MOST: u32 = 20_000;

/// Begins a look, or says in the watch why there is none.
pub(super) async fn look(
    conn: &mut Conn,
    look: &Look<'_>,
    arrivals: &Arrivals,
    watch: &mut WatchRow,
) -> Result<(), Fault> {
    if !watch.look.is_empty() {
        let fault = Fault::new(Code::ChannelTimeout, "the node that was asked has not answered in time");
        note(look.name, watch, &fault);
    }
    match ask(conn, look, arrivals, watch).await {
        Ok(()) => {
            watch.next = look.moment.saturating_add(micros(PATIENCE));
            Ok(())
        }
        Err(fault) if fault.code == Code::StateFailed => Err(fault),
        Err(fault) => {
            note(look.name, watch, &fault);
            let pause = arrivals.pause.num_microseconds().unwrap_or_default();
            watch.next = look.moment.saturating_add(pause);
            Ok(())
        }
    }
}

/// Whether nobody answers a look any more: the node that was asked is gone, or has begun another session.
pub(super) async fn is_lost(conn: &mut Conn, look: &Look<'_>, watch: &WatchRow) -> Result<bool, Fault> {
    let node = nodes::by_id(conn, &watch.node).await?;
    let asked = node.filter(|node| node.epoch == watch.epoch && (look.online)(&NodeId::from(node.id.as_str())));
    Ok(asked.is_none())
}

/// Keeps why a look failed, and says so once.
pub(super) fn note(trigger: &str, watch: &mut WatchRow, fault: &Fault) {
    watch.look.clear();
    let message = told(fault);
    if watch.message != message {
        tracing::warn!(trigger, %fault, "A trigger cannot look for files; it tries again");
        watch.message = message;
    }
}

async fn ask(conn: &mut Conn, look: &Look<'_>, arrivals: &Arrivals, watch: &mut WatchRow) -> Result<(), Fault> {
    let (service, gateway) = source(conn, &look.factory.id, &look.view, arrivals).await?;
    let endpoint = service.endpoint(&gateway)?;
    let all = nodes::of_gateway(conn, &gateway.id).await?;
    let node = all
        .into_iter()
        .find(|node| (look.online)(&NodeId::from(node.id.as_str())));
    let node = node.ok_or_else(|| {
        Fault::new(
            Code::GatewayOffline,
            format!("no node of the gateway {} is online", gateway.name),
        )
    })?;
    watch.look = uuid::Uuid::now_v7().simple().to_string();
    (watch.node, watch.epoch) = (node.id.clone(), node.epoch);
    "[]".clone_into(&mut watch.parts);
    let request = Message::FilesLook(FilesLook {
        look: watch.look.clone(),
        endpoint,
        container: arrivals.container.clone(),
        begins: arrivals.begins.clone(),
        ends: arrivals.ends.clone(),
        most: MOST,
        extra: Object::new(),
    });
    let envelope = Envelope::new(gateway.id.as_str().into(), &request).node(NodeId::from(node.id.as_str()));
    outbox::insert(conn, Some(node.id.as_str()), &envelope, 0).await
}

/// The linked service that a trigger watches, and the gateway that reaches it: the one that it names, else the only one of
/// the storage account in `scope`.
///
/// # Errors
/// `SL4036` when there is none or several, `SL4007` for what is not there.
pub(super) async fn source(
    conn: &mut Conn,
    factory: &str,
    view: &Trigger<'_>,
    arrivals: &Arrivals,
) -> Result<(Service, GatewayRow), Fault> {
    let service = match view.linked_service() {
        Some(reference) => linked_service(conn, factory, reference).await?,
        None => {
            let name = of_account(conn, factory, arrivals).await?;
            linked_service(conn, factory, Reference::to(&name)).await?
        }
    };
    let gateway = choose_gateway(conn, factory, None, &[&service]).await?;
    Ok((service, gateway))
}

/// The name of the linked service that is about the trigger's account.
async fn of_account(conn: &mut Conn, factory: &str, arrivals: &Arrivals) -> Result<String, Fault> {
    let unclear = |what: String| Fault::new(Code::TriggerStoreUnclear, what);
    let account = arrivals.account.as_deref().ok_or_else(|| {
        unclear("the trigger has neither `linkedServiceName` nor a `scope` that ends with a storage account".to_owned())
    })?;
    let mut names = Vec::new();
    for row in documents::list(conn, factory, DocumentKind::LinkedService, "", i64::MAX).await? {
        let body: Value = stored("a linked service", &row.body)?;
        let Ok(service) = LinkedService::view(&body) else {
            continue;
        };
        let about = storage_account(service.kind(), service.type_properties());
        if about.is_some_and(|about| about.eq_ignore_ascii_case(account)) {
            names.push(row.name);
        }
    }
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(unclear(format!("no linked service is the storage account {account}"))),
        several => Err(unclear(format!(
            "the storage account {account} is that of several linked services: {}",
            several.join(", ")
        ))),
    }
}

//! The nodes of a gateway.

use super::call::Call;
use super::error::ApiError;
use super::{reply, status};
use crate::app::App;
use crate::flow::twins;
use crate::state::gateways::GatewayRow;
use crate::state::nodes::{self, NodeRow};
use crate::state::outbox;
use crate::wire::time_text;
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::member;
use sluice_contract::message::ConfigChanged;
use sluice_contract::{Code, Envelope, Fault, Message};
use std::sync::Arc;

/// No node is given more jobs at a time than this, unless it says itself that it has more places.
pub(crate) const MAX_JOBS: i64 = 20;

/// How many jobs a node may run at a time.
pub(crate) fn limit(node: &NodeRow) -> i64 {
    node.jobs_limit.unwrap_or(node.slots)
}

/// ADF's capabilities, `True` or `False` in words.
pub(crate) fn capabilities(online: bool, in_sync: bool) -> Value {
    let word = if online { "True" } else { "False" };
    json!({
        "serviceBusConnected": word,
        "httpsPortEnabled": word,
        // Whether it holds the key of the certificate that credentials are sealed to.
        "credentialInSync": if in_sync { "True" } else { "False" },
        "connectedToResourceManager": word,
        "nodeEnabled": "True",
    })
}

/// The nodes of a gateway as replies; the oldest that is online counts as the dispatcher.
pub(crate) fn render_all(app: &App, gateway: &GatewayRow, rows: &[NodeRow]) -> Vec<Value> {
    let dispatcher = rows
        .iter()
        .find(|node| status::is_online(app, node))
        .map(|node| &node.id);
    rows.iter()
        .map(|node| render(app, gateway, node, dispatcher == Some(&node.id)))
        .collect()
}

/// Whether a node opens what is sealed to its gateway now.
pub(crate) fn in_sync(gateway: &GatewayRow, node: &NodeRow) -> bool {
    gateway
        .thumbprint
        .as_ref()
        .is_some_and(|used| node.certificates.contains(used))
}

fn render(app: &App, gateway: &GatewayRow, node: &NodeRow, dispatcher: bool) -> Value {
    let online = status::is_online(app, node);
    let mut rendered = json!({
        "nodeName": node.name,
        "machineName": node.machine,
        "hostServiceUri": null,
        "status": if online { "Online" } else { "Offline" },
        "capabilities": capabilities(online, in_sync(gateway, node)),
        "versionStatus": "UpToDate",
        "version": node.version,
        "registerTime": time_text(node.registered),
        "lastConnectTime": node.connected.map(time_text),
        "expiryTime": time_text(node.expires),
        "lastStartTime": node.started.map(time_text),
        "lastStopTime": null,
        "lastUpdateResult": "None",
        "lastStartUpdateTime": null,
        "lastEndUpdateTime": null,
        "isActiveDispatcher": dispatcher,
        "concurrentJobsLimit": limit(node),
        "maxConcurrentJobs": MAX_JOBS.max(node.slots),
    });
    if let Some(conditions) = twins::conditions(node) {
        rendered["conditions"] = conditions;
    }
    rendered
}

async fn one(app: &App, call: &Call, conn: &mut crate::state::Conn) -> Result<(NodeRow, Value), ApiError> {
    let (_, gateway) = call.gateway(conn).await?;
    let rows = nodes::of_gateway(conn, &gateway.id).await?;
    let rendered = render_all(app, &gateway, &rows);
    rows.into_iter()
        .zip(rendered)
        .find(|(node, _)| node.name.eq_ignore_ascii_case(call.name(4)))
        .ok_or_else(|| ApiError::no_resource("nodes", call.name(4)))
}

pub(crate) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let (_, rendered) = one(app, call, &mut *app.state.read().await?).await?;
    Ok(reply::json_reply(rendered))
}

/// The address that a node registered from.
pub(crate) async fn address(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let (node, _) = one(app, call, &mut conn).await?;
    let address = nodes::address(&mut conn, &node.id).await?;
    Ok(reply::json_reply(json!({ "ipAddress": address.unwrap_or_default() })))
}

/// Sets `concurrentJobsLimit`, and tells the node.
pub(crate) async fn patch(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let mut tx = app.state.write().await?;
    let (node, _) = one(app, call, &mut tx).await?;
    let most = MAX_JOBS.max(node.slots);
    let wanted = member(&body, "concurrentJobsLimit")
        .and_then(Value::as_i64)
        .filter(|n| (1..=most).contains(n))
        .ok_or_else(|| {
            Fault::new(
                Code::DocumentInvalid,
                format!("`concurrentJobsLimit` is not a number from 1 to {most}"),
            )
        })?;
    nodes::set_limit(&mut tx, &node.id, wanted).await?;
    let message = Message::ConfigChanged(ConfigChanged {
        concurrent_jobs_limit: u32::try_from(wanted).ok(),
        ..ConfigChanged::default()
    });
    let envelope = Envelope::new(node.gateway.as_str().into(), &message).node(node.id.as_str().into());
    outbox::insert(&mut tx, Some(&node.id), &envelope, 0).await?;
    let (_, rendered) = one(app, call, &mut tx).await?;
    tx.commit().await?;
    app.send_outbox();
    Ok(reply::json_reply(rendered))
}

/// Removes a node: its certificate is of no use any more, and its link is cut.
pub(crate) async fn delete(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let (_, gateway) = call.gateway(&mut tx).await?;
    let Some(node) = nodes::find(&mut tx, &gateway.id, call.name(4)).await? else {
        return Ok(reply::deleted(false));
    };
    nodes::delete(&mut tx, &node.id).await?;
    outbox::delete_for(&mut tx, &gateway.id, Some(&node.id)).await?;
    tx.commit().await?;
    app.cut_off(vec![node], "the node was removed from its gateway").await;
    app.live.changed();
    Ok(reply::deleted(true))
}

//! How a gateway is doing.

use super::call::Call;
use super::error::ApiError;
use super::{nodes, reply};
use crate::app::App;
use crate::flow::twins;
use crate::state::gateways::GatewayRow;
use crate::state::nodes::{self as table, NodeRow};
use crate::state::stored;
use crate::wire::time_text;
use axum::response::Response;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use sluice_contract::NodeId;
use std::sync::Arc;

/// The state of a whole gateway, by the rules of the replaced product: no node, all, none or some of them online.
pub(crate) fn state(app: &App, nodes: &[NodeRow]) -> &'static str {
    let online = nodes.iter().filter(|node| is_online(app, node)).count();
    match online {
        _ if nodes.is_empty() => "NeedRegistration",
        0 => "Offline",
        n if n == nodes.len() => "Online",
        _ => "Limited",
    }
}

/// Whether a node is connected.
pub(crate) fn is_online(app: &App, node: &NodeRow) -> bool {
    app.is_online(&NodeId::from(node.id.as_str()))
}

pub(crate) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let (factory, gateway) = call.gateway(&mut conn).await?;
    if gateway.is_managed() {
        return Ok(reply::json_reply(json!({
            "name": gateway.name,
            "properties": {
                "type": "Managed",
                "dataFactoryName": factory.name,
                "state": "Stopped",
                "typeProperties": { "createTime": time_text(gateway.created), "nodes": [], "otherErrors": [] },
            },
        })));
    }
    let rows = table::of_gateway(&mut conn, &gateway.id).await?;
    let body: Value = stored("a gateway", &gateway.body)?;
    let version = common_version(&rows);
    let state = match state(app, &rows) {
        // A node that cannot open new credentials does not do all of its work.
        "Online" if !rows.iter().all(|node| nodes::in_sync(&gateway, node)) => "Limited",
        // Two that take the place from each other finish little.
        "Online" if rows.iter().any(twins::is_cloned) => "Limited",
        state => state,
    };
    Ok(reply::json_reply(json!({
        "name": gateway.name,
        "properties": {
            "type": "SelfHosted",
            "dataFactoryName": factory.name,
            "state": state,
            "typeProperties": {
                "autoUpdate": body["properties"]["autoUpdate"].as_str().unwrap_or("Off"),
                "taskQueueId": gateway.queue,
                "version": version,
                "createTime": time_text(gateway.created),
                "nodes": nodes::render_all(app, &gateway, &rows),
                "updateDelayOffset": body["properties"]["updateDelayOffset"].as_str(),
                "localTimeZoneOffset": "PT0S",
                "capabilities": nodes::capabilities(matches!(state, "Online" | "Limited"), rows.iter().all(|node| nodes::in_sync(&gateway, node))),
                "serviceUrls": [app.rest_endpoint, app.amqp_endpoint],
                "versionStatus": if version.is_some() { "UpToDate" } else { "None" },
                "latestVersion": version,
                "pushedVersion": version,
                "scheduledUpdateDate": null,
                "autoUpdateETA": null,
                "links": [],
                "selfContainedInteractiveAuthoringEnabled": false,
            },
        },
    })))
}

/// The version that most nodes run.
fn common_version(rows: &[NodeRow]) -> Option<&str> {
    let count = |version: &str| rows.iter().filter(|node| node.version == version).count();
    rows.iter()
        .map(|node| node.version.as_str())
        .max_by_key(|version| count(version))
}

pub(crate) async fn connection_info(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let (_, gateway) = call.gateway(&mut conn).await?;
    let rows = table::of_gateway(&mut conn, &gateway.id).await?;
    Ok(reply::json_reply(json!({
        // There is no token to give: clients seal credentials to the public key, and nodes have no inbound service.
        "serviceToken": "",
        "identityCertThumbprint": gateway.thumbprint.as_deref().unwrap_or_default(),
        "hostServiceUri": app.rest_url,
        "version": common_version(&rows).unwrap_or_default(),
        "publicKey": public_key(&gateway),
        // The member's name is spelled so in the contract.
        "isIdentityCertExprired": false,
    })))
}

/// The credential certificate, base64 of its DER.
fn public_key(gateway: &GatewayRow) -> String {
    let pem = gateway.certificate.as_deref().unwrap_or_default();
    match x509_parser::pem::parse_x509_pem(pem.as_bytes()) {
        Ok((_, block)) => BASE64_STANDARD.encode(block.contents),
        Err(_) => String::new(),
    }
}

pub(crate) async fn monitoring_data(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let (_, gateway) = call.gateway(&mut conn).await?;
    let rows = table::of_gateway(&mut conn, &gateway.id).await?;
    let items: Vec<Value> = rows
        .iter()
        .filter_map(|node| Some((node, app.metrics(&NodeId::from(node.id.as_str()))?)))
        .map(|(node, metrics)| {
            json!({
                "nodeName": node.name,
                "availableMemoryInMB": metrics.memory_available / (1024 * 1024),
                "cpuUtilization": metrics.cpu_percent.round() as i64,
                "concurrentJobsLimit": nodes::limit(node),
                "concurrentJobsRunning": metrics.jobs_running,
                "maxConcurrentJobs": nodes::MAX_JOBS.max(node.slots),
            })
        })
        .collect();
    Ok(reply::json_reply(json!({ "name": gateway.name, "nodes": items })))
}

/// Credentials are sealed to the gateway's one certificate, which every node holds: there is nothing to copy around.
pub(crate) async fn sync_credentials(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    call.gateway(&mut *app.state.read().await?).await?;
    Ok(reply::done())
}

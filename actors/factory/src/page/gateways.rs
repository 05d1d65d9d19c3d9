//! The gateways and their nodes, as rows.

use super::format::{ago, bytes, state};
use crate::app::App;
use crate::flow::twins;
use crate::rest::{nodes as node_rules, status};
use crate::state::gateways::GatewayRow;
use crate::state::nodes::NodeRow;
use crate::state::{factories, gateways, nodes};
use maud::{Markup, html};
use sluice_contract::{Code, Fault, NodeId};

/// A gateway with what belongs to it.
pub(super) struct Gateway {
    row: GatewayRow,
    factory: String,
    nodes: Vec<NodeRow>,
    pub(super) state: &'static str,
}

/// All gateways.
///
/// # Errors
/// `SL9001`.
pub(super) async fn load(app: &App) -> Result<Vec<Gateway>, Fault> {
    let mut conn = app.state.read().await?;
    let mut all = Vec::new();
    for row in gateways::all(&mut conn).await? {
        if row.is_managed() {
            continue;
        }
        let nodes = nodes::of_gateway(&mut conn, &row.id).await?;
        let factory = factories::by_id(&mut conn, &row.factory)
            .await?
            .map(|f| f.name)
            .unwrap_or_default();
        let state = status::state(app, &nodes);
        all.push(Gateway {
            row,
            factory,
            nodes,
            state,
        });
    }
    Ok(all)
}

/// The id of a gateway's row.
pub(super) fn row_id(gateway: &Gateway) -> String {
    format!("gateway-{}", gateway.row.id)
}

/// A gateway's row.
pub(super) fn row(app: &App, gateway: &Gateway) -> Markup {
    html! {
        tr id=(row_id(gateway)) data-state=(gateway.state) {
            td { strong { (gateway.row.name) } small { "in " (gateway.factory) } }
            td { (state(gateway.state)) }
            td.wide {
                @if gateway.nodes.is_empty() {
                    span.faint { "No node. Its key: " code { "listAuthKeys" } ", then " code { "sluice gateway register --key-file FILE" } }
                }
                @for node in &gateway.nodes { (node_line(app, node)) }
            }
        }
    }
}

fn node_line(app: &App, node: &NodeRow) -> Markup {
    let online = status::is_online(app, node);
    let metrics = app.metrics(&NodeId::from(node.id.as_str()));
    html! {
        div {
            (state(if online { "Online" } else { "Offline" })) " "
            strong { (node.name) }
            @if node.machine != node.name { " " span.faint { "on " (node.machine) } }
            @if twins::is_cloned(node) {
                " " strong { "runs twice" } " " span.faint { "(" (Code::NodeCloned.as_str()) ")" }
            }
            small {
                "version " (node.version)
                @if let Some(metrics) = &metrics {
                    " · " (metrics.jobs_running) " of " (node_rules::limit(node)) " jobs"
                    " · CPU " (format!("{:.0}", metrics.cpu_percent)) " %"
                    @if metrics.memory_available > 0 { " · " (bytes(metrics.memory_available)) " free" }
                } @else if let Some(seen) = node.connected.filter(|_| !online) {
                    " · last seen " (ago(seen))
                }
            }
        }
    }
}

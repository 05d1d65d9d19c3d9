//! The components of the factory and of every node: whether they work, and how often they had to be restarted.

use super::component_row::{Shown, head};
use super::layout;
use crate::app::App;
use crate::rest::ApiError;
use crate::state::{gateways, nodes};
use axum::response::Html;
use maud::{Markup, html};
use sluice_contract::{Fault, NodeId};
use std::sync::Arc;

/// A node and what its last heartbeat told of its components.
struct Node {
    name: String,
    gateway: String,
    /// Nothing while it is not connected.
    components: Option<(Vec<Shown>, u32)>,
}

/// `GET /components`.
///
/// # Errors
/// `SL9001`.
pub(super) async fn render(app: &Arc<App>) -> Result<Html<String>, ApiError> {
    let nodes = load_nodes(app).await?;
    let body = html! {
        h1 { "Components" }
        p.faint { "The parts of this process and of every node, each of which is restarted alone when it fails." }
        a #news href="/components" hidden aria-live="polite" {}
        h2 { "Factory" }
        div.panel { table {
            (head())
            tbody data-rows="component" { @for component in own(app) { (component.render()) } }
        } }
        @for node in &nodes { (section(node)) }
        p.faint {
            "All figures, for Prometheus: " code { "GET /metrics" } " with a bearer token; those of a node: "
            code { "sluice gateway metrics" } ", on its machine."
        }
    };
    Ok(layout::page("Components", &app.rest_endpoint, true, &body))
}

/// The rows of all components, by their ids.
///
/// # Errors
/// `SL9001`.
pub(super) async fn rows(app: &App) -> Result<Vec<(String, Markup)>, Fault> {
    let nodes = load_nodes(app).await?;
    let of_nodes = nodes
        .into_iter()
        .flat_map(|node| node.components.map(|(told, _)| told).unwrap_or_default());
    let all = own(app).into_iter().chain(of_nodes);
    Ok(all.map(|shown| (shown.row.clone(), shown.render())).collect())
}

fn section(node: &Node) -> Markup {
    html! {
        h2 { (node.name) " " small.faint { "of " (node.gateway) } }
        @match &node.components {
            None => p.faint data-rows="nodecomponent" { "It is not connected." },
            Some((told, left_out)) => {
                div.panel { table {
                    (head())
                    tbody data-rows="nodecomponent" { @for component in told { (component.render()) } }
                } }
                @if *left_out > 0 {
                    p.faint { "And " (left_out) " more that run: " code { "sluice gateway actors" } ", on its machine." }
                }
            }
        }
    }
}

/// The components of this process.
fn own(app: &App) -> Vec<Shown> {
    app.root.snapshot().iter().map(Shown::own).collect()
}

async fn load_nodes(app: &App) -> Result<Vec<Node>, Fault> {
    let mut conn = app.state.read().await?;
    let mut all = Vec::new();
    for gateway in gateways::all(&mut conn).await? {
        for node in nodes::of_gateway(&mut conn, &gateway.id).await? {
            let metrics = app.live.node(&NodeId::from(node.id.as_str()));
            let shown = metrics.map(|metrics| {
                let (told, left_out) = metrics.components;
                (told.iter().map(|one| Shown::of_node(&node.id, one)).collect(), left_out)
            });
            all.push(Node {
                name: node.name,
                gateway: gateway.name.clone(),
                components: shown,
            });
        }
    }
    Ok(all)
}

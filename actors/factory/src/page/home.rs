//! The first page.

use super::{gateways, layout, runs};
use crate::app::App;
use axum::response::Html;
use maud::{Markup, html};
use sluice_contract::Fault;
use std::sync::Arc;

/// Gateways and runs.
///
/// # Errors
/// `SL9001`.
pub(super) async fn render(app: &Arc<App>) -> Result<Html<String>, Fault> {
    let (all_gateways, all_runs) = (gateways::load(app).await?, runs::load(app).await?);
    let body = html! {
        h1 { "Overview" }
        (figures(&all_gateways, &all_runs))
        a #news href="/" hidden aria-live="polite" {}
        h2 { "Gateways" }
        @if all_gateways.is_empty() {
            // Lists rows of that kind, if none yet: the first one is announced like any other.
            div.panel.pad data-rows="gateway" {
                p { "No gateway yet. A gateway is a document of the type SelfHosted; put it into a file and send it:" }
                pre { "sluice apply -f gateway.json" }
                p.faint { "Any Data Factory client can create it too: it is an integration runtime." }
            }
        } @else {
            div.panel { table {
                thead { tr { th { "Gateway" } th { "State" } th { "Nodes" } } }
                tbody data-rows="gateway" { @for gateway in &all_gateways { (gateways::row(app, gateway)) } }
            } }
        }
        h2 { "Runs" }
        @if all_runs.is_empty() {
            div.panel.pad data-rows="run" {
                p { "Nothing has run yet. Start a pipeline with:" }
                pre { "sluice pipeline run NAME --wait" }
            }
        } @else {
            div.panel { table {
                thead { tr { th { "Pipeline" } th { "State" } th { "Progress" } th { "Started" } th.number { "Duration" } } }
                tbody data-rows="run" { @for run in &all_runs { (runs::row(run)) } }
            } }
            p.faint { "The latest " (runs::SHOWN) " runs. All of them: " code { "sluice run list" } }
        }
    };
    Ok(layout::page("Overview", &app.rest_endpoint, true, &body))
}

/// The figures at the top.
pub(super) fn figures(all_gateways: &[gateways::Gateway], all_runs: &[runs::Run]) -> Markup {
    let online = all_gateways
        .iter()
        .filter(|gateway| matches!(gateway.state, "Online" | "Limited"))
        .count();
    let count = |statuses: &[&str]| {
        all_runs
            .iter()
            .filter(|run| statuses.contains(&run.row.status.as_str()))
            .count()
    };
    html! {
        dl.figures #figures {
            div { dt { "Gateways online" } dd { (online) " of " (all_gateways.len()) } }
            div { dt { "Running" } dd { (count(&["InProgress", "Canceling"])) } }
            div { dt { "Queued" } dd { (count(&["Queued"])) } }
            div { dt { "Succeeded lately" } dd { (count(&["Succeeded"])) } }
            div { dt { "Failed lately" } dd { (count(&["Failed"])) } }
        }
    }
}

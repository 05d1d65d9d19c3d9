//! The factory's own components: whether they work, and how often they had to be restarted.

use super::format::{count, span, state};
use super::layout;
use crate::app::App;
use axum::response::Html;
use maud::{Markup, html};
use sluice_runtime::{Health, Snapshot};
use std::sync::Arc;

type Row = (String, Health, Snapshot);

/// `GET /components`.
pub(super) fn render(app: &Arc<App>) -> Html<String> {
    let rows = load(app);
    let body = html! {
        h1 { "Components" }
        p.faint {
            "The parts of this process, each of which is restarted alone when it fails. Those of a node are on its machine: "
            code { "sluice gateway actors" }
        }
        a #news href="/components" hidden aria-live="polite" {}
        div.panel { table {
            thead { tr {
                th { "Component" } th { "State" } th.number { "Restarts" } th.number { "Waiting" } th { "Message under way" }
                th.number { "Handled" }
            } }
            tbody data-rows="component" { @for component in &rows { (row(component)) } }
        } }
        p.faint { "All figures, for Prometheus: " code { "GET /metrics" } " with a bearer token." }
    };
    layout::page("Components", &app.rest_endpoint, true, &body)
}

/// The components of this process.
pub(super) fn load(app: &App) -> Vec<Row> {
    app.root.snapshot()
}

/// The id of a component's row.
pub(super) fn row_id((id, _, _): &Row) -> String {
    format!("component-{id}")
}

/// A component's row.
pub(super) fn row(component: &Row) -> Markup {
    let (id, health, snapshot) = component;
    let restarts = snapshot.restarts.total();
    html! {
        tr id=(row_id(component)) data-state=(health.as_str()) {
            td { strong { (snapshot.component) } small.mono { (id) } }
            td.wide {
                (state(health.as_str()))
                @if let Some(escalation) = &snapshot.escalation {
                    small { (escalation.reason) }
                    @if escalation.cools_down { small { "It is started again after a while." } }
                } @else if let Some(fault) = snapshot.last_fault.as_ref().filter(|_| restarts > 0) {
                    small { "Last: " (fault) }
                }
            }
            td.number { (count(restarts)) }
            td.number { (count(snapshot.depth as u64)) small { "of " (count(snapshot.capacity as u64)) } }
            td {
                @match &snapshot.current {
                    Some(current) => { (current.message) small { "for " (span(micros(current.age_ns))) } }
                    None => span.faint { "none" },
                }
            }
            td.number { (count(snapshot.counts.handled)) }
        }
    }
}

fn micros(ns: u64) -> i64 {
    i64::try_from(ns / 1000).unwrap_or(i64::MAX)
}

//! One component as a row, be it the factory's own or a node's.

use super::format::{count, span, state};
use maud::{Markup, html};
use sluice_contract::message::ComponentState;
use sluice_runtime::{Health, Snapshot};

/// What a row shows.
pub(super) struct Shown {
    /// The row's id in the document.
    pub(super) row: String,
    component: String,
    id: String,
    health: String,
    notes: Vec<String>,
    restarts: u64,
    depth: u64,
    capacity: u64,
    /// The message under way, and for how many microseconds.
    current: Option<(String, i64)>,
    handled: u64,
}

impl Shown {
    /// One of the factory's own.
    pub(super) fn own((id, health, snapshot): &(String, Health, Snapshot)) -> Self {
        let restarts = snapshot.restarts.total();
        let mut notes = Vec::new();
        if let Some(escalation) = &snapshot.escalation {
            notes.push(escalation.reason.clone());
            notes.extend(comes_back(escalation.cools_down));
        } else if let Some(fault) = snapshot.last_fault.as_ref().filter(|_| restarts > 0) {
            notes.push(format!("Last: {fault}"));
        }
        let micros = |ns: u64| i64::try_from(ns / 1000).unwrap_or(i64::MAX);
        let current = snapshot.current.as_ref();
        Self {
            row: format!("component-{id}"),
            component: snapshot.component.to_owned(),
            id: id.clone(),
            health: health.as_str().to_owned(),
            notes,
            restarts,
            depth: snapshot.depth as u64,
            capacity: snapshot.capacity as u64,
            current: current.map(|current| (current.message.to_owned(), micros(current.age_ns))),
            handled: snapshot.counts.handled,
        }
    }

    /// One of a node, as its last heartbeat tells. What it failed with stays on the node.
    pub(super) fn of_node(node: &str, told: &ComponentState) -> Self {
        let mut notes = Vec::new();
        if told.health == Health::Failed.as_str() {
            notes.extend(comes_back(told.cools_down));
            notes.push("What it failed with: sluice gateway actors, on its machine.".to_owned());
        }
        let micros = i64::try_from(told.age_ms.saturating_mul(1000)).unwrap_or(i64::MAX);
        Self {
            row: format!("nodecomponent-{node}-{}", told.id),
            component: told.component.clone(),
            id: told.id.clone(),
            health: told.health.clone(),
            notes,
            restarts: told.restarts,
            depth: told.depth,
            capacity: told.capacity,
            current: told.message.clone().map(|message| (message, micros)),
            handled: told.handled,
        }
    }

    /// The row.
    pub(super) fn render(&self) -> Markup {
        html! {
            tr id=(self.row) data-state=(self.health) {
                td { strong { (self.component) } small.mono { (self.id) } }
                td.wide { (state(&self.health)) @for note in &self.notes { small { (note) } } }
                td.number { (count(self.restarts)) }
                td.number { (count(self.depth)) small { "of " (count(self.capacity)) } }
                td {
                    @match &self.current {
                        Some((message, micros)) => { (message) small { "for " (span(*micros)) } }
                        None => span.faint { "none" },
                    }
                }
                td.number { (count(self.handled)) }
            }
        }
    }
}

/// The table's head.
pub(super) fn head() -> Markup {
    html! {
        thead { tr {
            th { "Component" } th { "State" } th.number { "Restarts" } th.number { "Waiting" } th { "Message under way" }
            th.number { "Handled" }
        } }
    }
}

fn comes_back(cools_down: bool) -> Option<String> {
    cools_down.then(|| "It is started again after a while.".to_owned())
}

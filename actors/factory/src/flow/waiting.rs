//! Why an activity that is queued does not run yet, in words.

use crate::app::App;
use crate::state::jobs::{self, JobRow, JobState};
use crate::state::nodes::{self, NodeRow};
use crate::state::{Conn, gateways, outbox};
use crate::wire::{now, time_text};
use sluice_contract::{Fault, NodeId};
use std::collections::HashMap;

/// The reason for each activity of a run that waits, by activity run.
pub(crate) async fn reasons(app: &App, conn: &mut Conn, run: &str) -> Result<HashMap<String, String>, Fault> {
    let mut found = HashMap::new();
    for job in jobs::live_of_run(conn, run).await? {
        if job.state.is_waiting() {
            let reason = reason(app, conn, &job).await?;
            found.insert(job.activity_run, reason);
        }
    }
    Ok(found)
}

async fn reason(app: &App, conn: &mut Conn, job: &JobRow) -> Result<String, Fault> {
    let dispatch = outbox::dispatch_of(conn, &job.id).await?;
    if let Some((not_before, _)) = dispatch.filter(|(not_before, _)| *not_before > now()) {
        let why = match job.failures {
            0 => "the node that was asked had no room",
            _ => "the attempt before this one failed",
        };
        return Ok(format!("{why}; it is tried again at {}", time_text(not_before)));
    }
    let gateway = gateways::by_id(conn, &job.gateway).await?;
    let gateway = gateway.map(|gateway| gateway.name).unwrap_or_default();
    let line = app.line.state();
    if let (false, Some(fault)) = (line.connected, &line.error) {
        return Ok(format!("the control channel is down: {}", fault.message));
    }
    let nodes = nodes::of_gateway(conn, &job.gateway).await?;
    Ok(of_nodes(app, &gateway, &nodes).unwrap_or_else(|| match job.state {
        JobState::Dispatched => "a node was told of it and has not begun yet".to_owned(),
        _ => format!("it is on its way to a node of the gateway {gateway}"),
    }))
}

/// What keeps the nodes of a gateway from taking a job; nothing when one of them has a free place.
fn of_nodes(app: &App, gateway: &str, nodes: &[NodeRow]) -> Option<String> {
    if nodes.is_empty() {
        return Some(format!("the gateway {gateway} has no node; register one"));
    }
    let mut told = Vec::new();
    for node in nodes {
        let id = NodeId::from(node.id.as_str());
        let metrics = app.metrics(&id).filter(|_| app.is_online(&id));
        let what = match (metrics, node.connected) {
            (Some(metrics), _) if metrics.slots.1 > 0 => return None,
            (Some(metrics), _) => match metrics.busy {
                Some(busy) => format!("{} runs {} jobs, and {busy}", node.name, metrics.jobs_running),
                None => format!(
                    "{} runs {} of {} jobs",
                    node.name, metrics.jobs_running, metrics.slots.0
                ),
            },
            // It has just come.
            (None, _) if app.is_online(&id) => return None,
            (None, Some(at)) => format!("{} is offline since {}", node.name, time_text(at)),
            (None, None) => format!("{} was never online", node.name),
        };
        told.push(what);
    }
    Some(format!(
        "no node of the gateway {gateway} has a free place: {}",
        told.join("; ")
    ))
}

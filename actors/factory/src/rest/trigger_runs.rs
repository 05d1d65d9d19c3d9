//! Trigger runs: look at, run again, cancel.

use super::call::Call;
use super::error::ApiError;
use super::queries::{Operand, answer, next_page, read};
use super::reply;
use super::triggers::named;
use crate::app::App;
use crate::flow::trigger;
use crate::state::trigger_runs::{self, TriggerRunRow};
use crate::state::{Conn, stored};
use crate::wire::time_text;
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::Trigger;
use sluice_contract::{Fault, Object};
use std::sync::Arc;

/// What filters and orders may name.
pub(super) const OPERANDS: &[Operand] = &[
    ("TriggerName", "name", false),
    ("Status", "status", false),
    ("TriggerRunTimestamp", "started", true),
];

/// `queryTriggerRuns`.
pub(crate) async fn query(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let filter = read(&call.object_or_empty()?, OPERANDS)?;
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let mut rows = trigger_runs::query(&mut conn, &factory.id, &filter).await?;
    let token = next_page(&mut rows, &filter);
    let items = rows.iter().map(render).collect::<Result<Vec<_>, _>>()?;
    Ok(answer(items, token))
}

fn render(row: &TriggerRunRow) -> Result<Value, Fault> {
    let mut properties = json!({
        "TriggerTime": time_text(row.started),
        "ScheduleTime": time_text(row.scheduled),
    });
    if let Some((start, end)) = row.window {
        properties["windowStartTime"] = time_text(start).into();
        properties["windowEndTime"] = time_text(end).into();
    }
    if let Some(event) = &row.event {
        let body: Object = stored("an event", event)?;
        properties["fileName"] = body.get("fileName").cloned().unwrap_or_default();
        properties["folderPath"] = body.get("folderPath").cloned().unwrap_or_default();
        properties["EventPayload"] = event.as_str().into();
    }
    Ok(json!({
        "triggerName": row.name,
        "triggerRunId": row.id,
        "triggerType": row.kind,
        "triggerRunTimestamp": time_text(row.started),
        "status": row.status,
        "message": row.message,
        "properties": properties,
        "triggeredPipelines": stored::<Object>("the pipelines of a trigger run", &row.pipelines)?,
        "runDimension": {},
        "dependencyStatus": stored::<Object>("what a window waits for", &row.dependencies)?,
        // Members of our own.
        "failures": row.failures,
        "notBefore": (row.not_before > 0 && !row.is_over()).then(|| time_text(row.not_before)),
    }))
}

/// The run of a trigger.
async fn found(conn: &mut Conn, factory: &str, trigger: &str, id: &str) -> Result<TriggerRunRow, ApiError> {
    let row = trigger_runs::find(conn, factory, id).await?;
    row.filter(|row| row.trigger == trigger)
        .ok_or_else(|| ApiError::no_resource("triggerRuns", id))
}

pub(crate) async fn rerun(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let (document, trigger) = named(&mut tx, &factory, call.name(3)).await?;
    let row = found(&mut tx, &factory.id, &trigger.id, call.name(4)).await?;
    let body: Value = stored("a trigger", &document.body)?;
    let view = Trigger::view(&body)?;
    let runs = trigger::rerun(&mut tx, &factory, &document.name, &view, row, app.clock.now()).await?;
    tx.commit().await?;
    tracing::info!(
        trigger = document.name,
        run = call.name(4),
        "A trigger run was asked for again"
    );
    rung(app, runs);
    Ok(reply::done())
}

pub(crate) async fn cancel(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let (document, trigger) = named(&mut tx, &factory, call.name(3)).await?;
    let row = found(&mut tx, &factory.id, &trigger.id, call.name(4)).await?;
    let runs = trigger::cancel(&mut tx, row).await?;
    tx.commit().await?;
    tracing::info!(
        trigger = document.name,
        run = call.name(4),
        "A trigger run is being cancelled"
    );
    app.send_outbox();
    rung(app, runs);
    Ok(reply::done())
}

fn rung(app: &App, runs: Vec<String>) {
    for run in runs {
        app.advance(&run);
    }
    app.live.changed();
}

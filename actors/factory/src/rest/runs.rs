//! Runs: start, look at, cancel.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::flow::{self, Facts, InvokedBy, NewRun};
use crate::state::documents::{self, DocumentKind};
use crate::state::factories::FactoryRow;
use crate::state::runs::{self, RunRow};
use crate::state::{requests, stored};
use crate::wire::time_text;
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

/// The reply for one.
pub(crate) fn render(factory: &FactoryRow, row: &RunRow) -> Result<Value, Fault> {
    let parameters: Object = stored("a run's parameters", &row.parameters)?;
    // On the wire all of them are texts.
    let parameters: Object = parameters
        .iter()
        .map(|(name, value)| (name.clone(), flow::as_text(value)))
        .collect();
    let facts: Facts = stored("a run's facts", &row.facts)?;
    let invoked_by = facts.invoked_by.unwrap_or_else(|| InvokedBy {
        id: row.invoked_id.clone(),
        ..InvokedBy::manual()
    });
    Ok(json!({
        "id": format!("{}/pipelineruns/{}", factory.resource_id(), row.id),
        "runId": row.id,
        "debugRunId": null,
        "runGroupId": row.group,
        "pipelineName": row.pipeline,
        "parameters": parameters,
        "invokedBy": invoked_by,
        "runStart": time_text(row.started),
        "runEnd": row.ended.map(time_text),
        "durationInMs": row.ended.map(|ended| (ended - row.started) / 1000),
        "status": row.status,
        "message": row.message,
        "lastUpdated": time_text(row.updated),
        "annotations": stored::<Value>("a run's annotations", &row.annotations)?,
        "runDimension": {},
        "isLatest": row.is_latest,
    }))
}

/// `createRun`. The body is the map of parameters. A client that repeats a request (the same `x-ms-client-request-id`)
/// gets the run that the first one started.
pub(crate) async fn create(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let given = call.object_or_empty()?;
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let pipeline = documents::find(&mut tx, &factory.id, DocumentKind::Pipeline, call.name(3))
        .await?
        .ok_or_else(|| ApiError::no_resource("pipelines", call.name(3)))?;
    let operation = format!("createRun/{}", pipeline.name.to_lowercase());
    let request = call
        .header("x-ms-client-request-id")
        .filter(|id| !id.is_empty() && id.len() <= 200);
    if let Some(request) = request
        && let Some(run) = requests::find(&mut tx, &factory.id, &operation, request).await?
    {
        return Ok(reply::json_reply(json!({ "runId": run })));
    }
    let new = NewRun {
        pipeline: pipeline.name,
        parameters: given,
        invoked_by: InvokedBy::manual(),
        trigger: None,
    };
    let row = flow::start(&mut tx, &factory, new).await?;
    if let Some(request) = request {
        requests::insert(&mut tx, &factory.id, &operation, request, &row.id).await?;
    }
    tx.commit().await?;
    tracing::info!(run = %row.id, pipeline = %row.pipeline, "A run was created");
    app.advance(&row.id);
    Ok(reply::json_reply(json!({ "runId": row.id })))
}

pub(crate) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let row = runs::find(&mut conn, &factory.id, call.name(3))
        .await?
        .ok_or_else(|| ApiError::no_run(call.name(3)))?;
    Ok(reply::json_reply(render(&factory, &row)?))
}

pub(crate) async fn cancel(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let row = runs::find(&mut tx, &factory.id, call.name(3))
        .await?
        .ok_or_else(|| ApiError::no_run(call.name(3)))?;
    if row.is_over() {
        let what = format!("the run {} is over: {}", row.id, row.status);
        return Err(Fault::new(Code::RunNotCancellable, what).into());
    }
    flow::cancel_run(&mut tx, &row.id).await?;
    tx.commit().await?;
    tracing::info!(run = %row.id, "A run is being cancelled");
    app.send_outbox();
    app.advance(&row.id);
    Ok(reply::done())
}

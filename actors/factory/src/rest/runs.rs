//! Runs: start, look at, cancel.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::flow::{self, Facts, From, InvokedBy, NewRun, Rerun};
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
    let mut invoked_by = json!(invoked_by);
    if let Some(parent) = facts.parent {
        invoked_by["pipelineName"] = parent.pipeline.into();
        invoked_by["pipelineRunId"] = parent.run.into();
    }
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
        // A member of our own: what SetVariable gave to pipelineReturnValue.
        "pipelineReturnValue": row
            .return_value
            .as_deref()
            .map(|text| stored::<Value>("a return value", text))
            .transpose()?,
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
    let row = match asked_rerun(call) {
        Some(rerun) => flow::rerun(&mut tx, &factory, &pipeline.name, given, rerun).await?,
        None => {
            let new = NewRun {
                pipeline: pipeline.name,
                parameters: given,
                invoked_by: InvokedBy::manual(),
                trigger: None,
            };
            flow::start(&mut tx, &factory, new).await?
        }
    };
    if let Some(request) = request {
        requests::insert(&mut tx, &factory.id, &operation, request, &row.id).await?;
    }
    tx.commit().await?;
    tracing::info!(run = %row.id, pipeline = %row.pipeline, "A run was created");
    app.advance(&row.id);
    Ok(reply::json_reply(json!({ "runId": row.id })))
}

/// What the query says about repeating another run.
fn asked_rerun(call: &Call) -> Option<Rerun> {
    let text = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let flag = |name: &str| text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let from = match text("startactivityname") {
        Some(name) => From::Activity(name.clone()),
        None if flag("startfromfailure") => From::Failure,
        None => From::Beginning,
    };
    Some(Rerun {
        of: text("referencepipelinerunid")?.clone(),
        recovery: flag("isrecovery"),
        from,
    })
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
    // Data Factory's own default; the portal asks for it with isRecursive=true.
    let recursive = call
        .query
        .get("isrecursive")
        .is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let asked = flow::cancel_run(&mut tx, &row.id, recursive).await?;
    tx.commit().await?;
    tracing::info!(run = %row.id, "A run is being cancelled");
    app.send_outbox();
    for run in asked {
        app.advance(&run);
    }
    Ok(reply::done())
}

//! Runs: start, look at, cancel.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::flow;
use crate::state::documents::{self, DocumentKind};
use crate::state::factories::FactoryRow;
use crate::state::runs::{self, RunRow};
use crate::state::{json as json_text, requests, stored};
use crate::wire::{now, time_text};
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::{MASK, Pipeline, text};
use sluice_contract::{Code, Fault, Object, RunId};
use std::sync::Arc;

/// The reply for one.
pub(crate) fn render(factory: &FactoryRow, row: &RunRow) -> Result<Value, Fault> {
    let parameters: Object = stored("a run's parameters", &row.parameters)?;
    Ok(json!({
        "id": format!("{}/pipelineruns/{}", factory.resource_id(), row.id),
        "runId": row.id,
        "debugRunId": null,
        "runGroupId": row.id,
        "pipelineName": row.pipeline,
        "parameters": parameters,
        "invokedBy": { "id": row.invoked_id, "name": "Manual", "invokedByType": "Manual" },
        "runStart": time_text(row.started),
        "runEnd": row.ended.map(time_text),
        "durationInMs": row.ended.map(|ended| (ended - row.started) / 1000),
        "status": row.status,
        "message": row.message,
        "lastUpdated": time_text(row.updated),
        "annotations": [],
        "runDimension": {},
        "isLatest": true,
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
    let body: Value = stored("a pipeline", &pipeline.body)?;
    let row = RunRow {
        id: RunId::generate().to_string(),
        factory: factory.id.clone(),
        pipeline: pipeline.name,
        parameters: json_text(&parameters(&Pipeline::view(&body)?, given)?)?,
        status: "Queued".to_owned(),
        message: String::new(),
        cancel: false,
        started: now(),
        ended: None,
        updated: now(),
        invoked_id: uuid::Uuid::new_v4().simple().to_string(),
    };
    runs::insert(&mut tx, &row, &pipeline.body).await?;
    if let Some(request) = request {
        requests::insert(&mut tx, &factory.id, &operation, request, &row.id).await?;
    }
    tx.commit().await?;
    tracing::info!(run = %row.id, pipeline = %row.pipeline, "A run was created");
    app.advance(&row.id);
    Ok(reply::json_reply(json!({ "runId": row.id })))
}

/// The run's parameters: those given, and the defaults of the others. On the wire all of them are strings.
fn parameters(pipeline: &Pipeline<'_>, given: Object) -> Result<Object, Fault> {
    let mut all = Object::new();
    for (name, declaration) in pipeline.parameters() {
        let declared = declaration.as_object();
        let sent = given
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        let secret = declared
            .and_then(|d| text(d, "type"))
            .is_some_and(|kind| kind.eq_ignore_ascii_case("SecureString"));
        let value = match sent.or_else(|| declared.and_then(|d| d.get("defaultValue"))) {
            // Nothing runs here that could use it, so it is not kept.
            Some(_) if secret => MASK.into(),
            Some(value) => as_text(value),
            None => {
                return Err(Fault::new(
                    Code::DocumentInvalid,
                    format!("the parameter `{name}` has no default, and the request does not give it"),
                ));
            }
        };
        all.insert(name.clone(), value);
    }
    for (name, value) in given {
        if !all.keys().any(|known| known.eq_ignore_ascii_case(&name)) {
            all.insert(name, as_text(&value));
        }
    }
    Ok(all)
}

fn as_text(value: &Value) -> Value {
    match value {
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    }
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

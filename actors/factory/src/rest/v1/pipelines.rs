//! What scripts do with pipelines of v1 besides making them: `Suspend-` and `Resume-AzureRmDataFactoryPipeline`,
//! `Set-AzureRmDataFactoryPipelineActivePeriod`.

use super::Collection::Pipelines;
use super::documents::{find, write};
use crate::app::App;
use crate::rest::call::Call;
use crate::rest::error::ApiError;
use crate::rest::reply;
use axum::response::Response;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

/// Changes the pipeline's properties, as if the client had sent the whole of it.
async fn change(app: &Arc<App>, call: &Call, changes: Vec<(&str, Value)>) -> Result<Response, ApiError> {
    let (_, row) = find(app, call, Pipelines).await?;
    let mut body: Object = row.body.as_object().cloned().unwrap_or_default();
    let key = body.keys().find(|key| key.eq_ignore_ascii_case("properties")).cloned();
    let properties = key.and_then(|key| body.get_mut(&key)).and_then(Value::as_object_mut);
    let properties = properties.ok_or_else(|| Fault::new(Code::StateFailed, "a stored pipeline has no properties"))?;
    for (name, value) in changes {
        properties.retain(|key, _| !key.eq_ignore_ascii_case(name));
        properties.insert(name.to_owned(), value);
    }
    write(app, call, Pipelines, body).await?;
    Ok(reply::done())
}

pub(super) async fn pause(app: &Arc<App>, call: &Call, paused: bool) -> Result<Response, ApiError> {
    change(app, call, vec![("isPaused", paused.into())]).await
}

/// `start` and `end` in the query or in the body.
pub(super) async fn period(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let body = call.object_or_empty()?;
    let nested = member(&body, "properties").and_then(Value::as_object).unwrap_or(&body);
    let given = |name: &str| call.query.get(name).map(String::as_str).or_else(|| text(nested, name));
    let start = given("start").ok_or_else(|| Fault::new(Code::DocumentInvalid, "the request has no `start`"))?;
    let mut changes = vec![("start", Value::from(start))];
    changes.extend(given("end").map(|end| ("end", Value::from(end))));
    change(app, call, changes).await
}

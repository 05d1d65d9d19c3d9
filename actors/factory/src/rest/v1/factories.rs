//! Data factories in v1's form. There is one space of names for both versions.

use super::inner::ask;
use crate::app::App;
use crate::rest::call::Call;
use crate::rest::error::ApiError;
use crate::rest::factories as today;
use crate::rest::reply;
use axum::http::Method;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

fn render(today: &Value) -> Value {
    let id = today["id"].as_str().unwrap_or_default();
    json!({
        "name": today["name"],
        "id": id.replace("/factories/", "/datafactories/"),
        "type": "Microsoft.DataFactory/datafactories",
        "location": today["location"],
        "tags": today["tags"],
        "properties": { "provisioningState": "Succeeded", "createTime": today["properties"]["createTime"] },
    })
}

pub(super) async fn list(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let group = (call.names.len() > 1).then(|| call.name(1));
    let rows = crate::state::factories::list(&mut conn, call.name(0), group, "", i64::MAX).await?;
    let items = rows
        .iter()
        .map(|row| today::render(row).map(|value| render(&value)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(reply::json_reply(json!({ "value": items })))
}

pub(super) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    Ok(reply::json_reply(render(
        &ask(app, call, Method::GET, &[], None).await?,
    )))
}

pub(super) async fn put(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    // v1's properties of a factory are the factory's own.
    let mut body = call.object_or_empty()?;
    body.retain(|key, _| ["location", "tags"].iter().any(|kept| key.eq_ignore_ascii_case(kept)));
    let made = ask(app, call, Method::PUT, &[], Some(&Value::Object(body))).await?;
    Ok(reply::json_reply(render(&made)))
}

pub(super) async fn delete(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let existed = ask(app, call, Method::GET, &[], None).await.is_ok();
    ask(app, call, Method::DELETE, &[], None).await?;
    Ok(reply::deleted(existed))
}

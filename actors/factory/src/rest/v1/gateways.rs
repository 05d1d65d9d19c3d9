//! Gateways with the members that `Get-AzureRmDataFactoryGateway` printed.

use super::inner::ask;
use crate::app::App;
use crate::rest::call::Call;
use crate::rest::error::ApiError;
use crate::rest::reply;
use axum::http::Method;
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use std::sync::Arc;

/// The latest of the nodes' times.
fn latest(nodes: &Value, name: &str) -> Value {
    let times = nodes
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|node| node[name].as_str());
    times.max().map_or(Value::Null, Value::from)
}

async fn render(app: &Arc<App>, call: &Call, name: &str) -> Result<Value, ApiError> {
    let runtime = ask(app, call, Method::GET, &["integrationruntimes", name], None).await?;
    let status = ask(
        app,
        call,
        Method::POST,
        &["integrationruntimes", name, "getstatus"],
        None,
    )
    .await?;
    let status = &status["properties"];
    let details = &status["typeProperties"];
    let id = runtime["id"].as_str().unwrap_or_default();
    let id = id
        .replace("/factories/", "/datafactories/")
        .replace("/integrationruntimes/", "/gateways/");
    let version = &details["version"];
    Ok(json!({
        "id": id,
        "name": runtime["name"],
        "properties": {
            "description": runtime["properties"]["description"],
            "version": version,
            "status": status["state"],
            "versionStatus": if version.is_null() { "None" } else { "UpToDate" },
            "createTime": details["createTime"],
            "registerTime": latest(&details["nodes"], "registerTime"),
            "lastConnectTime": latest(&details["nodes"], "lastConnectTime"),
            "expiryTime": null,
            "provisioningState": "Succeeded",
            "dataFactoryName": status["dataFactoryName"],
        },
    }))
}

pub(super) async fn list(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let names: Vec<String> = {
        let mut conn = app.state.read().await?;
        let factory = call.factory(&mut conn).await?;
        let rows = crate::state::gateways::list(&mut conn, &factory.id, "", i64::MAX).await?;
        rows.into_iter().map(|row| row.name).collect()
    };
    let mut items = Vec::with_capacity(names.len());
    for name in names {
        items.push(render(app, call, &name).await?);
    }
    Ok(reply::json_reply(json!({ "value": items })))
}

pub(super) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    Ok(reply::json_reply(render(app, call, call.name(3)).await?))
}

/// Makes a gateway, or changes its description. The reply has the registration key, as `New-AzureRmDataFactoryGateway` did.
pub(super) async fn put(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let body = call.object_or_empty()?;
    let properties = member(&body, "properties").and_then(Value::as_object);
    let description = properties.and_then(|properties| text(properties, "description"));
    let mut document = json!({ "properties": { "type": "SelfHosted" } });
    if let Some(description) = description {
        document["properties"]["description"] = description.into();
    }
    let name = call.name(3);
    ask(app, call, Method::PUT, &["integrationruntimes", name], Some(&document)).await?;
    let keys = ask(
        app,
        call,
        Method::POST,
        &["integrationruntimes", name, "listauthkeys"],
        None,
    )
    .await?;
    let mut reply = render(app, call, name).await?;
    reply["properties"]["key"] = keys["authKey1"].clone();
    Ok(reply::json_reply(reply))
}

pub(super) async fn delete(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let name = call.name(3);
    let existed = ask(app, call, Method::GET, &["integrationruntimes", name], None)
        .await
        .is_ok();
    ask(app, call, Method::DELETE, &["integrationruntimes", name], None).await?;
    Ok(reply::deleted(existed))
}

/// `New-AzureRmDataFactoryGatewayKey`: a gateway had one key then, which is the first of today's two.
pub(super) async fn regenerate(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let which = json!({ "keyName": "authKey1" });
    let below = ["integrationruntimes", call.name(3), "regenerateauthkey"];
    let made = ask(app, call, Method::POST, &below, Some(&which)).await?;
    Ok(reply::json_reply(json!({ "key": made["authKey1"] })))
}

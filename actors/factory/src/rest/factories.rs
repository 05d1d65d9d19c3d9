//! Data factories.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::state::factories::{self, FactoryRow};
use crate::state::{filter::PAGE, gateways, json, nodes, outbox, stored};
use crate::wire::{etag, now, time_text};
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::{check_name, member};
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

/// The reply for one. The members of the client stay, those of the factory are added.
pub(crate) fn render(row: &FactoryRow) -> Result<Value, Fault> {
    let body: Object = stored("a data factory", &row.body)?;
    let mut reply = Object::new();
    reply.insert("name".to_owned(), row.name.clone().into());
    reply.insert("id".to_owned(), row.resource_id().into());
    reply.insert("type".to_owned(), "Microsoft.DataFactory/factories".into());
    for (key, value) in body {
        reply.entry(key).or_insert(value);
    }
    reply.insert("eTag".to_owned(), format!("\"{}\"", row.etag).into());
    let properties = reply.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("provisioningState".to_owned(), "Succeeded".into());
        properties.insert("createTime".to_owned(), time_text(row.created).into());
        properties.insert("version".to_owned(), "2018-06-01".into());
    }
    Ok(Value::Object(reply))
}

pub(crate) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let row = call.factory(&mut *app.state.read().await?).await?;
    if call.has_version(&row.etag) {
        return Ok(reply::not_modified());
    }
    Ok(reply::json_reply(render(&row)?))
}

pub(crate) async fn put(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    for name in &call.names {
        check_name(name)?;
    }
    let mut body = reply::own_members(call.object_or_empty()?);
    body.retain(|key, _| !key.eq_ignore_ascii_case("etag"));
    match member(&body, "properties") {
        None => {}
        Some(Value::Object(_)) => {}
        Some(Value::Null) => body.retain(|key, _| !key.eq_ignore_ascii_case("properties")),
        Some(_) => return Err(Fault::new(Code::DocumentInvalid, "`properties` is not an object").into()),
    }
    let mut tx = app.state.write().await?;
    let old = factories::find(&mut tx, call.name(0), call.name(1), call.name(2)).await?;
    call.check_match(old.as_ref().map(|row| row.etag.as_str()))?;
    let row = match old {
        Some(old) => FactoryRow {
            body: json(&body)?,
            etag: etag(),
            ..old
        },
        None => FactoryRow {
            id: uuid::Uuid::now_v7().to_string(),
            subscription: call.name(0).to_owned(),
            resource_group: call.name(1).to_owned(),
            name: call.name(2).to_owned(),
            body: json(&body)?,
            etag: etag(),
            created: now(),
        },
    };
    factories::put(&mut tx, &row).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::json_reply(render(&row)?))
}

/// Replaces the members that are sent: `tags`, `identity`.
pub(crate) async fn patch(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let change = reply::own_members(call.object()?);
    let mut tx = app.state.write().await?;
    let mut row = call.factory(&mut tx).await?;
    call.check_match(Some(&row.etag))?;
    let mut body: Object = stored("a data factory", &row.body)?;
    for (key, value) in change {
        if let ("properties", Value::Object(new)) = (key.as_str(), &value)
            && let Some(Value::Object(old)) = body.get_mut("properties")
        {
            old.extend(new.clone());
        } else {
            body.insert(key, value);
        }
    }
    row.body = json(&body)?;
    row.etag = etag();
    factories::put(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(reply::json_reply(render(&row)?))
}

/// Deletes a data factory with its documents, gateways and runs. Its nodes are cut off.
pub(crate) async fn delete(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let Some(row) = factories::find(&mut tx, call.name(0), call.name(1), call.name(2)).await? else {
        return Ok(reply::deleted(false));
    };
    let mut cut = Vec::new();
    for gateway in gateways::list(&mut tx, &row.id, "", i64::MAX).await? {
        cut.extend(nodes::of_gateway(&mut tx, &gateway.id).await?);
        outbox::delete_for(&mut tx, &gateway.id, None).await?;
    }
    factories::delete(&mut tx, &row.id).await?;
    tx.commit().await?;
    app.cut_off(cut, "its data factory was deleted").await;
    app.live.changed();
    Ok(reply::deleted(true))
}

/// `getDataPlaneAccess`. There is no second plane: clients go on with the token they have, at the address they know.
pub(crate) async fn data_plane_access(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    call.factory(&mut *app.state.read().await?).await?;
    let policy = call.object_or_empty()?;
    Ok(reply::json_reply(json!({
        "policy": policy,
        "accessToken": "",
        "dataPlaneUrl": call.base(app),
    })))
}

pub(crate) async fn list(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let group = (call.names.len() > 1).then(|| call.name(1));
    let mut conn = app.state.read().await?;
    let mut rows = factories::list(&mut conn, call.name(0), group, call.skip_token(), PAGE + 1).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let token = rows
        .last()
        .filter(|_| more)
        .map(|row| format!("{} {}", row.name.to_lowercase(), row.resource_group.to_lowercase()));
    let items = rows.iter().map(render).collect::<Result<_, _>>()?;
    Ok(reply::page(app, call, items, token))
}

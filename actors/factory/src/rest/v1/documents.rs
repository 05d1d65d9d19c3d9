//! Linked services, datasets and pipelines of v1.

use super::Collection;
use super::carry::{self, Change};
use crate::app::App;
use crate::rest::call::Call;
use crate::rest::error::ApiError;
use crate::rest::reply;
use crate::state::factories::FactoryRow;
use crate::state::v1_documents::{self, OldRow};
use crate::wire::{now, time_text};
use axum::response::Response;
use serde_json::{Value, json};
use sluice_contract::document::{MASK, check_name, member, take_secrets};
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

/// A document as v1 gave it back.
pub(super) fn render(factory: &FactoryRow, collection: Collection, row: &OldRow) -> Value {
    let body = row.body.as_object();
    let properties = body
        .and_then(|body| member(body, "properties"))
        .and_then(Value::as_object);
    let mut properties = properties.cloned().unwrap_or_default();
    properties.values_mut().for_each(show_masks);
    properties.insert("provisioningState".to_owned(), "Succeeded".into());
    properties.insert("createTime".to_owned(), time_text(row.created).into());
    let id = factory.resource_id().replace("/factories/", "/datafactories/");
    json!({
        "id": format!("{id}/{}/{}", collection.name(), row.name),
        "name": row.name,
        "type": format!("Microsoft.DataFactory/datafactories/{}", collection.name()),
        "properties": properties,
    })
}

/// v1 showed a secret as a plain text.
fn show_masks(value: &mut Value) {
    match value {
        Value::Object(object) if object.get("value").and_then(Value::as_str) == Some(MASK) => *value = MASK.into(),
        Value::Object(object) => object.values_mut().for_each(show_masks),
        Value::Array(items) => items.iter_mut().for_each(show_masks),
        _ => {}
    }
}

pub(super) async fn find(app: &App, call: &Call, collection: Collection) -> Result<(FactoryRow, OldRow), ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let row = v1_documents::find(&mut conn, &factory.id, collection.name(), call.name(3)).await?;
    let row = row.ok_or_else(|| ApiError::no_resource(collection.name(), call.name(3)))?;
    Ok((factory, row))
}

pub(super) async fn get(app: &Arc<App>, call: &Call, collection: Collection) -> Result<Response, ApiError> {
    let (factory, row) = find(app, call, collection).await?;
    Ok(reply::json_reply(render(&factory, collection, &row)))
}

pub(super) async fn list(app: &Arc<App>, call: &Call, collection: Collection) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let rows = v1_documents::all(&mut conn, &factory.id).await?;
    let rows = rows.iter().filter(|row| row.kind == collection.name());
    let items: Vec<Value> = rows.map(|row| render(&factory, collection, row)).collect();
    Ok(reply::json_reply(json!({ "value": items })))
}

pub(super) async fn put(app: &Arc<App>, call: &Call, collection: Collection) -> Result<Response, ApiError> {
    check_name(call.name(3))?;
    let body = call.object()?;
    if member(&body, "properties").and_then(Value::as_object).is_none() {
        return Err(Fault::new(Code::DocumentInvalid, "the document has no object `properties`").into());
    }
    write(app, call, collection, reply::own_members(body)).await
}

/// Carries a document over, and keeps it.
pub(super) async fn write(
    app: &Arc<App>,
    call: &Call,
    collection: Collection,
    body: Object,
) -> Result<Response, ApiError> {
    let (factory, rows) = {
        let mut conn = app.state.read().await?;
        let factory = call.factory(&mut conn).await?;
        let rows = v1_documents::all(&mut conn, &factory.id).await?;
        (factory, rows)
    };
    let name = call.name(3);
    let old = rows
        .iter()
        .find(|row| row.kind == collection.name() && row.name.to_lowercase() == name.to_lowercase());
    let body = Value::Object(body);
    let mut row = OldRow {
        kind: collection.name().to_owned(),
        name: old.map_or_else(|| name.to_owned(), |old| old.name.clone()),
        body: without_secrets(body.clone(), collection),
        made: Vec::new(),
        created: old.map_or_else(now, |old| old.created),
    };
    let before = old.map(|old| old.made.clone()).unwrap_or_default();
    let change = Change {
        collection,
        name: &row.name,
        body: &body,
        rows: &rows,
    };
    row.made = carry::write(app, call, &change, &before).await?;
    let mut tx = app.state.write().await?;
    v1_documents::put(&mut tx, &factory.id, &row).await?;
    tx.commit().await?;
    Ok(reply::json_reply(render(&factory, collection, &row)))
}

/// What may be kept of a linked service.
fn without_secrets(mut body: Value, collection: Collection) -> Value {
    if collection != Collection::LinkedServices {
        return body;
    }
    let inner = |object: &mut Object, name: &str| object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    if let Some(object) = body.as_object_mut()
        && let Some(key) = inner(object, "properties")
        && let Some(Value::Object(properties)) = object.get_mut(&key)
    {
        match inner(properties, "typeProperties") {
            Some(key) => {
                if let Some(Value::Object(settings)) = properties.get_mut(&key) {
                    drop(take_secrets(settings));
                }
            }
            None => drop(take_secrets(properties)),
        }
    }
    body
}

pub(super) async fn delete(app: &Arc<App>, call: &Call, collection: Collection) -> Result<Response, ApiError> {
    let (factory, row) = match find(app, call, collection).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => {
            // The data factory has to be there; the document need not.
            call.factory(&mut *app.state.read().await?).await?;
            return Ok(reply::deleted(false));
        }
        Err(error) => return Err(error),
    };
    carry::remove(app, call, &row.made).await?;
    let mut tx = app.state.write().await?;
    v1_documents::delete(&mut tx, &factory.id, collection.name(), &row.name).await?;
    tx.commit().await?;
    Ok(reply::deleted(true))
}

//! Gateways: ADF's self-hosted integration runtimes.

use super::call::Call;
use super::error::ApiError;
use super::{enrol, keys, references, reply};
use crate::app::App;
use crate::flow;
use crate::state::factories::FactoryRow;
use crate::state::filter::PAGE;
use crate::state::gateways::{self, GatewayRow};
use crate::state::{json, nodes, outbox, stored};
use crate::wire::{etag, now};
use axum::response::Response;
use serde_json::{Value, json as value};
use sluice_contract::document::{IntegrationRuntime, check_name, member};
use sluice_contract::{Code, Fault, GatewayId, Object};
use std::sync::Arc;

/// The most nodes that a gateway may be given.
const MAX_PLACES: i64 = 64;
/// Azure spells the collection in lower case in ids.
const COLLECTION: &str = "integrationruntimes";

fn render(factory: &FactoryRow, row: &GatewayRow) -> Value {
    reply::resource(factory, COLLECTION, &row.name, &row.etag, &row.body)
}

pub(crate) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let (factory, row) = call.gateway(&mut *app.state.read().await?).await?;
    if call.has_version(&row.etag) {
        return Ok(reply::not_modified());
    }
    Ok(reply::json_reply(render(&factory, &row)))
}

pub(crate) async fn list(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let mut rows = gateways::list(&mut conn, &factory.id, call.skip_token(), PAGE + 1).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let token = rows.last().filter(|_| more).map(|row| row.name.to_lowercase());
    let items = rows.iter().map(|row| render(&factory, row)).collect();
    Ok(reply::page(app, call, items, token))
}

pub(crate) async fn put(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    check_name(call.name(3))?;
    let mut body = Value::Object(reply::own_members(call.object()?));
    let kind = IntegrationRuntime::view(&body)?;
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut)
        && member(properties, "type").is_none()
    {
        properties.insert("type".to_owned(), "SelfHosted".into());
    }
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let old = gateways::find(&mut tx, &factory.id, call.name(3)).await?;
    call.check_match(old.as_ref().map(|row| row.etag.as_str()))?;
    if old
        .as_ref()
        .is_some_and(|old| old.is_managed() != (kind == IntegrationRuntime::Managed))
    {
        let what = "the type of an integration runtime cannot be changed: delete it and make it anew";
        return Err(Fault::new(Code::DocumentInvalid, what).into());
    }
    let row = match old {
        Some(old) => GatewayRow {
            body: json(&body)?,
            etag: etag(),
            ..old
        },
        None => {
            let id = GatewayId::generate().to_string();
            GatewayRow {
                factory: factory.id.clone(),
                name: call.name(3).to_owned(),
                body: json(&body)?,
                etag: etag(),
                queue: uuid::Uuid::new_v4().to_string(),
                keys: [keys::fresh(app, &id)?, keys::fresh(app, &id)?],
                certificate: None,
                thumbprint: None,
                created: now(),
                places: enrol::PLACES,
                id,
            }
        }
    };
    gateways::put(&mut tx, &row).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::json_reply(render(&factory, &row)))
}

/// `autoUpdate` and `updateDelayOffset` become members of the document.
pub(crate) async fn patch(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let change = call.object()?;
    let mut tx = app.state.write().await?;
    let (factory, mut row) = call.gateway(&mut tx).await?;
    call.check_match(Some(&row.etag))?;
    let mut body: Object = stored("a gateway", &row.body)?;
    let properties = body
        .entry("properties")
        .or_insert_with(|| value!({ "type": "SelfHosted" }));
    let properties = properties
        .as_object_mut()
        .ok_or_else(|| Fault::new(Code::StateFailed, "a gateway's stored properties are not an object"))?;
    for (key, new) in change {
        match key.as_str() {
            "autoUpdate" | "updateDelayOffset" => {
                properties.insert(key, new);
            }
            // An addition of ours.
            "nodePlaces" => {
                row.places = new.as_i64().filter(|n| (1..=MAX_PLACES).contains(n)).ok_or_else(|| {
                    let what = format!("`nodePlaces` is not a number from 1 to {MAX_PLACES}");
                    Fault::new(Code::DocumentInvalid, what)
                })?;
            }
            _ => {
                let what = format!(
                    "`{key}` cannot be changed with PATCH; only autoUpdate, updateDelayOffset and nodePlaces can"
                );
                return Err(Fault::new(Code::DocumentInvalid, what).into());
            }
        }
    }
    row.body = json(&body)?;
    row.etag = etag();
    gateways::put(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(reply::json_reply(render(&factory, &row)))
}

/// Deletes a gateway that no linked service names. Its nodes are cut off, and what they were working on fails.
pub(crate) async fn delete(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let Some(row) = gateways::find(&mut tx, &factory.id, call.name(3)).await? else {
        return Ok(reply::deleted(false));
    };
    references::check_gateway_unreferenced(&mut tx, &factory.id, &row.name).await?;
    let cut = nodes::of_gateway(&mut tx, &row.id).await?;
    let fault = Fault::new(Code::NoGateway, format!("the gateway {} was deleted", row.name));
    let runs = flow::fail_jobs_of_gateway(&mut tx, &row.id, &fault).await?;
    outbox::delete_for(&mut tx, &row.id, None).await?;
    gateways::delete(&mut tx, &row.id).await?;
    tx.commit().await?;
    app.cut_off(cut, "its gateway was deleted").await;
    for run in runs {
        app.advance(&run);
    }
    app.live.changed();
    Ok(reply::deleted(true))
}

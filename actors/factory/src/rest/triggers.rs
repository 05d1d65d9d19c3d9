//! Triggers: documents that are started and stopped.

use super::call::Call;
use super::error::ApiError;
use super::trigger_check::{check_references, check_windows};
use super::{references, reply, secrets};
use crate::app::App;
use crate::flow::trigger::{self, Definition};
use crate::state::documents::{self, DocumentKind, DocumentRow};
use crate::state::factories::FactoryRow;
use crate::state::filter::PAGE;
use crate::state::triggers::{self, TriggerRow};
use crate::state::{Conn, json, stored, watches};
use crate::wire::{etag, time_text};
use axum::response::Response;
use serde_json::{Value, json as value};
use sluice_contract::document::{Trigger, TriggerKind, check_name, text};
use sluice_contract::{Code, Fault};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

const KIND: DocumentKind = DocumentKind::Trigger;

/// The reply for one: the document, and whether it is started.
fn render(factory: &FactoryRow, row: &DocumentRow, started: bool) -> Value {
    let mut reply = reply::resource(factory, KIND.collection(), &row.name, &row.etag, &row.body);
    if let Some(properties) = reply.get_mut("properties").and_then(Value::as_object_mut) {
        let state = if started { "Started" } else { "Stopped" };
        properties.insert("runtimeState".to_owned(), state.into());
    }
    reply
}

/// The document and the state of the trigger that the path names.
pub(super) async fn named(
    conn: &mut Conn,
    factory: &FactoryRow,
    name: &str,
) -> Result<(DocumentRow, TriggerRow), ApiError> {
    let document = documents::find(conn, &factory.id, KIND, name).await?;
    let row = triggers::find(conn, &factory.id, name).await?;
    document
        .zip(row)
        .ok_or_else(|| ApiError::no_resource(KIND.collection(), name))
}

pub(crate) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let (document, row) = named(&mut conn, &factory, call.name(3)).await?;
    if call.has_version(&document.etag) {
        return Ok(reply::not_modified());
    }
    Ok(reply::json_reply(render(&factory, &document, row.started)))
}

/// A page of them, and the token of the next one.
async fn some(conn: &mut Conn, factory: &FactoryRow, behind: &str) -> Result<(Vec<Value>, Option<String>), Fault> {
    let mut rows = documents::list(conn, &factory.id, KIND, behind, PAGE + 1).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let token = rows.last().filter(|_| more).map(|row| row.name.to_lowercase());
    let started = triggers::all(conn, &factory.id).await?.into_iter();
    let started: HashSet<String> = started.filter(|row| row.started).map(|row| row.name_key).collect();
    let item = |row: &DocumentRow| render(factory, row, started.contains(&row.name.to_lowercase()));
    Ok((rows.iter().map(item).collect(), token))
}

pub(crate) async fn list(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let (items, token) = some(&mut conn, &factory, call.skip_token()).await?;
    Ok(reply::page(app, call, items, token))
}

/// `querytriggers`. With `parentTriggerName` Data Factory looks for triggers that rerun windows of another one; there are
/// none here, since windows are run again by themselves.
pub(crate) async fn query(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let body = call.object_or_empty()?;
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    if text(&body, "parentTriggerName").is_some_and(|name| !name.is_empty()) {
        return Ok(reply::json_reply(value!({ "value": [] })));
    }
    let behind = text(&body, "continuationToken").unwrap_or_default();
    let (items, token) = some(&mut conn, &factory, behind).await?;
    let mut answer = value!({ "value": items });
    if let Some(token) = token {
        answer["continuationToken"] = token.into();
    }
    Ok(reply::json_reply(answer))
}

pub(crate) async fn put(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    check_name(call.name(3))?;
    let mut body = Value::Object(reply::own_members(call.object()?));
    let kind = Trigger::view(&body)?.kind();
    // Whether it is started is asked for by operations of its own.
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|key, _| !key.eq_ignore_ascii_case("runtimeState"));
    }
    secrets::mask(&mut body, "", &mut |path, secret| {
        drop(zeroize::Zeroizing::new(secret));
        tracing::info!(path, "A secret in a trigger is not kept");
    });
    let view = Trigger::view(&body)?;
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let old = documents::find(&mut tx, &factory.id, KIND, call.name(3)).await?;
    call.check_match(old.as_ref().map(|row| row.etag.as_str()))?;
    let name = old
        .as_ref()
        .map_or_else(|| call.name(3).to_owned(), |old| old.name.clone());
    let state = triggers::find(&mut tx, &factory.id, &name).await?;
    if state.as_ref().is_some_and(|row| row.started) {
        return Err(ApiError::trigger_started("update", &name));
    }
    let made = state.as_ref().map_or_else(|| app.clock.now(), |row| row.created);
    let definition = Definition::read(&view, made)?;
    check_references(&mut tx, &factory, &name, &view, &definition).await?;
    let mut state = state.unwrap_or_else(|| TriggerRow {
        id: uuid::Uuid::now_v7().simple().to_string(),
        factory: factory.id.clone(),
        name_key: name.to_lowercase(),
        started: false,
        reached: 0,
        due: None,
        created: made,
    });
    match &old {
        None => triggers::insert(&mut tx, &state).await?,
        Some(old) => {
            let before: Value = stored("a trigger", &old.body)?;
            let before = Trigger::view(&before)?;
            if before.kind() != kind {
                let what = format!("the trigger {name} is a {}, and stays one", before.kind().as_str());
                return Err(Fault::new(Code::DocumentInvalid, what).into());
            }
            let before = Definition::read(&before, made)?;
            state.reached = check_windows(&mut tx, &state, &before, &definition).await?;
            triggers::update(&mut tx, &state).await?;
        }
    }
    let row = DocumentRow {
        name,
        body: json(&body)?,
        etag: etag(),
        sealed: BTreeMap::new(),
    };
    documents::put(&mut tx, &factory.id, KIND, &row).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::json_reply(render(&factory, &row, false)))
}

pub(crate) async fn delete(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let Some(row) = triggers::find(&mut tx, &factory.id, call.name(3)).await? else {
        return Ok(reply::deleted(false));
    };
    if row.started {
        return Err(ApiError::trigger_started("delete", call.name(3)));
    }
    references::check_unreferenced(&mut tx, &factory.id, KIND, call.name(3)).await?;
    trigger::delete(&mut tx, &row).await?;
    documents::delete(&mut tx, &factory.id, KIND, call.name(3)).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::deleted(true))
}

pub(crate) async fn start(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let (document, row) = named(&mut tx, &factory, call.name(3)).await?;
    let body: Value = stored("a trigger", &document.body)?;
    trigger::start(&mut tx, &Trigger::view(&body)?, &row, app.clock.now()).await?;
    tx.commit().await?;
    tracing::info!(trigger = document.name, "A trigger was started");
    app.live.changed();
    Ok(reply::done())
}

pub(crate) async fn stop(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    let (document, row) = named(&mut tx, &factory, call.name(3)).await?;
    trigger::stop(&mut tx, &row).await?;
    tx.commit().await?;
    tracing::info!(trigger = document.name, "A trigger was stopped");
    app.live.changed();
    Ok(reply::done())
}

/// `getEventSubscriptionStatus`: a trigger of files is subscribed while it is started, others are subscribed to nothing. When
/// it looked last, and why it cannot, are members of our own.
pub(crate) async fn subscription(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let (document, row) = named(&mut conn, &factory, call.name(3)).await?;
    let watch = watches::find(&mut conn, &row.id).await?;
    let status = if watch.is_some() { "Enabled" } else { "Disabled" };
    let mut answer = value!({ "triggerName": document.name, "status": status });
    if let Some(watch) = watch {
        answer["lastLook"] = watch.looked.map(time_text).into();
        answer["message"] = watch.message.into();
    }
    Ok(reply::json_reply(answer))
}

/// `subscribeToEvents` and `unsubscribeFromEvents`. There is nothing to be done: starting a trigger of files is subscribing.
///
/// # Errors
/// `SL4035` for a trigger that is of no events.
pub(crate) async fn subscribe(app: &Arc<App>, call: &Call, status: &str) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let (document, _) = named(&mut conn, &factory, call.name(3)).await?;
    let body: Value = stored("a trigger", &document.body)?;
    if Trigger::view(&body)?.kind() == TriggerKind::Arrivals {
        return Ok(reply::json_reply(
            value!({ "triggerName": document.name, "status": status }),
        ));
    }
    let what = format!("the trigger {} goes by the clock, or is only kept", document.name);
    Err(Fault::new(Code::TriggerWithoutEvents, what).into())
}

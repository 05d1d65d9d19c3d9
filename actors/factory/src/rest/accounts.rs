//! `/access/v1`: tokens, API clients and users. Secrets are in a reply once, when they are made.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::access::{self, NewGrant, NewUser};
use crate::app::App;
use crate::state::{clients, tokens, users};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /access/v1/me`.
pub(super) fn who_am_i(call: &Call) -> Response {
    let me = &call.identity;
    reply::json_reply(json!({
        "kind": me.actor.as_str(),
        "name": me.name,
        "scope": me.scope,
        "within": me.within.text(),
        "address": me.address.to_string(),
    }))
}

fn items(rows: Vec<Value>) -> Response {
    reply::json_reply(json!({ "value": rows }))
}

/// A reply that holds a secret: nothing on the way keeps it.
fn secret(value: Value) -> Response {
    let mut response = reply::json_reply(value);
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

pub(super) async fn list_tokens(app: &Arc<App>) -> Result<Response, ApiError> {
    let rows = tokens::list(&mut *app.state.read().await?).await?;
    Ok(items(rows.iter().map(access::render_token).collect()))
}

pub(super) async fn put_token(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let new = access::read_token(call.name(0), &call.object()?)?;
    let mut tx = app.state.write().await?;
    let made = access::make_token(&mut tx, new).await?;
    tx.commit().await?;
    Ok(secret(made))
}

pub(super) async fn delete_token(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let existed = access::revoke_token(&mut tx, call.name(0)).await?;
    if existed {
        tx.commit().await?;
    }
    Ok(reply::deleted(existed))
}

pub(super) async fn list_clients(app: &Arc<App>) -> Result<Response, ApiError> {
    let rows = clients::list(&mut *app.state.read().await?).await?;
    Ok(items(rows.iter().map(access::render_client).collect()))
}

pub(super) async fn put_client(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let new = NewGrant::read(call.name(0), &call.object()?)?;
    let mut tx = app.state.write().await?;
    let mut made = access::make_client(&mut tx, new).await?;
    tx.commit().await?;
    // What Azure's libraries want to be told.
    made["authority"] = call.base(app).into();
    made["tenantId"] = app.deployment.as_str().into();
    Ok(secret(made))
}

pub(super) async fn delete_client(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let existed = access::revoke_client(&mut tx, call.name(0)).await?;
    if existed {
        tx.commit().await?;
    }
    Ok(reply::deleted(existed))
}

pub(super) async fn list_users(app: &Arc<App>) -> Result<Response, ApiError> {
    let rows = users::list(&mut *app.state.read().await?).await?;
    Ok(items(rows.iter().map(access::render_user).collect()))
}

pub(super) async fn put_user(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut body = call.object()?;
    let new = NewUser::read(call.name(0), &mut body).await?;
    let mut tx = app.state.write().await?;
    let made = access::make_user(&mut tx, new).await?;
    tx.commit().await?;
    Ok(reply::json_reply(made))
}

pub(super) async fn delete_user(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let existed = access::revoke_user(&mut tx, call.name(0)).await?;
    if existed {
        tx.commit().await?;
    }
    Ok(reply::deleted(existed))
}

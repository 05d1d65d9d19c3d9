//! Global parameters: a resource of their own in the contract, and the same thing as the member `globalParameters` of the
//! data factory, where expressions find them. There is one set of them, and it is named `default`.

use super::call::Call;
use super::error::ApiError;
use super::{reply, secrets};
use crate::app::App;
use crate::state::documents::DocumentKind;
use crate::state::factories::{self, FactoryRow};
use crate::state::{json, stored};
use crate::wire::etag;
use axum::response::Response;
use serde_json::{Value, json as value};
use sluice_contract::document::{member, properties, text};
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

const NAME: &str = "default";
const MEMBER: &str = "globalParameters";

fn of(factory: &FactoryRow) -> Result<Option<Object>, Fault> {
    let body: Object = stored("a data factory", &factory.body)?;
    let properties = member(&body, "properties").and_then(Value::as_object);
    Ok(properties
        .and_then(|properties| member(properties, MEMBER))
        .and_then(Value::as_object)
        .cloned())
}

fn render(factory: &FactoryRow, parameters: Object) -> Value {
    let body = value!({ "properties": parameters }).to_string();
    let collection = DocumentKind::GlobalParameter.collection();
    reply::resource(factory, collection, NAME, &factory.etag, &body)
}

fn check_name(call: &Call) -> Result<(), ApiError> {
    if call.name(3).eq_ignore_ascii_case(NAME) {
        return Ok(());
    }
    Err(ApiError::no_resource(
        DocumentKind::GlobalParameter.collection(),
        call.name(3),
    ))
}

pub(super) async fn list(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let factory = call.factory(&mut *app.state.read().await?).await?;
    let items = of(&factory)?.map(|parameters| render(&factory, parameters));
    Ok(reply::page(app, call, items.into_iter().collect(), None))
}

pub(super) async fn get(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let factory = call.factory(&mut *app.state.read().await?).await?;
    check_name(call)?;
    let parameters =
        of(&factory)?.ok_or_else(|| ApiError::no_resource(DocumentKind::GlobalParameter.collection(), NAME))?;
    if call.has_version(&factory.etag) {
        return Ok(reply::not_modified());
    }
    Ok(reply::json_reply(render(&factory, parameters)))
}

pub(super) async fn put(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    if !call.name(3).eq_ignore_ascii_case(NAME) {
        let what = format!("global parameters are named {NAME:?}, not {:?}", call.name(3));
        return Err(Fault::new(Code::NameInvalid, what).into());
    }
    let mut body = Value::Object(call.object()?);
    for (name, declared) in properties(&body)? {
        check_declaration(name, declared)?;
    }
    secrets::mask(&mut body, "", &mut |path, secret| {
        drop(zeroize::Zeroizing::new(secret));
        tracing::info!(path, "A secret in global parameters is not kept");
    });
    let parameters = properties(&body)?.clone();
    let mut tx = app.state.write().await?;
    let mut factory = call.factory(&mut tx).await?;
    call.check_match(of(&factory)?.map(|_| factory.etag.as_str()))?;
    store(&mut factory, Some(parameters.clone()))?;
    factories::put(&mut tx, &factory).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::json_reply(render(&factory, parameters)))
}

pub(super) async fn delete(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let mut factory = call.factory(&mut tx).await?;
    if check_name(call).is_err() || of(&factory)?.is_none() {
        return Ok(reply::deleted(false));
    }
    store(&mut factory, None)?;
    factories::put(&mut tx, &factory).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::deleted(true))
}

fn check_declaration(name: &str, declared: &Value) -> Result<(), Fault> {
    let wrong = |what: &str| Fault::new(Code::DocumentInvalid, format!("the global parameter `{name}` {what}"));
    let declared = declared
        .as_object()
        .ok_or_else(|| wrong("is not an object of `type` and `value`"))?;
    text(declared, "type").ok_or_else(|| wrong("has no `type`"))?;
    member(declared, "value").ok_or_else(|| wrong("has no `value`"))?;
    Ok(())
}

fn store(factory: &mut FactoryRow, parameters: Option<Object>) -> Result<(), Fault> {
    let mut body: Object = stored("a data factory", &factory.body)?;
    let own = body.entry("properties").or_insert_with(|| value!({}));
    if !own.is_object() {
        *own = value!({});
    }
    if let Some(own) = own.as_object_mut() {
        own.retain(|key, _| !key.eq_ignore_ascii_case(MEMBER));
        if let Some(parameters) = parameters {
            own.insert(MEMBER.to_owned(), Value::Object(parameters));
        }
    }
    factory.body = json(&body)?;
    factory.etag = etag();
    Ok(())
}

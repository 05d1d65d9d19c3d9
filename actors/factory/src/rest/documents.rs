//! Datasets, pipelines and what is only stored, and what linked services have in common with them.

use super::call::Call;
use super::error::ApiError;
use super::{references, reply, secrets, web_secrets};
use crate::app::App;
use crate::state::documents::{self, DocumentKind, DocumentRow};
use crate::state::factories::FactoryRow;
use crate::state::filter::PAGE;
use crate::state::json;
use crate::wire::etag;
use axum::response::Response;
use serde_json::Value;
use sluice_contract::document::{Dataset, Pipeline, check_name, properties, text};
use sluice_contract::{Code, Fault};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The reply for one.
pub(crate) fn render(factory: &FactoryRow, kind: DocumentKind, row: &DocumentRow) -> Value {
    reply::resource(factory, kind.collection(), &row.name, &row.etag, &row.body)
}

pub(crate) async fn get(app: &Arc<App>, call: &Call, kind: DocumentKind) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let row = documents::find(&mut conn, &factory.id, kind, call.name(3))
        .await?
        .ok_or_else(|| ApiError::no_resource(kind.collection(), call.name(3)))?;
    if call.has_version(&row.etag) {
        return Ok(reply::not_modified());
    }
    Ok(reply::json_reply(render(&factory, kind, &row)))
}

pub(crate) async fn list(app: &Arc<App>, call: &Call, kind: DocumentKind) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let mut rows = documents::list(&mut conn, &factory.id, kind, call.skip_token(), PAGE + 1).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let token = rows.last().filter(|_| more).map(|row| row.name.to_lowercase());
    let items = rows.iter().map(|row| render(&factory, kind, row)).collect();
    Ok(reply::page(app, call, items, token))
}

pub(crate) async fn delete(app: &Arc<App>, call: &Call, kind: DocumentKind) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    if documents::find(&mut tx, &factory.id, kind, call.name(3))
        .await?
        .is_none()
    {
        return Ok(reply::deleted(false));
    }
    references::check_unreferenced(&mut tx, &factory.id, kind, call.name(3)).await?;
    let existed = documents::delete(&mut tx, &factory.id, kind, call.name(3)).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::deleted(existed))
}

/// `PUT` of everything but a linked service.
///
/// Passwords of web activities that a node calls are sealed to its gateway. What else these documents hold as `SecureString`
/// belongs to activities that do not run here, and there is nobody to seal it to. It is not kept: the stored document has the
/// mask, as the reply has.
pub(crate) async fn put(app: &Arc<App>, call: &Call, kind: DocumentKind) -> Result<Response, ApiError> {
    check_name(call.name(3))?;
    let mut body = Value::Object(reply::own_members(call.object()?));
    match kind {
        DocumentKind::Dataset => drop(Dataset::view(&body)?),
        DocumentKind::Pipeline => drop(Pipeline::view(&body)?),
        // Stored for those who keep them; nothing here reads more of them than this.
        _ => {
            text(properties(&body)?, "type").ok_or_else(|| {
                let what =
                    "the document has no `type` (azure-mgmt-datafactory 10.0.0 built with keyword arguments does this)";
                Fault::new(Code::TypeMissing, what)
            })?;
        }
    }
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    if kind == DocumentKind::Pipeline {
        web_secrets::seal_all(&mut tx, &factory, &mut body).await?;
    }
    secrets::mask(&mut body, "", &mut |path, secret| {
        drop(zeroize::Zeroizing::new(secret));
        tracing::info!(path, "A secret in a document is not kept");
    });
    let body = json(&body)?;
    let old = documents::find(&mut tx, &factory.id, kind, call.name(3)).await?;
    call.check_match(old.as_ref().map(|row| row.etag.as_str()))?;
    let row = DocumentRow {
        name: old.map_or_else(|| call.name(3).to_owned(), |old| old.name),
        body,
        etag: etag(),
        sealed: BTreeMap::new(),
    };
    documents::put(&mut tx, &factory.id, kind, &row).await?;
    tx.commit().await?;
    app.live.changed();
    Ok(reply::json_reply(render(&factory, kind, &row)))
}

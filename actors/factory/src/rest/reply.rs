//! Replies in the contract's form.

use super::call::Call;
use crate::app::App;
use crate::state::factories::FactoryRow;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sluice_contract::Object;

/// 200 with JSON.
pub(crate) fn json_reply(value: impl serde::Serialize) -> Response {
    let mut response = axum::Json(value).into_response();
    // Documents change; nothing between client and factory may keep them.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
    response
}

/// 200 without a body, as verbs without a result answer.
pub(crate) fn done() -> Response {
    StatusCode::OK.into_response()
}

/// What DELETE answers: 200 if there was something, else 204.
pub(crate) fn deleted(existed: bool) -> Response {
    if existed {
        done()
    } else {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// 304.
pub(crate) fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

/// A page of a list. `token` names the last item, if there are more.
pub(crate) fn page(app: &App, call: &Call, items: Vec<Value>, token: Option<String>) -> Response {
    let mut body = json!({ "value": items });
    if let Some(token) = token {
        body["nextLink"] = Value::String(call.next_link(app, &token));
    }
    json_reply(body)
}

/// A resource in a data factory: id, name, type and etag, and the document as it was sent.
pub(crate) fn resource(factory: &FactoryRow, collection: &str, name: &str, etag: &str, body: &str) -> Value {
    let stored: Object = serde_json::from_str(body).unwrap_or_default();
    let mut reply = Object::new();
    reply.insert(
        "id".to_owned(),
        format!("{}/{collection}/{name}", factory.resource_id()).into(),
    );
    reply.insert("name".to_owned(), name.into());
    reply.insert(
        "type".to_owned(),
        format!("Microsoft.DataFactory/factories/{collection}").into(),
    );
    for (key, value) in stored {
        reply.entry(key).or_insert(value);
    }
    reply.insert("etag".to_owned(), etag.into());
    Value::Object(reply)
}

/// The members of a document that are the client's, not the factory's.
pub(crate) fn own_members(mut document: Object) -> Object {
    document.retain(|key, _| {
        !["id", "name", "type", "etag"]
            .iter()
            .any(|own| key.eq_ignore_ascii_case(own))
    });
    document
}

//! What the endpoint answers.

use super::guard::{check_code, check_names};
use super::{Served, page};
use crate::keys;
use crate::probe;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use sluice_contract::document::{LinkedService, take_secrets};
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault, Object};
use std::collections::BTreeMap;
use url::form_urlencoded;
use zeroize::Zeroizing;

const MAX_BODY: usize = 256 * 1024;
/// Where programs put the access code.
const CODE: &str = "x-sluice-code";

pub(super) fn router(served: Served) -> Router {
    Router::new()
        .route("/", get(show).post(submit))
        .route("/v1/seal", post(seal))
        .route("/v1/test-connection", post(test))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(served)
}

async fn show(State(served): State<Served>, headers: HeaderMap) -> Response {
    match check_names(&served, &headers) {
        Ok(()) => page::form(None),
        Err(fault) => refused(fault),
    }
}

/// The page's form.
async fn submit(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> Response {
    let fields: BTreeMap<String, Zeroizing<String>> = form_urlencoded::parse(&body)
        .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
        .collect();
    let field = |name: &str| fields.get(name).map_or("", |value| value.trim());
    let work = async {
        check_names(&served, &headers)?;
        check_code(&served, field("code")).await?;
        let mut properties = Object::new();
        for name in ["connectionString", "server", "port", "database", "username"] {
            if !field(name).is_empty() {
                properties.insert(name.to_owned(), field(name).into());
            }
        }
        let property = if field("property").is_empty() {
            "password"
        } else {
            field("property")
        };
        // As it was typed: a password may begin with a blank.
        let secret = fields.get("secret").map_or("", |value| value.as_str());
        if secret.is_empty() || field("type").is_empty() {
            return Err(Fault::new(Code::Usage, "the type and the secret are needed"));
        }
        let mut secrets = take_secrets(&mut properties);
        secrets.insert(property, secret);
        let sealed = keys::seal(served.hub.state.path(), field("type"), &properties, secrets).await?;
        Ok(match field("action") {
            "test" => {
                let endpoint = endpoint(field("type").to_owned(), properties, Some(sealed));
                page::News::Tested(probe::run(&served.hub, &endpoint).await)
            }
            _ => page::News::Sealed(sealed),
        })
    };
    page::form(Some(work.await))
}

/// `POST /v1/seal`: a linked service with its secrets in clear; the answer is the linked service with the sealed credential.
async fn seal(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> Response {
    let work = async {
        let (mut document, kind, mut properties) = read(&served, &headers, &body).await?;
        let secrets = take_secrets(&mut properties);
        if secrets.is_empty() {
            return Err(Fault::new(Code::Usage, "the linked service holds no secret"));
        }
        // What was taken is in the credential; its masks would only say that there was something.
        properties.retain(|name, value| !secrets.names().any(|taken| taken == name) || value.is_string());
        let sealed = keys::seal(served.hub.state.path(), &kind, &properties, secrets).await?;
        properties.insert("encryptedCredential".to_owned(), sealed.into());
        document["properties"]["typeProperties"] = Value::Object(properties);
        Ok(document)
    };
    match work.await {
        Ok(document) => Json(document).into_response(),
        Err(fault) => refused(fault),
    }
}

/// `POST /v1/test-connection`: a linked service; the answer are the stages of the test.
async fn test(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> Response {
    let work = async {
        let (_, kind, mut properties) = read(&served, &headers, &body).await?;
        let secrets = take_secrets(&mut properties);
        let sealed = match secrets.is_empty() {
            true => None,
            false => Some(keys::seal(served.hub.state.path(), &kind, &properties, secrets).await?),
        };
        Ok(probe::run(&served.hub, &endpoint(kind, properties, sealed)).await)
    };
    match work.await {
        Ok(stages) => Json(json!({ "stages": stages })).into_response(),
        Err(fault) => refused(fault),
    }
}

fn endpoint(kind: String, properties: Object, sealed: Option<String>) -> Endpoint {
    Endpoint {
        name: "the node's page (test)".to_owned(),
        kind,
        properties,
        sealed,
        dataset_kind: String::new(),
        dataset: Object::new(),
        activity: Object::new(),
        extra: Object::new(),
    }
}

async fn read(served: &Served, headers: &HeaderMap, body: &[u8]) -> Result<(Value, String, Object), Fault> {
    check_names(served, headers)?;
    let given = headers
        .get(CODE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    check_code(served, given).await?;
    // The text of the error could quote a secret.
    let document: Value = serde_json::from_slice(body)
        .map_err(|e| Fault::new(Code::BadJson, format!("the body is not JSON at column {}", e.column())))?;
    let view = LinkedService::view(&document)?;
    let (kind, properties) = (view.kind().to_owned(), view.type_properties().clone());
    Ok((document, kind, properties))
}

fn refused(fault: Fault) -> Response {
    let status = match fault.code {
        Code::EndpointRefused => StatusCode::FORBIDDEN,
        Code::VaultUnavailable | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = json!({ "error": { "code": fault.code, "message": fault.message, "nextStep": fault.next_step() } });
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

//! The REST interface: the public contract of Azure Data Factory, enrolment, and a few operations of our own.

mod accounts;
mod api;
pub(crate) mod audit;
mod auth;
mod call;
mod callbacks;
mod documents;
mod enrol;
mod error;
mod exposure;
mod factories;
mod gateways;
mod global_parameters;
mod handover;
mod health;
mod keys;
mod linked_services;
mod metrics;
mod node_requests;
pub(crate) mod nodes;
mod oauth;
pub(crate) mod operation;
mod operations;
mod permit;
mod probe;
pub(crate) mod queries;
mod references;
mod renewal;
mod reply;
pub(crate) mod route;
mod runs;
mod secrets;
mod serve;
mod slices;
pub(crate) mod status;
mod trigger_check;
mod trigger_runs;
mod triggers;
mod unserved;
mod upgrade;
mod v1;
mod web_secrets;

pub(crate) use api::document as openapi;
pub(crate) use auth::of_token;
pub(crate) use call::{Call, host};
pub(crate) use error::ApiError;
pub(crate) use probe::{Tested, test as test_service};
pub(crate) use serve::{RestServer, Server, ServerOptions, Serving};

use crate::access::Identity;
use crate::app::App;
use crate::page;
use crate::state::audit as audit_log;
use axum::body::to_bytes;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use route::Found;
use sluice_contract::{Code, Fault};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// The largest body. Real documents are below a tenth of it.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// The longest that a request may take, reading its body included.
const DEADLINE: Duration = Duration::from_secs(60);

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote(pub(crate) SocketAddr);

/// The router: everything comes to [`handle`], which looks paths up itself.
pub(crate) fn router(app: Arc<App>) -> axum::Router {
    axum::Router::new().fallback(handle).with_state(app)
}

async fn handle(State(app): State<Arc<App>>, Extension(remote): Extension<Remote>, request: Request) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    // A panic is a defect of one request; the others on this connection shall not notice.
    let work = AssertUnwindSafe(answer(app, remote, request)).catch_unwind();
    let mut response = match tokio::time::timeout(DEADLINE, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!(request = what, "A request failed unexpectedly");
            ApiError::from(Fault::new(Code::Internal, format!("{what} failed unexpectedly"))).into_response()
        }
        Err(_) => {
            let fault = Fault::new(
                Code::Internal,
                format!("{what} took longer than {} s", DEADLINE.as_secs()),
            );
            ApiError::from(fault)
                .status(StatusCode::GATEWAY_TIMEOUT)
                .into_response()
        }
    };
    let id = uuid::Uuid::new_v4().to_string();
    tracing::debug!(
        request = what,
        status = response.status().as_u16(),
        id,
        "A request was answered"
    );
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-ms-request-id", id);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

async fn answer(app: Arc<App>, remote: Remote, request: Request) -> Response {
    if page::owns(request.uri().path()) {
        return page::answer(&app, remote, request).await;
    }
    contract(&app, remote, request)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn contract(app: &Arc<App>, remote: Remote, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let address = remote.0.ip();
    let found = route::find(&parts.method, &path);
    let public = matches!(&found, Found::Op(op, _) if op.needs().is_none());
    // What is there at all is told to nobody without a token.
    let identity = match public {
        true => Identity::nobody(address),
        false => auth::identify(app, &parts.headers, address).await?,
    };
    let (op, names) = match found {
        Found::Op(op, names) => (op, names),
        Found::Methods(methods) => return Err(ApiError::unsupported(parts.method.as_str(), &path, &methods)),
        Found::Nothing => return Err(unserved::answer(parts.method.as_str(), &path)),
    };
    let entry = permit::entry(op, &identity, &path);
    if let Err(fault) = permit::check(op, &identity, route::place(&path, &names)) {
        audit_log::refused(
            &app.state,
            &audit_log::Entry {
                detail: fault.code.to_string(),
                ..entry
            },
        )
        .await;
        return Err(fault.into());
    }
    let query = parts.uri.query().unwrap_or_default();
    let query = url::form_urlencoded::parse(query.as_bytes());
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
        let fault = Fault::new(
            Code::BadJson,
            format!("the body is cut, or larger than {MAX_BODY} bytes"),
        );
        ApiError::from(fault).status(StatusCode::PAYLOAD_TOO_LARGE)
    })?;
    let call = Call {
        names,
        identity,
        host: host(&parts),
        query: query
            .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
            .collect(),
        headers: parts.headers,
        path,
        body,
    };
    audit_log::during(entry, operation::run(op, app, &call)).await
}

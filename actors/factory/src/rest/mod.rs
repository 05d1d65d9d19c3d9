//! The REST interface: the public contract of Azure Data Factory, enrolment, and a few operations of our own.

mod auth;
mod call;
mod documents;
mod enrol;
mod error;
mod factories;
mod gateways;
mod health;
mod keys;
pub(crate) mod limiter;
mod linked_services;
mod metrics;
pub(crate) mod nodes;
mod operation;
mod operations;
mod probe;
pub(crate) mod queries;
mod references;
mod reply;
mod route;
mod runs;
mod secrets;
mod serve;
pub(crate) mod status;

pub(crate) use auth::token_is_admin;
pub(crate) use call::{Call, host};
pub(crate) use error::ApiError;
pub(crate) use serve::{RestServer, Server, ServerOptions, Serving};

use crate::app::App;
use crate::page;
use axum::body::to_bytes;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
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
    response
}

async fn answer(app: Arc<App>, remote: Remote, request: Request) -> Response {
    if page::owns(request.uri().path()) {
        return page::answer(&app, request).await;
    }
    contract(&app, remote, request)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn contract(app: &Arc<App>, remote: Remote, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let enrolling = parts.method == Method::POST && path.trim_end_matches('/').eq_ignore_ascii_case("/enrol/v1/nodes");
    if !enrolling {
        auth::check(app, &parts.headers).await?;
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
    let mut call = Call {
        names: Vec::new(),
        host: host(&parts),
        query: query
            .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
            .collect(),
        headers: parts.headers,
        path,
        body,
    };
    if enrolling {
        return enrol::enrol(app, &call, remote.0.ip()).await;
    }
    match route::find(&parts.method, &call.path) {
        Found::Op(op, names) => {
            call.names = names;
            operation::run(op, app, &call).await
        }
        Found::Methods(methods) => Err(ApiError::unsupported(parts.method.as_str(), &call.path, &methods)),
        Found::Nothing => Err(ApiError::unsupported(parts.method.as_str(), &call.path, &[])),
    }
}

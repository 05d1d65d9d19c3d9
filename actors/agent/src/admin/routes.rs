//! What the admin socket answers.

use super::actors::{ActorRow, rows};
use super::credentials;
use super::limits;
use super::status::{Status, gather};
use crate::hub::Hub;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use sluice_contract::enrol::Exported;
use sluice_contract::{Code, Fault};
use sluice_runtime::{Health, prometheus};
use std::sync::Arc;

pub(super) fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/livez", get(livez))
        .route("/actors", get(actors))
        .route("/actors/{id}/restart", post(restart))
        .route("/metrics", get(metrics))
        .route("/limits/bandwidth/{rate}", post(limits::of_node))
        .route("/jobs/{job}/limits/bandwidth/{rate}", post(limits::of_job))
        .route("/vault/unlock", post(credentials::unlock))
        .route("/test-connection", post(credentials::test_connection))
        .route("/proxy/reload", post(reload_proxy))
        .route("/exported", post(exported))
        .route("/drain", post(drain))
        .route("/resume", post(resume))
        .with_state(hub)
}

async fn status(State(hub): State<Arc<Hub>>) -> Json<Status> {
    Json(gather(&hub).await)
}

/// 200 as long as the components without which no job runs are not given up; being offline is no reason to restart.
async fn livez(State(hub): State<Arc<Hub>>) -> (StatusCode, &'static str) {
    let down = |health: Option<Health>| health.is_none_or(|health| matches!(health, Health::Failed | Health::Stopped));
    let listener = hub.listener.get().map(|handle| handle.health());
    let scheduler = hub.scheduler.get().map(|handle| handle.health());
    if down(listener) || down(scheduler) {
        (StatusCode::SERVICE_UNAVAILABLE, "a component is down")
    } else {
        (StatusCode::OK, "ok")
    }
}

async fn actors(State(hub): State<Arc<Hub>>) -> Json<Vec<ActorRow>> {
    Json(rows(&hub.root))
}

/// 202: the component is rebuilt right after, also one that was given up. This one too: the answer is sent before.
async fn restart(State(hub): State<Arc<Hub>>, Path(id): Path<String>) -> Response {
    if hub.root.restart(&id) {
        tracing::warn!(id, "An administrator of this machine restarts a component.");
        StatusCode::ACCEPTED.into_response()
    } else {
        let fault = Fault::new(Code::ComponentUnknown, format!("there is no component {id:?}"));
        (StatusCode::NOT_FOUND, Json(fault)).into_response()
    }
}

async fn metrics(State(hub): State<Arc<Hub>>) -> Response {
    (
        [(header::CONTENT_TYPE, prometheus::CONTENT_TYPE)],
        hub.root.prometheus(),
    )
        .into_response()
}

/// The proxy's settings were changed.
async fn reload_proxy(State(hub): State<Arc<Hub>>) -> Response {
    match crate::proxy::reload_now(&hub).await {
        Ok(()) => {
            tracing::info!("An administrator of this machine changed the proxy's settings.");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(fault) => (StatusCode::CONFLICT, Json(fault)).into_response(),
    }
}

/// Keys have left this node in a file: its log says so.
async fn exported(body: Bytes) -> Response {
    match serde_json::from_slice::<Exported>(&body) {
        Ok(what) => {
            tracing::warn!(%what, "An administrator of this machine has exported keys.");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            let fault = Fault::new(Code::BadJson, format!("what was exported is not understood: {error}"));
            (StatusCode::BAD_REQUEST, Json(fault)).into_response()
        }
    }
}

async fn drain(State(hub): State<Arc<Hub>>) -> StatusCode {
    hub.places.drain("an administrator of this machine asked for it");
    StatusCode::NO_CONTENT
}

async fn resume(State(hub): State<Arc<Hub>>) -> StatusCode {
    hub.places.resume();
    StatusCode::NO_CONTENT
}

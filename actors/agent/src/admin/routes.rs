//! What the admin socket answers.

use super::status::{Status, gather};
use crate::hub::Hub;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use sluice_runtime::Health;
use std::sync::Arc;

pub(super) fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/livez", get(livez))
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

async fn drain(State(hub): State<Arc<Hub>>) -> StatusCode {
    hub.places.drain("an administrator of this machine asked for it");
    StatusCode::NO_CONTENT
}

async fn resume(State(hub): State<Arc<Hub>>) -> StatusCode {
    hub.places.resume();
    StatusCode::NO_CONTENT
}

//! Changing a limit: of the node, or of one running copy.

use crate::hub::Hub;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sluice_contract::{Code, Fault, JobId};
use std::sync::Arc;

/// `POST /limits/bandwidth/{rate}`: bytes in a second, or `off`.
pub(super) async fn of_node(State(hub): State<Arc<Hub>>, Path(rate): Path<String>) -> Response {
    let Some(rate) = read(&rate) else {
        return malformed(&rate);
    };
    let changing = Arc::clone(&hub);
    // It writes to the disk.
    let changed = tokio::task::spawn_blocking(move || changing.limits.set_bandwidth(rate)).await;
    match changed {
        Ok(Ok(())) => {
            tracing::info!(rate, "An administrator of this machine changed the bandwidth limit.");
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(Err(fault)) => refused(StatusCode::INTERNAL_SERVER_ERROR, fault),
        Err(error) => refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            Fault::new(Code::Internal, error.to_string()),
        ),
    }
}

/// `POST /jobs/{job}/limits/bandwidth/{rate}`: it ends with the copy.
pub(super) async fn of_job(State(hub): State<Arc<Hub>>, Path((job, rate)): Path<(String, String)>) -> Response {
    let Some(rate) = read(&rate) else {
        return malformed(&rate);
    };
    let Some(live) = hub.live.get(&JobId::from(job.as_str())) else {
        let fault = Fault::new(
            Code::JobNotRunning,
            format!("no copy of the job {job:?} runs on this node"),
        );
        return refused(StatusCode::NOT_FOUND, fault);
    };
    live.bandwidth.set(rate);
    tracing::info!(%job, rate, "An administrator of this machine changed a copy's bandwidth limit.");
    StatusCode::NO_CONTENT.into_response()
}

fn read(rate: &str) -> Option<Option<u64>> {
    match rate {
        "off" => Some(None),
        digits => digits.parse().ok().filter(|rate| *rate > 0).map(Some),
    }
}

fn malformed(rate: &str) -> Response {
    let fault = Fault::new(Code::Usage, format!("{rate:?} is neither bytes in a second nor `off`"));
    refused(StatusCode::BAD_REQUEST, fault)
}

fn refused(status: StatusCode, fault: Fault) -> Response {
    (status, Json(fault)).into_response()
}

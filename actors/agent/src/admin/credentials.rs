//! Unlocking the vault, and testing a connection.

use crate::hub::Hub;
use crate::probe;
use crate::vault::{Passphrase, Unlock};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// `POST /vault/unlock`: the body is the passphrase.
pub(super) async fn unlock(State(hub): State<Arc<Hub>>, body: Bytes) -> Response {
    let Ok(text) = std::str::from_utf8(&body) else {
        let fault = Fault::new(Code::Usage, "the passphrase is not text");
        return refused(StatusCode::BAD_REQUEST, fault);
    };
    let passphrase = Passphrase::new(Zeroizing::new(text.trim().to_owned()));
    let (reply, answer) = oneshot::channel();
    hub.vault.tell(Unlock { passphrase, reply });
    match answer.await {
        Ok(Ok(())) => {
            tracing::info!("An administrator of this machine unlocked the credential vault.");
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(Err(fault)) => refused(StatusCode::FORBIDDEN, fault),
        Err(_) => {
            let fault = Fault::new(Code::ComponentRestarted, "the credential vault did not answer");
            refused(StatusCode::SERVICE_UNAVAILABLE, fault)
        }
    }
}

/// `POST /test-connection`: the body is an endpoint, as jobs have it; the answer its stages.
///
/// The socket's client sends no type of content, so that none is asked for.
pub(super) async fn test_connection(State(hub): State<Arc<Hub>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Endpoint>(&body) {
        Ok(endpoint) => Json(probe::run(&hub, &endpoint).await).into_response(),
        // The text of the error could quote a secret.
        Err(e) => {
            let message = format!("the endpoint is not understood at column {}", e.column());
            refused(StatusCode::BAD_REQUEST, Fault::new(Code::BadJson, message))
        }
    }
}

fn refused(status: StatusCode, fault: Fault) -> Response {
    (status, Json(fault)).into_response()
}

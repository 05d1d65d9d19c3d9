//! `GET /health`: whether the factory can do its work, and what is in its way. Like everything here it wants a bearer token.

use super::reply;
use crate::app::App;
use axum::response::Response;
use serde_json::json;

/// The page.
pub(crate) fn page(app: &App) -> Response {
    let channel = app.line.state();
    reply::json_reply(json!({
        "status": if channel.connected { "Healthy" } else { "Degraded" },
        "version": env!("CARGO_PKG_VERSION"),
        "nodesOnline": app.online().len(),
        "channel": channel,
        "replicas": app.replicas.addresses().len().max(1),
    }))
}

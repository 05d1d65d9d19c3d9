//! `GET /metrics`: the figures of this process for Prometheus. Like everything here it wants a bearer token.

use crate::app::App;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sluice_runtime::prometheus;

/// The page.
pub(crate) fn page(app: &App) -> Response {
    let headers = [
        (header::CONTENT_TYPE, prometheus::CONTENT_TYPE),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, app.root.prometheus()).into_response()
}

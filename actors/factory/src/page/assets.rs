//! The style sheet and the scripts, part of the binary.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Serves `/assets/NAME`.
pub(super) fn serve(name: &str) -> Response {
    let (kind, text) = match name {
        "style.css" => ("text/css; charset=utf-8", include_str!("../../assets/style.css")),
        "live.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/live.js")),
        "seal.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/seal.js")),
        "credentials.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/credentials.js"),
        ),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    (
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")],
        text,
    )
        .into_response()
}

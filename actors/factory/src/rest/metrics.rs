//! `GET /metrics`: the figures of this process for Prometheus. Like everything here it wants a bearer token.

use crate::app::App;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sluice_runtime::prometheus::{self, Kind, Text};

/// The page.
pub(crate) fn page(app: &App) -> Response {
    let headers = [
        (header::CONTENT_TYPE, prometheus::CONTENT_TYPE),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, app.root.prometheus() + &channel(app)).into_response()
}

/// How the control channel is.
fn channel(app: &App) -> String {
    let state = app.line.state();
    let kind = [("kind", state.kind)];
    let online = u64::try_from(app.line.connected().len()).unwrap_or(u64::MAX);
    let mut text = Text::new();
    text.family(
        "sluice_channel_connected",
        Kind::Gauge,
        "Whether the factory's end of the control channel is connected.",
    )
    .count(&kind, u64::from(state.connected));
    text.family(
        "sluice_channel_connections_total",
        Kind::Counter,
        "Connections that the factory made to the message broker.",
    )
    .count(&kind, state.connections);
    text.family(
        "sluice_channel_refused_total",
        Kind::Counter,
        "Messages that were refused: unsigned, forged, too old, or of no registered node.",
    )
    .count(&kind, state.refused);
    text.family("sluice_channel_nodes", Kind::Gauge, "Nodes that are online.")
        .count(&kind, online);
    text.into_string()
}

//! Figures of the control channel, on the page with all others.

use crate::app::App;
use sluice_runtime::prometheus::{Kind, Text};

/// How the control channel is.
pub(crate) fn figures(app: &App, text: &mut Text) {
    let state = app.line.state();
    let kind = [("kind", state.kind)];
    let online = u64::try_from(app.line.connected().len()).unwrap_or(u64::MAX);
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
}

//! The figures, sent to an OpenTelemetry collector by OTLP over HTTP as JSON, when the usual variables name one: at
//! intervals, and once more at the end.

mod body;
mod exporter;
mod settings;
#[cfg(test)]
mod tests;

use super::Identity;
use exporter::{Exporter, OtlpExporter};
use settings::Settings;
use sluice_runtime::{Component, Placement, Root};

/// Starts to export when `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` is set. Settings that
/// cannot be used are logged, and nothing is exported: figures are no reason not to start.
pub(crate) fn export(identity: Identity, root: &Root) {
    let settings = match Settings::from(|name| std::env::var(name).ok()) {
        Ok(Some(settings)) => settings,
        Ok(None) => return,
        Err(why) => return tracing::error!(why, "No figures are exported by OTLP."),
    };
    let (to, every) = (settings.host.clone(), settings.every);
    match Exporter::new(settings, identity, root.clone()) {
        Ok(exporter) => {
            tracing::info!(to, every_ms = every.as_millis(), "Figures are exported by OTLP.");
            root.supervise::<OtlpExporter>(OtlpExporter::NAME, exporter, Placement::Shared("telemetry"));
        }
        Err(why) => tracing::error!(why, "No figures are exported by OTLP."),
    }
}

//! How a running factory or agent is watched from outside: a listener for Prometheus, and figures sent by OTLP. Both are
//! components that nothing depends on.

mod families;
mod listener;
mod otlp;

pub(crate) use listener::{ListenArgs, listen};
pub(crate) use otlp::export;

/// Which program the figures are of, in the words of OpenTelemetry's resources.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// `sluice-gateway` or `sluice-factory`.
    pub(crate) service: &'static str,
    /// The node or the deployment; the same after a restart.
    pub(crate) instance: String,
}

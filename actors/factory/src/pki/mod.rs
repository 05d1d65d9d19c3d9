//! The factory's own certificate authority: its server certificate, and the certificates of nodes.

mod ca;
pub(crate) mod files;
mod node;
mod server;
mod tls;
mod wrap;

pub(crate) use ca::Ca;
pub(crate) use node::NodeCertificate;
pub(crate) use server::ServerIdentity;
pub(crate) use tls::{amqp_config, rest_config};
pub(crate) use wrap::WrappingKey;

use sluice_contract::{Code, Fault};

/// A defect or an unusable file among the certificates.
pub(crate) fn failed(what: &str, error: impl std::fmt::Display) -> Fault {
    Fault::new(Code::StateFailed, format!("{what}: {error}"))
}

/// A moment that certificates can carry, `days` from now.
pub(crate) fn in_days(days: i64) -> i64 {
    chrono::Utc::now().timestamp() + days * 86_400
}

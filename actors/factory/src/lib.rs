//! The control plane: the REST contract of Azure Data Factory, the orchestrator and its durable queue, registration of
//! gateways, and the page.
//!
//! [`Factory::start`] does it all. The state is one database; whatever has to happen is written there first, and
//! the components act on what they find, so that a restart at any moment loses nothing.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod access;
mod app;
mod factory;
mod flow;
mod line;
mod live;
mod options;
mod page;
mod pki;
mod registry;
mod replicas;
mod rest;
mod rounds;
mod state;
mod wire;

#[cfg(test)]
mod tests;

pub use access::Access;
pub use factory::Factory;
/// The OpenAPI document of the REST interface.
pub fn openapi() -> serde_json::Value {
    rest::openapi()
}

pub use options::{BrokerOptions, FactoryOptions, Timings};
pub use sluice_web::Net;
pub use state::{PostgresAddress, PostgresOptions, StateOptions};

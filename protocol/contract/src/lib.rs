//! What the factory and its gateways say to each other, without any I/O.
//!
//! * [`ids`]: names and identifiers.
//! * [`document`]: Azure Data Factory documents, kept as the JSON the client sent, with typed views.
//! * [`envelope`] and [`message`]: the control channel's messages.
//! * [`job`]: what one Copy activity asks of a gateway, and what came of it.
//! * [`receipt`]: what a node says of a finished copy, and signs.
//! * [`sealed`]: the plaintext and the binding of a sealed credential.
//! * [`enrol`]: the registration key and the enrolment request.
//! * [`fault`] and [`codes`]: errors with a code, a cause and a next step.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod codes;
pub mod document;
pub mod enrol;
pub mod envelope;
pub mod fault;
pub mod ids;
pub mod job;
pub mod message;
pub mod receipt;
pub mod sealed;

pub use codes::{Code, ErrorPage};
pub use envelope::Envelope;
pub use fault::Fault;
pub use ids::{FactoryId, GatewayId, JobId, NodeId, RunId};
pub use message::Message;

/// A JSON object that keeps the order of its members.
pub type Object = serde_json::Map<String, serde_json::Value>;

#[cfg(test)]
mod tests;

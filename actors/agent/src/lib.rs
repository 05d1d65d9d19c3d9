//! The gateway node: an agent that takes jobs from its factory and runs them beside the data.
//!
//! [`register`] makes this machine a node of a gateway, [`Agent`] runs it, and [`admin`] asks a running one how it is.
//!
//! The parts are supervised components that any of which may fail alone: the queue listener (`link`) owns the connection to the
//! factory, the scheduler gives places and leases to jobs, the vault opens sealed credentials, one connector per linked
//! service holds the connection to its store. What must not get lost with a component, the running copies and the
//! ledger, is not part of one. The agent only connects outward; what it listens on is a socket file of its own user.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod admin;
mod agent;
pub mod backup;
mod connector;
pub mod endpoint;
pub mod exports;
#[cfg(fuzzing)]
pub mod fuzz;
mod health;
mod hub;
mod identity;
mod journal;
pub mod keys;
mod link;
mod looker;
mod machine;
mod options;
mod pauses;
mod policy;
mod probe;
pub mod proxy;
pub mod receipts;
pub mod remote;
mod scheduler;
mod secrets;
mod state;
pub mod support;
#[cfg(test)]
mod tests;
mod updater;
mod vault;

pub use agent::Agent;
pub use connector::ConnectorStatus;
pub use health::{Condition, NodeHealth, Severity};
pub use identity::{LeaveOptions, RegisterOptions, Registered, leave, register};
pub use journal::LedgerCounts;
pub use link::{ChannelState, ChannelStatus};
pub use options::{AgentOptions, Tuning};
pub use policy::Policy;
pub use scheduler::LimitsStatus;
pub use sluice_seal::KeyKind;
pub use vault::Passphrase;

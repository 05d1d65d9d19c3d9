//! The local admin socket: `admin.sock` in the state directory, for the agent's own user only. Nothing listens on TCP.

mod actors;
mod client;
mod component;
mod credentials;
mod limits;
mod routes;
mod status;
#[cfg(test)]
mod tests;

pub use actors::{ActorRow, CurrentMessage, PanicRow, RestartCounts};
pub use client::{
    actors, drain, exported, limit_bandwidth, metrics, reload_proxy, restart, resume, status, test_connection, unlock,
};
pub(crate) use component::LocalAdmin;
pub use status::{ComponentStatus, JobStatus, Status, TroubleStatus};

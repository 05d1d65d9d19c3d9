//! What moves: runs, jobs, leases, messages. The database decides; the components here look into it, act, and can be
//! restarted at any moment.

mod advance;
mod cancel;
mod claims;
mod consumer;
mod failure;
mod gateway;
pub(crate) mod graph;
mod handles;
mod orchestrator;
mod outbox;
mod outcomes;
mod plan;
mod post;
mod presence;
mod reaper;
mod session;
mod settle;

pub(crate) use cancel::{cancel_run, fail_jobs_of_gateway};
pub(crate) use gateway::{choose_gateway, endpoint_of};
pub(crate) use handles::{COMPONENTS, Handles};
pub(crate) use post::Post;

//! What moves: runs, jobs, leases, messages. The database decides; the components here look into it, act, and can be
//! restarted at any moment.

mod activity;
mod claims;
mod consumer;
mod eval;
mod failure;
mod gateway;
mod handles;
mod lanes;
mod orchestrator;
mod outbox;
mod outcomes;
mod output;
mod parameters;
mod plan;
mod post;
mod presence;
mod reaper;
mod rerun;
pub(crate) mod run;
mod session;
pub(crate) mod settle;
mod share;
mod start;
mod steps;
pub(crate) mod timekeeper;
pub(crate) mod trigger;
pub(crate) mod twins;
mod waiting;
mod web;

pub(crate) use activity::called_back;
pub(crate) use gateway::choose_gateway;
pub(crate) use handles::{COMPONENTS, Handles};
pub(crate) use parameters::as_text;
pub(crate) use plan::reference::Service;
pub(crate) use post::Post;
pub(crate) use rerun::{From, Rerun, rerun};
pub(crate) use run::{cancel_run, fail_jobs_of_gateway};
pub(crate) use start::{Facts, InvokedBy, NewRun, start};
pub(crate) use waiting::reasons as waiting;

//! Runs go on: scopes of activities are looked at when something happened in them, until the run is over.
//!
//! All that is known is in the database. Whatever ends an activity marks its scope as dirty in the same transaction, so
//! the work that is left survives any restart, and costs as much as what happened, not as much as the run is long.

mod advance;
mod begin;
mod cancel;
mod ended;
pub(crate) mod graph;
mod running;

pub(crate) use advance::{Advanced, PORTION, advance};
pub(crate) use cancel::{cancel_run, fail_jobs_of_gateway, stop_below};
pub(crate) use ended::apply;
pub(crate) use running::Running;

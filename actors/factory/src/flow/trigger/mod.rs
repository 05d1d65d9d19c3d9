//! Triggers: what starts pipelines by itself.
//!
//! All that is known is in the database: how far each trigger has come, what it fired, what its windows wait for. The
//! scheduler looks at a trigger when its time has come or something happened to it, and writes what it fires together with
//! the pipeline runs, so that a scheduled time or a window is fired once, whenever the factory dies.

mod arrivals;
mod ask;
mod clock;
mod definition;
mod ended;
mod fire;
mod keep;
mod schedule;
mod scheduler;
mod seen;
mod slices;
mod tumbling;
mod waits;
mod watching;

pub(crate) use ask::{cancel, delete, rerun, start, stop};
pub(crate) use clock::Clock;
pub(crate) use definition::Definition;
pub(super) use ended::run_ended;
pub(super) use scheduler::TriggerScheduler;
pub(super) use seen::seen;
pub(crate) use slices::{Wanted, set as set_slices, slices};

#[cfg(test)]
pub(crate) use keep::keep;

//! The job scheduler: places, claims, leases, and the copies that run under them.

mod component;
mod copy;
mod ending;
mod keeper;
mod leases;
mod limits;
mod live;
mod messages;
mod pending;
mod permit;
mod places;
mod pressure;
mod runner;
mod share;
mod task;
#[cfg(test)]
mod tests;

pub(crate) use component::JobScheduler;
pub(crate) use copy::allowed;
pub(crate) use leases::{NO_LEASE, cancel, reconcile, renewed};
pub(crate) use limits::Limits;
pub use limits::LimitsStatus;
pub(crate) use live::{LiveJob, LiveJobs, Stop};
pub(crate) use messages::{Accepted, Cancel, Denied, GiveBack, Granted, Reservation, Reserve, Welcomed};
pub(crate) use places::Places;
pub(crate) use pressure::Gauge;
pub(crate) use share::{About, Helpers, Invited};

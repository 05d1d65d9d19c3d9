//! Whole copies into and out of a store in memory, which can fail on purpose. The stores' own crates have the same round trips
//! on disks and servers.

mod back;
mod copies;
mod failures;
pub(crate) mod memory;
mod property;
pub(crate) mod sample;
mod split;

//! MySQL and MariaDB.
//!
//! A source reads all its partitions, each a range of the primary key, in sessions whose transactions began under one short
//! read lock: they see one snapshot. Rows go from the protocol's binary form straight into Arrow arrays. A sink loads into a
//! staging table by `LOAD DATA LOCAL` from memory and publishes it with one transaction, which also notes the job and its
//! token in the table `sluice_commit`, or, where the table is new, by renaming it.
//!
//! MySQL from 5.7 on, MariaDB from 10.4 on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod connector;
mod declare;
mod errors;
mod names;
mod probe;
mod session;
mod settings;
mod shown;
mod sink;
mod source;
mod statements;
mod types;
mod wire;

pub use connector::connector;

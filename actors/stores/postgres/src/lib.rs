//! PostgreSQL through binary COPY.
//!
//! A source exports one snapshot and reads it with as many connections as it has partitions, each a range of the table's
//! blocks. A sink copies into an unlogged staging table beside its target and publishes it with one transaction, which also
//! notes the job and its token in the table `sluice_commit`: a job is published once, whoever tries it again.
//!
//! The types are in [`type_table`]. Servers from version 12 on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod catalog;
mod connector;
mod describe;
mod errors;
mod names;
mod probe;
mod session;
mod settings;
mod sink;
mod socket;
mod source;
mod tap;
mod tls;
mod types;
mod verify;
mod wire;

pub use connector::connector;
pub use types::{TypeRow, type_table};

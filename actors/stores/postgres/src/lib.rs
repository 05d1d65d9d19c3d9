//! PostgreSQL through binary COPY.
//!
//! A source exports one snapshot and reads it with as many connections as it has partitions, each a range of the table's
//! blocks, one of its partitions, or a range of a column. The rows come past the driver (`tap`) and are decoded column by
//! column, or passed on as they are to a sink whose columns have the same types.
//!
//! A sink publishes with one transaction, which also notes the job and its token in the table `sluice_commit`: a job is
//! published once, whoever tries it again. A table that is there gets its rows in that transaction, held open from the first
//! row to the commit; one that is made is the staging table under another name; and where rows replace others, may be left
//! out, or are cast by the server, they are moved out of an unlogged staging table beside it.
//!
//! The types are in `contract`. Servers from version 12 on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod catalog;
mod connector;
mod contract;
mod describe;
mod errors;
#[cfg(fuzzing)]
pub mod fuzz;
mod names;
mod probe;
mod session;
mod settings;
mod shown;
mod sink;
mod socket;
mod source;
mod statements;
mod tap;
mod types;
mod wire;

pub use connector::connector;

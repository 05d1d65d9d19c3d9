//! SQL Server and Azure SQL, over TDS.
//!
//! A source reads with one session in a snapshot, where the database allows one. Snapshots of SQL Server belong to one
//! session: several partitions are read when they are asked for, and begin while writers are locked out for a moment. A sink
//! bulk-loads into a staging table beside its target and publishes it with one transaction, which also notes the job and its
//! token in the table `sluice_commit`: a job is published once, whoever tries it again.
//!
//! SQL Server from 2016 on, Azure SQL Database and Azure SQL Managed Instance, with SQL Server logins.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod browser;
mod connector;
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
mod types;
mod values;

pub use connector::connector;

//! SQLite databases.
//!
//! A source reads ranges of row numbers at the same time, all in one snapshot. A sink inserts into a staging table in the same
//! file and publishes it with one transaction, which also notes the job and its token in the table `sluice_commit`: a job is
//! published once, whoever tries it again. The journal mode stays as it was found: with a write-ahead log (WAL) others go on
//! writing while a source is read; without one they wait, and a copy from a database into itself stages in a file beside it.
//!
//! SQLite's columns hold what was put into them, whatever they were declared as. A column is carried as what its declaration
//! says, and a value that is something else fails the copy; where the declaration says nothing exact, the values are surveyed
//! first. `contract.rs` says what becomes of which type.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod connector;
mod contract;
mod database;
mod decimal;
mod errors;
mod names;
mod reading;
mod record;
mod settings;
mod sink;
mod source;
mod statements;
#[cfg(test)]
mod tests;
mod types;

pub use connector::connector;

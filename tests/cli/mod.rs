//! The command line as a contract: exit codes, what goes to which stream, what scripts rely on.

mod access;
mod copy;
mod documents;
mod factory;
mod help;
mod streams;
mod triggers;

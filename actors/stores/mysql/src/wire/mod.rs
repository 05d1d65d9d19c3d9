//! The client's side of the MySQL protocol.
//!
//! Rows go from the socket's buffer straight into Arrow builders: the drivers at hand make a list of owned values of every
//! row first, which costs more than everything else that a reader does.

mod auth;
pub(crate) mod bytes;
pub(crate) mod channel;
pub(crate) mod definition;
pub(crate) mod error;
pub(crate) mod greeting;
pub(crate) mod login;
pub(crate) mod reply;

#[cfg(test)]
mod tests;

pub(crate) use channel::Channel;
pub(crate) use definition::Definition;
pub(crate) use error::WireError;

//! How a node reaches other machines.
//!
//! A name is looked up once for each connection, a [`Judge`] is asked about the addresses that it has, and the connection is
//! made to these and to no other: a name server that answers differently the second time is never asked a second time. HTTP
//! (`sluice-http`) and the control channel may go through a [`Proxy`]. With TLS a [`Trust`] decides whether a server is the one that was
//! meant, and a [`Verifier`] sees to the rest.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod lookup;
mod network;
mod proxy;
#[cfg(test)]
mod tests;
mod trust;
mod tunnel;

pub use lookup::{Lookup, SystemLookup};
pub use network::{Judge, Network, literal};
pub use proxy::{Proxy, ProxyState, Route};
pub use trust::{Shown, Trust, Verifier};

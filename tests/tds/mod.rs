//! SQL Server: the tests' own TDS peer before published clients, and the connector before the peer.

mod clients;
mod copy;
mod login;
mod place;
mod sink;
mod source;

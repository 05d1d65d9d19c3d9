//! The one integration-test program. Each test runs against real servers and the real binary; see `support`.
#![allow(clippy::unwrap_used)]

mod activities;
mod actors;
mod arch;
mod arrivals;
mod badinput;
mod browser;
mod channel;
mod cli;
mod conformance;
mod copy;
mod e2e;
mod faults;
mod files;
mod formats;
mod limits;
mod mysql;
mod nodes;
mod pages;
mod postgres;
mod replicas;
mod resume;
mod slices;
mod sockets;
mod tds;
mod vault;

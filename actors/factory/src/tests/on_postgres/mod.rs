//! The same tests with the state in PostgreSQL.
#![allow(clippy::duplicate_mod)]

use super::{node, store};

#[path = "../arrivals.rs"]
mod arrivals;
#[path = "../contract.rs"]
mod contract;
#[path = "../documents.rs"]
mod documents;
#[path = "../enrolment.rs"]
mod enrolment;
#[path = "../gateways.rs"]
mod gateways;
#[path = "../leases.rs"]
mod leases;
#[path = "../queries.rs"]
mod queries;
#[path = "../recovery.rs"]
mod recovery;
mod replicas;
#[path = "../runs.rs"]
mod runs;
#[path = "../trigger_schedule.rs"]
mod trigger_schedule;
#[path = "../trigger_windows.rs"]
mod trigger_windows;
#[path = "../triggers.rs"]
mod triggers;
#[path = "../web.rs"]
mod web;
#[path = "../writes.rs"]
mod writes;

/// The other tests' fixture, with a server for each test.
mod fixture {
    pub(super) use crate::tests::fixture::*;
    use sluice_tests::postgres::Postgres;
    use std::sync::Arc;

    pub(super) fn run(test: impl Future<Output = ()>) {
        let server = Arc::new(Postgres::start());
        crate::tests::fixture::run(super::store::SERVER.scope(server, test));
    }
}

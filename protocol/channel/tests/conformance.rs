//! The channel's conformance suite on the embedded endpoint with AMQP nodes.
#![allow(clippy::unwrap_used)]

mod support;

use sluice_channel::{Limits, conformance};
use std::time::Duration;
use support::House;

macro_rules! checks {
    ($($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            conformance::$name(&House::new().await).await.unwrap();
        }
    )*};
}

checks! {
    credit_bound
    stopped_inbox
    credit_behind_a_stop
    competing_nodes
    outcomes_down
    outcomes_up
    unroutable_and_unknown
    duplicates
    large_messages
    oversize
    foreign_addresses
    redelivery_after_a_cut
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connection() {
    let house = House::with(Duration::from_secs(1), Limits::default()).await;
    conformance::idle_connection(&house).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn black_hole() {
    let house = House::with(Duration::from_secs(2), Limits::default()).await;
    conformance::black_hole(&house).await.unwrap();
}

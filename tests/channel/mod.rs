//! The control channel over a real broker: the suite of behaviour that the embedded endpoint shows, too.

mod house;

use house::House;
use sluice_channel::conformance::{self, Backend, Finding};
use sluice_tests::rabbitmq::RabbitMq;
use std::time::Duration;

/// A heartbeat is in whole seconds, and half of this.
const SHORT: Duration = Duration::from_secs(4);
const LONG: Duration = Duration::from_secs(30);

/// One broker for all checks, as it takes seconds to start; each has a deployment of its own on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_behaves_as_the_suite_says() {
    let broker = RabbitMq::start();
    let mut findings: Vec<(&str, Finding)> = Vec::new();
    macro_rules! check {
        ($($name:ident within $idle:ident),* $(,)?) => {$(
            let house = House::on(&broker, stringify!($name), $idle).await;
            if let Err(finding) = conformance::$name(&house as &dyn Backend).await {
                findings.push((stringify!($name), finding));
            }
        )*};
    }
    check!(
        credit_bound within LONG,
        stopped_inbox within LONG,
        credit_behind_a_stop within LONG,
        competing_nodes within LONG,
        outcomes_down within LONG,
        outcomes_up within LONG,
        unroutable_and_unknown within LONG,
        duplicates within LONG,
        large_messages within LONG,
        oversize within LONG,
        foreign_addresses within LONG,
        redelivery_after_a_cut within LONG,
        idle_connection within SHORT,
        black_hole within SHORT,
    );
    assert!(findings.is_empty(), "{findings:#?}");
}

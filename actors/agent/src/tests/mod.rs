//! A whole agent against a scripted factory behind the real endpoint, with stores made for the purpose.

mod actors;
mod chaos;
mod connectors;
mod factory;
mod jobs;
mod lease;
mod ledger;
pub(crate) mod node;
pub(crate) mod pki;
mod reconnect;
mod shutdown;
mod status;
pub(crate) mod store;

use std::time::{Duration, Instant};

/// Polls until something is there, with a deadline.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs a test on the process's runtime, as the agent does.
pub(crate) fn on_runtime(test: impl Future<Output = ()>) {
    sluice_runtime::dataplane().unwrap().block_on(test);
}

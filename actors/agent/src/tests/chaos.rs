//! Components that are restarted all the time, and a channel that is cut: every job is done, once.

use super::factory::{Script, spec};
use super::node::World;
use super::store::ROWS;
use super::{on_runtime, until};
use std::collections::BTreeSet;
use std::time::Duration;

const JOBS: usize = 12;

#[test]
fn every_job_is_done_once_while_components_restart() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        for n in 0..JOBS {
            world.factory.dispatch_later(&format!("job-{n}"), 1, spec("ok"));
        }
        let mut restarts = [
            "JobScheduler",
            "QueueListener",
            "connector/from-ok",
            "CredentialVault",
            "JobScheduler",
            "connector/to",
            "Health",
        ]
        .iter()
        .cycle();
        let done = || {
            let events = world.factory.all("job.completed");
            events
                .iter()
                .map(|event| event.job.clone().unwrap())
                .collect::<BTreeSet<_>>()
        };
        for _ in 0..40 {
            if done().len() == JOBS {
                break;
            }
            // A connector that is not there yet is none.
            let _ = world.root.restart(restarts.next().unwrap());
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
        until("the outcomes of all jobs", || (done().len() == JOBS).then_some(())).await;
        let outcomes: BTreeSet<_> = world
            .factory
            .all("job.completed")
            .iter()
            .map(|event| event.id.clone())
            .collect();
        assert_eq!(outcomes.len(), JOBS);
        assert_eq!(world.shelf.published(), JOBS as u64 * ROWS);
        let hub = world.hub();
        until("free places", || (hub.places.now().used == 0).then_some(())).await;
        assert!(world.factory.all("job.failed").is_empty());
        world.end().await;
    });
}

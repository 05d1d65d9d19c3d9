//! Cuts of the channel and restarts of components: copies go on, outcomes arrive once.

use super::factory::{Factory, Script, spec};
use super::node::{World, tuning};
use super::store::ROWS;
use super::{on_runtime, until};
use std::collections::BTreeSet;

#[test]
fn an_outcome_is_delivered_after_the_endpoint_restarts_under_the_same_id() {
    on_runtime(async {
        let script = Script {
            ack: false,
            ..Script::default()
        };
        let mut world = World::start(script).await;
        world.factory.dispatch("job-1", 1, spec("ok")).await.unwrap();
        // Repeated until it is acknowledged, and always the same envelope.
        let sent = world.factory.wait("job.completed", 2).await;
        let ids: BTreeSet<_> = sent.iter().map(|event| event.id.clone()).collect();
        assert_eq!(ids.len(), 1);
        let address = world.factory.embedded.local_addr();
        world.factory.embedded.shutdown().await;
        let hub = world.hub();
        until("the loss", || (!hub.link.is_connected()).then_some(())).await;
        world.factory = Factory::listen(address, world.ca.amqps(), Script::default()).await;
        let again = world.factory.wait("job.completed", 1).await.remove(0);
        assert!(ids.contains(&again.id));
        assert_eq!(world.shelf.published(), ROWS);
        // Acknowledged now: it is not sent any more.
        world.factory.wait("gateway.heartbeat", 3).await;
        assert_eq!(world.factory.all("job.completed").len(), 1);
        world.end().await;
    });
}

#[test]
fn a_copy_goes_on_while_the_channel_is_away() {
    on_runtime(async {
        let mut world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        let address = world.factory.embedded.local_addr();
        world.factory.embedded.shutdown().await;
        world.shelf.go.send_replace(true);
        let hub = world.hub();
        until("the loss", || (!hub.link.is_connected()).then_some(())).await;
        assert_eq!(hub.live.len(), 1);
        world.factory = Factory::listen(address, world.ca.amqps(), Script::default()).await;
        let hello = world.factory.wait("gateway.hello", 1).await.remove(0);
        assert_eq!(hello.data["running"][0]["job"], "job-1");
        world.factory.wait("job.completed", 1).await;
        assert_eq!(world.shelf.published(), ROWS);
        world.end().await;
    });
}

#[test]
fn a_copy_goes_on_while_components_restart() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        for component in ["JobScheduler", "QueueListener", "CredentialVault"] {
            assert!(world.root.restart(component));
        }
        world.factory.wait("gateway.hello", 2).await;
        assert_eq!(world.hub().places.now().free(), 1);
        world.shelf.go.send_replace(true);
        world.factory.wait("job.completed", 1).await;
        world.factory.dispatch("job-2", 1, spec("wait")).await.unwrap();
        world.factory.wait("job.completed", 2).await;
        assert_eq!(world.shelf.published(), 2 * ROWS);
        world.end().await;
    });
}

#[test]
fn a_job_that_was_cut_off_with_the_agent_is_not_run_again() {
    on_runtime(async {
        let mut world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        // As after a kill: the components are gone, nothing was reported.
        let agent = world.agent.take().unwrap();
        agent.shutdown_within(std::time::Duration::ZERO).await;
        world.shelf.go.send_replace(true);
        let beats = world.factory.all("gateway.heartbeat").len();
        world.start_agent(tuning()).await;
        let hello = world.factory.wait("gateway.hello", 2).await.remove(1);
        assert_eq!(hello.data["running"], serde_json::json!([]));
        world.factory.wait("gateway.heartbeat", beats + 1).await;
        // The same attempt once more is known; the next one runs.
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        world.factory.dispatch("job-1", 2, spec("wait")).await.unwrap();
        let completed = world.factory.wait("job.completed", 1).await.remove(0);
        assert_eq!(completed.attempt, Some(2));
        assert_eq!(world.shelf.published(), ROWS);
        world.end().await;
    });
}

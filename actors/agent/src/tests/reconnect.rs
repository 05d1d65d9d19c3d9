//! Cuts of the channel and restarts of components: copies go on, outcomes arrive once.

use super::factory::{Factory, Script, spec};
use super::node::{World, tuning};
use super::store::ROWS;
use super::{on_runtime, until};
use std::collections::BTreeSet;
use std::time::Duration;

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
fn an_attempt_that_was_cut_off_is_reported_at_the_next_start_and_not_run_again() {
    on_runtime(async {
        let mut world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        // What a kill leaves behind: a ledger in which the attempt runs.
        let ledger = world.node.state_dir().join("ledger.db");
        let mut other = rusqlite::Connection::open(&ledger).unwrap();
        world.agent.take().unwrap().shutdown_within(Duration::ZERO).await;
        world.factory.wait("job.cancelled", 1).await;
        let change = other.transaction().unwrap();
        assert_eq!(change.execute("UPDATE jobs SET state = 'running'", []).unwrap(), 1);
        change.commit().unwrap();

        world.shelf.go.send_replace(true);
        world.start_agent(tuning()).await;
        let hello = world.factory.wait("gateway.hello", 2).await.remove(1);
        assert_eq!(hello.data["running"], serde_json::json!([]));
        let cancelled = world.factory.wait("job.cancelled", 2).await.remove(1);
        assert_eq!((cancelled.attempt, cancelled.token), (Some(1), Some(10)));
        // The same attempt once more is known; the next one runs.
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        world.factory.dispatch("job-1", 2, spec("wait")).await.unwrap();
        let completed = world.factory.wait("job.completed", 1).await.remove(0);
        assert_eq!(completed.attempt, Some(2));
        assert_eq!(world.shelf.published(), ROWS);
        world.end().await;
    });
}

#[test]
fn a_job_that_came_but_was_not_claimed_is_claimed_at_the_next_start() {
    on_runtime(async {
        let mut world = World::start(Script::default()).await;
        world.agent.take().unwrap().shutdown_within(Duration::ZERO).await;
        let ledger = sluice_copy::Ledger::open(world.node.state_dir().join("ledger.db")).unwrap();
        ledger.receive(&"job-1".into(), 1, &spec("ok")).unwrap();
        ledger.receive(&"job-2".into(), 1, &spec("ok")).unwrap();
        ledger.remember_cancel(&"job-2".into()).unwrap();
        drop(ledger);
        world.start_agent(tuning()).await;
        world.factory.wait("job.completed", 1).await;
        assert_eq!(world.shelf.published(), ROWS);
        // It may have been claimed twice, which the factory knows to answer; the cancelled one never.
        let claims = world.factory.all("job.claim");
        assert!(
            claims.iter().all(|claim| claim.job == Some("job-1".into())),
            "{claims:?}"
        );
        world.end().await;
    });
}

#[test]
fn an_outcome_that_the_factory_refuses_is_not_sent_for_ever() {
    on_runtime(async {
        let script = Script {
            refuse: Some("job.completed".to_owned()),
            ..Script::default()
        };
        let world = World::start(script).await;
        world.factory.dispatch("job-1", 1, spec("ok")).await.unwrap();
        world.factory.wait("job.completed", 1).await;
        let hub = world.hub();
        for _ in 0..3000 {
            if hub.journal.counts().await.unwrap().outbox == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(hub.journal.counts().await.unwrap().outbox, 0);
        // The link is the same as before.
        assert_eq!(world.factory.all("gateway.hello").len(), 1);
        world.end().await;
    });
}

//! Drain and shutdown.

use super::factory::{Script, spec};
use super::node::World;
use super::store::ROWS;
use super::{on_runtime, until};
use sluice_contract::Message;
use sluice_contract::message::Drain;
use std::time::Duration;

#[test]
fn shutdown_waits_for_running_copies() {
    on_runtime(async {
        let mut world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        let agent = world.agent.take().unwrap();
        let hub = agent.hub();
        let ended = tokio::spawn(agent.shutdown_within(Duration::from_secs(20)));
        until("draining", || hub.places.now().draining).await;
        world.shelf.go.send_replace(true);
        ended.await.unwrap();
        assert_eq!(world.shelf.published(), ROWS);
        assert_eq!(world.factory.all("job.completed").len(), 1);
        assert!(world.root.snapshot().is_empty());
        world.end().await;
    });
}

#[test]
fn a_draining_node_takes_no_job_until_it_resumes() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let hub = world.hub();
        world.factory.tell(&Message::GatewayDrain(Drain::default()), None);
        until("draining", || hub.places.now().draining).await;
        world.factory.dispatch_later("job-1", 1, spec("ok"));
        let beats = world.factory.all("gateway.heartbeat").len();
        let beat = world.factory.wait("gateway.heartbeat", beats + 2).await.pop().unwrap();
        assert_eq!(beat.data["slots_free"], 0);
        assert!(world.factory.all("job.claim").is_empty());
        world.factory.tell(&Message::GatewayResume(Drain::default()), None);
        world.factory.wait("job.completed", 1).await;
        world.end().await;
    });
}

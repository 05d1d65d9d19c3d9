//! Leases: denied, revoked, lost, and the fence before the commit.

use super::factory::{Script, fault, spec};
use super::node::World;
use super::store::ROWS;
use super::{on_runtime, until};
use sluice_contract::Code;

#[test]
fn a_denied_lease_starts_nothing() {
    on_runtime(async {
        let script = Script {
            lease: None,
            ..Script::default()
        };
        let world = World::start(script).await;
        world.factory.dispatch("job-1", 1, spec("ok")).await.unwrap();
        world.factory.wait("job.claim", 1).await;
        let hub = world.hub();
        until("the place back", || (hub.places.now().free() == 2).then_some(())).await;
        assert_eq!(world.shelf.connects(), 0);
        assert_eq!(hub.journal.counts().await.unwrap().outbox, 0);
        world.end().await;
    });
}

#[test]
fn a_revoked_lease_stops_the_copy_and_commits_nothing() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        world.factory.change(|script| script.revoke = vec!["job-1".to_owned()]);
        let hub = world.hub();
        until("the end of the copy", || (hub.live.len() == 0).then_some(())).await;
        world.shelf.go.send_replace(true);
        assert_eq!((world.shelf.published(), world.shelf.staged()), (0, 0));
        // Nothing is reported: the factory knows. The next attempt runs.
        assert_eq!(hub.journal.counts().await.unwrap().outbox, 0);
        world.factory.change(|script| script.revoke.clear());
        world.factory.dispatch("job-1", 2, spec("wait")).await.unwrap();
        let completed = world.factory.wait("job.completed", 1).await.remove(0);
        assert_eq!((completed.attempt, completed.token), (Some(2), Some(20)));
        assert_eq!(world.shelf.published(), ROWS);
        world.end().await;
    });
}

#[test]
fn without_answers_the_copy_stops_before_its_lease_ends() {
    on_runtime(async {
        let script = Script {
            lease: Some(2),
            renew: false,
            ..Script::default()
        };
        let world = World::start(script).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        let hub = world.hub();
        until("a running copy", || (world.shelf.staged() > 0).then_some(())).await;
        until("the end of the copy", || (hub.live.len() == 0).then_some(())).await;
        world.shelf.go.send_replace(true);
        assert_eq!(world.shelf.published(), 0);
        assert!(world.factory.all("job.failed").is_empty());
        world.end().await;
    });
}

#[test]
fn heartbeats_carry_a_copy_beyond_its_first_lease() {
    on_runtime(async {
        let script = Script {
            lease: Some(2),
            ..Script::default()
        };
        let world = World::start(script).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        let beats = world.factory.all("gateway.heartbeat").len();
        world.factory.wait("gateway.heartbeat", beats + 5).await;
        world.shelf.go.send_replace(true);
        world.factory.wait("job.completed", 1).await;
        let beat = world.factory.all("gateway.heartbeat").pop().unwrap();
        assert!(!world.factory.all("job.progress").is_empty());
        assert_eq!(beat.data["slots"], 2);
        world.end().await;
    });
}

#[test]
fn a_denied_commit_publishes_nothing() {
    on_runtime(async {
        let script = Script {
            commit: Some(false),
            ..Script::default()
        };
        let world = World::start(script).await;
        world.factory.dispatch("job-1", 1, spec("ok")).await.unwrap();
        let failed = world.factory.wait("job.failed", 1).await.remove(0);
        assert_eq!(fault(&failed), Code::CommitDenied);
        assert_eq!((world.shelf.published(), world.shelf.staged()), (0, 0));
        world.end().await;
    });
}

#[test]
fn an_unanswered_commit_request_is_repeated() {
    on_runtime(async {
        let script = Script {
            commit: None,
            ..Script::default()
        };
        let world = World::start(script).await;
        world.factory.dispatch("job-1", 1, spec("ok")).await.unwrap();
        world.factory.wait("job.prepare_commit", 3).await;
        assert_eq!(world.shelf.published(), 0);
        world.factory.change(|script| script.commit = Some(true));
        world.factory.wait("job.completed", 1).await;
        assert_eq!(world.shelf.published(), ROWS);
        world.end().await;
    });
}

//! A job's road: dispatch, claim, lease, copy, commit, outcome, acknowledgement.

use super::factory::{Script, fault, spec};
use super::node::World;
use super::store::ROWS;
use super::{on_runtime, until};
use sluice_contract::job::Outcome;
use sluice_contract::message::{Cancel, UpdateOffer};
use sluice_contract::{Code, Message};
use std::time::Duration;

#[test]
fn a_job_runs_from_dispatch_to_acknowledgement() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let mut spec = spec("ok");
        spec.copy_mut()
            .unwrap()
            .sink
            .properties
            .insert("mode".into(), "other".into());
        world.factory.dispatch("job-1", 1, spec).await.unwrap();
        let completed = world.factory.wait("job.completed", 1).await.remove(0);
        let Message::JobCompleted(body) = completed.message().unwrap() else {
            panic!("{completed:?}")
        };
        let Outcome::Copy(outcome) = body.outcome else {
            panic!("{completed:?}")
        };
        assert_eq!((outcome.rows_copied, world.shelf.published()), (ROWS, ROWS));
        assert_eq!(outcome.node.unwrap().as_str(), "node-1");
        assert_eq!((completed.attempt, completed.token), (Some(1), Some(10)));
        let key = world.shelf.keys.lock().unwrap()[0].clone();
        assert_eq!((key.job.as_str(), key.attempt, key.token), ("job-1", 1, 10));
        let prepared = world.factory.all("job.prepare_commit").remove(0);
        assert_eq!((prepared.token, prepared.data["rows"].as_u64()), (Some(10), Some(ROWS)));
        // Acknowledged: the outbox is empty and the place is free.
        let hub = world.hub();
        for _ in 0..500 {
            if hub.journal.counts().await.unwrap() == Default::default() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(hub.journal.counts().await.unwrap(), Default::default());
        until("a free place", || (hub.places.now().free() == 2).then_some(())).await;
        world.end().await;
    });
}

#[test]
fn a_repeated_dispatch_runs_once() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        for _ in 0..3 {
            world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        }
        world.shelf.go.send_replace(true);
        world.factory.wait("job.completed", 1).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        world.factory.dispatch("job-2", 1, spec("wait")).await.unwrap();
        let completed = world.factory.wait("job.completed", 2).await;
        let jobs: Vec<_> = completed.iter().map(|event| event.job.clone().unwrap()).collect();
        assert_eq!(jobs, ["job-1".into(), "job-2".into()]);
        assert_eq!(world.factory.claimed().len(), 2);
        assert_eq!(world.shelf.published(), 2 * ROWS);
        world.end().await;
    });
}

#[test]
fn a_cancel_that_comes_before_its_dispatch_wins() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        world
            .factory
            .tell(&Message::JobCancel(Cancel::default()), Some(("job-1", 1)));
        // The control queue keeps its order: with the answer to this, the cancel has been dealt with.
        world.factory.tell(&Message::UpdateOffer(UpdateOffer::default()), None);
        let status = world.factory.wait("update.status", 1).await.remove(0);
        assert_eq!(status.data["state"], "UpToDate");
        world.factory.dispatch("job-1", 1, spec("ok")).await.unwrap();
        let cancelled = world.factory.wait("job.cancelled", 1).await.remove(0);
        assert_eq!((cancelled.attempt, cancelled.token), (Some(1), Some(0)));
        assert!(world.factory.all("job.claim").is_empty());
        // The cancel was for attempt 1 only.
        world.factory.dispatch("job-1", 2, spec("ok")).await.unwrap();
        world.factory.wait("job.completed", 1).await;
        world.end().await;
    });
}

#[test]
fn a_running_copy_is_cancelled() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("staged rows", || (world.shelf.staged() > 0).then_some(())).await;
        world
            .factory
            .tell(&Message::JobCancel(Cancel::default()), Some(("job-1", 1)));
        let cancelled = world.factory.wait("job.cancelled", 1).await.remove(0);
        assert_eq!(cancelled.token, Some(10));
        let Message::JobCancelled(body) = cancelled.message().unwrap() else {
            panic!("{cancelled:?}")
        };
        assert!(body.progress.rows_read > 0);
        assert_eq!((world.shelf.published(), world.shelf.staged()), (0, 0));
        world.end().await;
    });
}

#[test]
fn a_copy_that_panics_is_reported_and_harms_nobody() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        world.factory.dispatch("job-2", 1, spec("panic")).await.unwrap();
        let failed = world.factory.wait("job.failed", 1).await.remove(0);
        assert_eq!(
            (failed.job.clone().unwrap().as_str(), fault(&failed)),
            ("job-2", Code::CopyPanicked)
        );
        world.shelf.go.send_replace(true);
        let completed = world.factory.wait("job.completed", 1).await.remove(0);
        assert_eq!(completed.job.unwrap().as_str(), "job-1");
        world.end().await;
    });
}

#[test]
fn what_cannot_run_here_is_rejected() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let mut unknown = spec("ok");
        unknown.copy_mut().unwrap().sink.kind = "Oracle".to_owned();
        world.factory.dispatch("job-1", 1, unknown).await.unwrap();
        let rejected = world.factory.wait("job.reject", 1).await.remove(0);
        assert_eq!(fault(&rejected), Code::StoreTypeUnknown);
        // A specification that is none.
        let broken = serde_json::json!({ "spec": 7 });
        world.factory.dispatch_data("job-2", 1, broken).await.unwrap();
        let rejected = world.factory.wait("job.reject", 2).await.remove(1);
        assert_eq!(fault(&rejected), Code::JobInvalid);
        let hub = world.hub();
        until("free places", || (hub.places.now().free() == 2).then_some(())).await;
        world.end().await;
    });
}

#[test]
fn a_copy_ends_at_its_timeout() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let mut spec = spec("wait");
        spec.timeout_s = 1;
        world.factory.dispatch("job-1", 1, spec).await.unwrap();
        let failed = world.factory.wait("job.failed", 1).await.remove(0);
        assert_eq!(fault(&failed), Code::TimedOut);
        assert_eq!(world.shelf.published(), 0);
        world.end().await;
    });
}

#[test]
fn a_third_job_waits_for_a_place() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        for job in ["job-1", "job-2"] {
            world.factory.dispatch(job, 1, spec("wait")).await.unwrap();
        }
        world.factory.dispatch_later("job-3", 1, spec("wait"));
        until("both copies", || (world.shelf.staged() == ROWS * 2 / 3).then_some(())).await;
        let beats = world.factory.all("gateway.heartbeat").len();
        world.factory.wait("gateway.heartbeat", beats + 2).await;
        assert_eq!(world.factory.claimed().len(), 2);
        world.shelf.go.send_replace(true);
        world.factory.wait("job.completed", 3).await;
        assert_eq!(world.shelf.published(), 3 * ROWS);
        world.end().await;
    });
}

//! Components stop in reverse order, each within its time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::probe::{Block, Count, EndlessTask, Hardy, Note, PoliteTasks, Probe, Profile, Seen, WaitForever};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{AskError, Handle, Health, RestartPolicy, SendError};

#[test]
fn what_waits_is_handled_tasks_are_asked_to_end_and_the_last_started_goes_first() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let first = world.start::<Probe<Hardy>>("first", Arc::clone(&seen));
        let second = world.start::<Probe<Hardy>>("second", Arc::default());
        first.ask(PoliteTasks {}, PATIENCE).await.unwrap();
        for number in 0..1000 {
            first.tell(Note { number }).unwrap();
        }
        let report = world.root.shutdown().await;
        let ids: Vec<_> = report
            .iter()
            .map(|(id, _, in_order)| (id.as_str(), *in_order))
            .collect();
        assert_eq!(ids, [("second", true), ("first", true)]);
        assert_eq!(lock(&seen.notes).len(), 1000);
        assert_eq!(seen.task_drops.load(Ordering::SeqCst), 2);
        assert_eq!(lock(&seen.tasks_ended).len(), 2);
        assert_eq!(
            (seen.stopped.load(Ordering::SeqCst), seen.dropped.load(Ordering::SeqCst)),
            (1, 1)
        );
        assert_eq!((first.health(), second.health()), (Health::Stopped, Health::Stopped));
        assert!(matches!(first.tell(Count {}), Err(SendError::Down(_))));
        assert_eq!(first.metrics().unaccounted(), 0);
    });
}

struct Hasty;

impl Profile for Hasty {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            shutdown: Duration::from_millis(100),
            hang_after: Duration::from_secs(60),
            ..Hardy::policy()
        }
    }
}

#[test]
fn who_does_not_stop_in_time_is_abandoned() {
    test(async {
        let world = World::new();
        let (stuck, careless) = (Arc::<Seen>::default(), Arc::<Seen>::default());
        let blocks = world.start::<Probe<Hasty>>("blocks", Arc::clone(&stuck));
        let endless = world.start::<Probe<Hasty>>("endless task", Arc::clone(&careless));
        blocks.tell(Block { number: 1 }).unwrap();
        until("it blocks", || blocks.metrics().handling == Some("Block")).await;
        blocks.tell(Note { number: 2 }).unwrap();
        endless.ask(EndlessTask {}, PATIENCE).await.unwrap();
        let report = world.root.shutdown().await;
        assert_eq!(report.len(), 2);
        for (id, took, in_order) in report {
            assert!(!in_order, "{id} stopped in order");
            assert!(took >= Duration::from_millis(100) && took < PATIENCE, "{id}: {took:?}");
        }
        // A task that can be dropped is dropped; the message that nobody handled is accounted for.
        until("the task is dropped", || {
            careless.task_drops.load(Ordering::SeqCst) == 1
        })
        .await;
        let counts = blocks.metrics().counts;
        assert_eq!((counts.fenced, counts.lost), (1, 1));
        stuck.open_gate();
        until("the zombie is gone", || Arc::strong_count(&stuck) == 2).await;
        assert!(lock(&stuck.notes).is_empty());
    });
}

#[test]
fn one_component_can_be_retired_and_its_id_used_again() {
    test(async {
        let world = World::new();
        let old = world.start::<Probe<Hardy>>("probe", Arc::default());
        assert_eq!(old.ask(Count {}, PATIENCE).await.unwrap(), (1, 1));
        assert!(world.root.retire("probe").await.is_some_and(|(_, in_order)| in_order));
        assert!(world.root.retire("probe").await.is_none());
        assert!(matches!(old.tell(Count {}), Err(SendError::Down(_))));
        let new = world.start::<Probe<Hardy>>("probe", Arc::default());
        assert_eq!(new.ask(Count {}, PATIENCE).await.unwrap(), (1, 1));
        // Twice the same id is the same component.
        let again = world.start::<Probe<Hardy>>("probe", Arc::default());
        assert_eq!(again.ask(Count {}, PATIENCE).await.unwrap(), (2, 1));
        world.root.shutdown().await;
    });
}

#[test]
fn who_is_retired_at_the_end_stays_in_the_figures() {
    test(async {
        let world = World::new();
        let ids = || -> Vec<_> {
            let components = world.root.snapshot().into_iter();
            components
                .map(|(id, health, figures)| (id, health, figures.counts.handled))
                .collect()
        };
        for id in ["first", "second"] {
            let probe = world.start::<Probe<Hardy>>(id, Arc::default());
            probe.ask(Count {}, PATIENCE).await.unwrap();
        }
        assert!(world.root.retire("first").await.is_some());
        assert_eq!(ids(), [("second".to_owned(), Health::Running, 1)]);
        world.root.keep_figures();
        assert!(world.root.retire("second").await.is_some_and(|(_, in_order)| in_order));
        assert!(world.root.retire("second").await.is_none());
        assert_eq!(ids(), [("second".to_owned(), Health::Stopped, 1)]);
        assert_eq!(world.root.overall(), crate::Overall::Healthy);
        // The id is free.
        let probe = world.start::<Probe<Hardy>>("second", Arc::default());
        assert_eq!(probe.ask(Count {}, PATIENCE).await.unwrap(), (1, 1));
        world.root.shutdown().await;
    });
}

#[test]
fn a_root_that_is_dropped_asks_its_components_to_stop() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        handle.ask(Count {}, PATIENCE).await.unwrap();
        drop(world);
        until("it is gone", || seen.dropped.load(Ordering::SeqCst) == 1).await;
        until("it is down", || handle.tell(Count {}).is_err()).await;
    });
}

#[test]
fn nobody_waits_for_a_component_of_a_root_that_is_gone() {
    test(async {
        let world = World::new();
        let stuck = Arc::<Seen>::default();
        let stalled = world.start::<Probe<Hasty>>("stalled", Arc::default());
        let blocks = world.start::<Probe<Hasty>>("blocks", Arc::clone(&stuck));
        stalled.ask(WaitForever {}, PATIENCE).await.unwrap();
        blocks.tell(Block { number: 1 }).unwrap();
        until("it blocks", || blocks.metrics().handling == Some("Block")).await;
        let ask = |handle: &Handle<Probe<Hasty>>| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.ask(Count {}, PATIENCE).await })
        };
        let asking = [ask(&stalled), ask(&blocks)];
        for handle in [&stalled, &blocks] {
            until("the question waits", || handle.metrics().depth == 1).await;
        }
        drop(world);
        for asked in asking {
            assert!(matches!(asked.await.unwrap(), Err(AskError::Restarted)));
        }
        for handle in [&stalled, &blocks] {
            assert!(matches!(handle.tell(Count {}), Err(SendError::Down(_))));
            assert_eq!(handle.health(), Health::Stopped);
        }
        stuck.open_gate();
        until("the zombie is gone", || Arc::strong_count(&stuck) == 2).await;
    });
}

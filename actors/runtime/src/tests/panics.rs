//! A component that panics is rebuilt in place.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::probe::{Boom, BoomInterval, BoomLater, BoomTimer, Count, Hardy, Later, Note, Probe, Seen, StopYourself};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{AskError, Event, Handle, Health, Reason};

async fn counts_from_one(handle: &Handle<Probe<Hardy>>, incarnation: u64) {
    let answer = handle.ask(Count {}, PATIENCE).await.unwrap();
    assert_eq!(answer, (1, incarnation));
}

#[test]
fn a_panic_in_a_handler_restarts_with_fresh_state_and_leaves_neighbours_alone() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::default());
        let neighbour = world.start::<Probe<Hardy>>("neighbour", Arc::default());
        counts_from_one(&handle, 1).await;
        counts_from_one(&neighbour, 1).await;

        let poison = handle.ask(Boom {}, PATIENCE).await;
        assert!(matches!(poison, Err(AskError::Restarted)));
        counts_from_one(&handle, 2).await;
        assert_eq!(neighbour.ask(Count {}, PATIENCE).await.unwrap(), (2, 1));

        let restarted = |e: &Event| matches!(e, Event::Restarted { .. });
        until("the restart was told", || world.events.count(restarted) == 1).await;
        let Some(Event::Restarted {
            id,
            reason,
            incarnation,
            lost,
            ..
        }) = world.events.find(restarted)
        else {
            unreachable!();
        };
        assert_eq!((id.as_str(), incarnation, lost), ("probe", 2, 1));
        let Reason::Panic { message, handling } = reason else {
            panic!("not for a panic: {reason}");
        };
        assert_eq!((message.as_str(), handling), ("told to panic", Some("Boom")));
        world.root.shutdown().await;
    });
}

#[test]
fn messages_queued_behind_a_panic_are_handled_in_order_and_the_poison_is_not() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        for number in 0..100 {
            handle.tell(Note { number }).unwrap();
            if number == 50 {
                handle.tell(Boom {}).unwrap();
            }
        }
        until("all are handled", || handle.metrics().counts.handled == 100).await;
        assert_eq!(*lock(&seen.notes), (0..100).collect::<Vec<_>>());
        let metrics = handle.metrics();
        assert_eq!((metrics.counts.lost, metrics.incarnation), (1, 2));
        world.root.shutdown().await;
    });
}

#[test]
fn a_panic_outside_of_handlers_restarts_too() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        counts_from_one(&handle, 1).await;
        handle.tell(BoomLater {}).unwrap();
        until("incarnation 2", || handle.metrics().incarnation == 2).await;
        counts_from_one(&handle, 2).await;
        handle.tell(BoomTimer {}).unwrap();
        until("incarnation 3", || handle.metrics().incarnation == 3).await;
        counts_from_one(&handle, 3).await;
        handle.tell(StopYourself {}).unwrap();
        until("incarnation 4", || handle.metrics().incarnation == 4).await;
        counts_from_one(&handle, 4).await;
        handle.tell(BoomInterval {}).unwrap();
        until("incarnation 5", || handle.metrics().incarnation == 5).await;
        counts_from_one(&handle, 5).await;
        let restarts = handle.metrics().restarts;
        assert_eq!((restarts.panic, restarts.stopped, restarts.total()), (3, 1, 4));
        world.root.shutdown().await;
    });
}

#[test]
fn panics_in_create_and_started_are_retried_until_they_end() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        seen.bad_creates.store(2, Ordering::SeqCst);
        seen.bad_starts.store(3, Ordering::SeqCst);
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        counts_from_one(&handle, 6).await;
        assert_eq!(handle.health(), Health::Running);
        assert_eq!(seen.started.load(Ordering::SeqCst), 4);
        world.root.shutdown().await;
    });
}

#[test]
fn a_panic_in_create_at_a_rebuild_is_retried_and_what_waits_is_kept() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        let neighbour = world.start::<Probe<Hardy>>("neighbour", Arc::default());
        counts_from_one(&handle, 1).await;
        counts_from_one(&neighbour, 1).await;
        seen.bad_creates.store(2, Ordering::SeqCst);
        handle.tell(Boom {}).unwrap();
        for number in 0..10 {
            handle.tell(Note { number }).unwrap();
        }
        // The second incarnation and the third were never complete.
        counts_from_one(&handle, 4).await;
        assert_eq!(*lock(&seen.notes), (0..10).collect::<Vec<_>>());
        let metrics = handle.metrics();
        assert_eq!((metrics.restarts.panic, metrics.counts.lost), (3, 1));
        let panic = metrics.last_panic.unwrap();
        assert_eq!(
            (panic.message.as_str(), panic.handling),
            ("told to fail in create", None)
        );
        assert_eq!(seen.started.load(Ordering::SeqCst), 2);
        let restarted = |e: &Event| {
            matches!(
                e,
                Event::Restarted {
                    incarnation: 4,
                    lost: 1,
                    ..
                }
            )
        };
        until("one restart was told", || world.events.count(restarted) == 1).await;
        assert_eq!(world.events.count(|e| matches!(e, Event::Restarted { .. })), 1);
        assert_eq!(neighbour.ask(Count {}, PATIENCE).await.unwrap(), (2, 1));
        world.root.shutdown().await;
    });
}

#[test]
fn callers_who_wait_for_a_future_of_the_component_are_released() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::default());
        let waiting = handle.clone();
        let waiting = tokio::spawn(async move { waiting.ask(Later(PATIENCE), PATIENCE).await });
        until("it waits", || handle.metrics().counts.handled == 1).await;
        handle.tell(Boom {}).unwrap();
        assert!(matches!(waiting.await.unwrap(), Err(AskError::Restarted)));
        world.root.shutdown().await;
    });
}

#[test]
fn a_handle_outlives_a_hundred_restarts_and_a_panicking_drop() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        seen.bad_drop.store(true, Ordering::SeqCst);
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        for incarnation in 1..=100 {
            counts_from_one(&handle, incarnation).await;
            let poison = handle.ask(Boom {}, PATIENCE).await;
            assert!(matches!(poison, Err(AskError::Restarted)));
        }
        counts_from_one(&handle, 101).await;
        assert_eq!(seen.dropped.load(Ordering::SeqCst), 100);
        assert_eq!(handle.metrics().unaccounted(), 0);
        world.root.shutdown().await;
    });
}

//! A component that hangs is fenced and replaced on another thread.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::probe::{Block, BlockLater, Count, Hardy, Labour, Later, Note, NoteByFuture, NoteLater, Probe, Seen};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{AskError, Component as _, Event, Handle, Health, Idempotent, Placement, Reason};

impl Idempotent for Block {}

#[test]
fn a_hang_is_found_and_replaced_and_the_zombie_does_nothing_when_it_wakes() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 1));
        let later = handle.clone();
        let later = tokio::spawn(async move { later.ask(Later(PATIENCE), PATIENCE).await });
        until("it waits", || handle.metrics().counts.handled == 2).await;

        // Due while the thread hangs: a zombie that went on would run it.
        handle.tell(NoteLater { number: 99 }).unwrap();
        let begun = Instant::now();
        let stuck = handle.clone();
        let stuck = tokio::spawn(async move { stuck.ask(Block { number: 1000 }, PATIENCE).await });
        until("it blocks", || handle.metrics().handling == Some("Block")).await;
        // These wait behind the one that hangs, and must not be lost.
        for number in 0..10 {
            handle.tell(Note { number }).unwrap();
        }
        assert!(matches!(stuck.await.unwrap(), Err(AskError::Restarted)));
        assert!(matches!(later.await.unwrap(), Err(AskError::Restarted)));
        assert!(begun.elapsed() >= Probe::<Hardy>::policy().hang_after);
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
        assert_eq!(*lock(&seen.notes), (0..10).collect::<Vec<_>>());

        let unresponsive = |e: &Event| matches!(e, Event::Unresponsive { .. });
        until("it was told", || world.events.count(unresponsive) == 1).await;
        let Some(Event::Unresponsive { component, reason, .. }) = world.events.find(unresponsive) else {
            panic!("no event");
        };
        assert_eq!(component, "Probe");
        assert!(
            matches!(
                reason,
                Reason::Hang {
                    handling: Some("Block"),
                    ..
                }
            ),
            "{reason}"
        );

        let before = handle.metrics();
        seen.open_gate();
        until("the zombie is gone", || Arc::strong_count(&seen) == 3).await;
        let after = handle.metrics();
        assert_eq!(after.counts, before.counts);
        assert_eq!((after.counts.fenced, after.incarnation), (1, 2));
        assert_eq!(after.health, Health::Running);
        assert_eq!(after.unaccounted(), 0);
        assert_eq!(lock(&seen.notes).len(), 10);
        world.root.shutdown().await;
    });
}

/// After a hang outside of any handler: ten notes waited and are there, and nothing follows when the thread comes back.
async fn replaced_outside_of_handlers(world: &World, seen: &Arc<Seen>, handle: &Handle<Probe<Hardy>>) {
    assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
    // Told by the watchdog while the new one is at work already.
    let told = |e: &Event| {
        matches!(
            e,
            Event::Unresponsive {
                component: "Probe",
                reason: Reason::Hang { handling: None, .. },
                ..
            }
        )
    };
    until("it was told", || world.events.count(told) == 1).await;
    let before = handle.metrics();
    // No message was in anybody's hands.
    assert_eq!((before.counts.fenced, before.counts.lost), (0, 0));
    seen.open_gate();
    until("the zombie is gone", || Arc::strong_count(seen) == 3).await;
    let after = handle.metrics();
    assert_eq!((after.counts, after.health), (before.counts, Health::Running));
    assert_eq!((after.incarnation, after.restarts.total()), (2, 1));
    assert_eq!(*lock(&seen.notes), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_hang_in_started_is_found_and_replaced() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        seen.hung_starts.store(1, Ordering::SeqCst);
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        for number in 0..10 {
            handle.tell(Note { number }).unwrap();
        }
        replaced_outside_of_handlers(&world, &seen, &handle).await;
        assert_eq!(seen.started.load(Ordering::SeqCst), 2);
        world.root.shutdown().await;
    });
}

#[test]
fn a_hang_in_a_future_is_found_and_replaced() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        // All in one turn.
        let time = Duration::from_millis(60);
        handle.tell(Labour { time }).unwrap();
        handle.tell(BlockLater { number: 1000 }).unwrap();
        handle.tell(NoteByFuture { number: 999 }).unwrap();
        until("it blocks", || seen.at_gate.load(Ordering::SeqCst) == 1).await;
        for number in 0..10 {
            handle.tell(Note { number }).unwrap();
        }
        replaced_outside_of_handlers(&world, &seen, &handle).await;
        world.root.shutdown().await;
    });
}

#[test]
fn work_with_signs_of_life_is_no_hang() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::default());
        let time = Probe::<Hardy>::policy().hang_after * 3;
        handle.ask(Labour { time }, PATIENCE).await.unwrap();
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 1));
        world.root.shutdown().await;
    });
}

#[test]
fn an_idempotent_question_is_asked_again_after_a_hang() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        let asking = handle.clone();
        let asking = tokio::spawn(async move { asking.ask_retry(Block { number: 7 }, PATIENCE).await });
        until("the first attempt was fenced", || handle.metrics().counts.fenced == 1).await;
        seen.open_gate();
        assert_eq!(asking.await.unwrap().unwrap(), 7);
        assert_eq!(*lock(&seen.notes), [7]);
        world.root.shutdown().await;
    });
}

#[test]
fn those_who_share_a_thread_with_a_hung_component_move() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let at = Placement::Shared("small ones");
        let hung = world.root.supervise::<Probe<Hardy>>("hung", Arc::clone(&seen), at);
        let other = world.root.supervise::<Probe<Hardy>>("other", Arc::default(), at);
        assert_eq!(other.ask(Count {}, PATIENCE).await.unwrap(), (1, 1));
        hung.tell(Block { number: 1 }).unwrap();
        until("it blocks", || hung.metrics().handling == Some("Block")).await;
        assert_eq!(other.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
        assert_eq!(other.metrics().restarts.neighbour, 1);
        assert_eq!(hung.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
        seen.open_gate();
        assert_eq!(other.ask(Count {}, Duration::from_secs(5)).await.unwrap(), (2, 2));
        world.root.shutdown().await;
    });
}

//! A component that fails too often is given up, in one of three ways.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::probe::{Block, Boom, Count, Frail, Hardy, Note, Probe, Profile, Seen};
use super::world::{PATIENCE, World, test, until};
use crate::{AskError, Event, Exhausted, Handle, Health, RestartPolicy, SendError};

async fn poison<P: Profile>(handle: &Handle<Probe<P>>, times: usize) {
    for _ in 0..times {
        let poisoned = handle.ask(Boom {}, PATIENCE).await;
        assert!(matches!(poisoned, Err(AskError::Restarted)), "{poisoned:?}");
    }
}

#[test]
fn a_crash_loop_ends_with_the_component_down_and_its_callers_told_at_once() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Frail>>("probe", Arc::default());
        poison(&handle, 3).await;
        until("it has failed", || handle.health() == Health::Failed).await;
        let begun = Instant::now();
        let refused = handle.ask(Count {}, PATIENCE).await;
        assert!(matches!(refused, Err(AskError::Down(Count {}))));
        assert!(begun.elapsed() < PATIENCE / 4);
        assert!(matches!(
            handle.tell(Note { number: 7 }),
            Err(SendError::Down(Note { number: 7 }))
        ));
        until("the escalation is told", || {
            world.events.count(|e| matches!(e, Event::Escalated { .. })) == 1
        })
        .await;
        let metrics = handle.metrics();
        assert_eq!((metrics.restarts.panic, metrics.restarts.escalated), (2, 1));
        assert_eq!(metrics.unaccounted(), 0);

        // By hand it starts again, with a clean record.
        assert!(world.root.restart("probe"));
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 4));
        poison(&handle, 1).await;
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 5));
        world.root.shutdown().await;
    });
}

#[test]
fn messages_that_wait_when_it_is_given_up_release_their_callers() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        // It never comes to handling them.
        seen.bad_starts.store(usize::MAX, Ordering::SeqCst);
        let handle = world.start::<Probe<Frail>>("probe", Arc::clone(&seen));
        let answer = handle.ask(Count {}, PATIENCE).await;
        assert!(
            matches!(answer, Err(AskError::Restarted | AskError::Down(_))),
            "{answer:?}"
        );
        until("it has failed", || handle.health() == Health::Failed).await;
        assert_eq!(seen.started.load(Ordering::SeqCst), 3);
        assert_eq!(handle.metrics().unaccounted(), 0);
        world.root.shutdown().await;
    });
}

#[test]
fn a_hang_loop_is_given_up_as_well() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Frail>>("probe", Arc::clone(&seen));
        for number in 0..3 {
            let stuck = handle.ask(Block { number }, PATIENCE).await;
            assert!(matches!(stuck, Err(AskError::Restarted)), "{stuck:?}");
        }
        until("it has failed", || handle.health() == Health::Failed).await;
        assert!(matches!(handle.ask(Count {}, PATIENCE).await, Err(AskError::Down(_))));
        let metrics = handle.metrics();
        assert_eq!((metrics.restarts.hang, metrics.counts.fenced), (2, 3));
        seen.open_gate();
        world.root.shutdown().await;
    });
}

struct Cooling;

impl Profile for Cooling {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            max_restarts: 1,
            on_exhausted: Exhausted::CoolDown(Duration::from_millis(150)),
            ..Hardy::policy()
        }
    }
}

#[test]
fn a_cooling_component_refuses_and_then_comes_back() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Cooling>>("probe", Arc::default());
        poison(&handle, 2).await;
        until("it cools", || handle.health() == Health::Failed).await;
        assert!(matches!(handle.tell(Count {}), Err(SendError::Down(_))));
        until("it is back", || handle.health() == Health::Running).await;
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 3));
        world.root.shutdown().await;
    });
}

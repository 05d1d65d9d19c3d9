//! A component that is drained finishes what it has and takes no more.

use std::sync::Arc;
use std::time::Duration;

use super::probe::{Block, Boom, Count, GoodTask, Hardy, Note, Probe, Profile, Seen};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{AskError, Health, RestartPolicy, SendError};

/// Blocks without being taken for hung.
struct Patient;

impl Profile for Patient {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            hang_after: Duration::from_secs(60),
            ..Hardy::policy()
        }
    }
}

#[test]
fn a_drained_component_finishes_its_queue_and_refuses_more_until_it_is_let_go() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Patient>>("probe", Arc::clone(&seen));
        handle.tell(Block { number: 0 }).unwrap();
        until("it blocks", || handle.metrics().handling == Some("Block")).await;
        for number in 1..=10 {
            handle.tell(Note { number }).unwrap();
            if number == 5 {
                // A restart loses none, and does not open the gate.
                handle.tell(Boom {}).unwrap();
            }
        }
        let root = world.root.clone();
        let draining = tokio::spawn(async move { root.drain("probe", PATIENCE).await });
        until("it drains", || handle.metrics().draining).await;
        until("it refuses", || {
            matches!(handle.tell(Count {}), Err(SendError::Down(_)))
        })
        .await;
        assert!(matches!(handle.ask(Count {}, PATIENCE).await, Err(AskError::Down(_))));
        assert!(!draining.is_finished());
        seen.open_gate();
        assert_eq!(draining.await.unwrap(), Some(true));
        assert_eq!(*lock(&seen.notes), (0..=10).collect::<Vec<_>>());
        // It lives, it only takes nothing.
        assert_eq!((handle.health(), handle.metrics().incarnation), (Health::Running, 2));
        assert!(matches!(handle.tell(Count {}), Err(SendError::Down(_))));
        assert!(world.root.restart("probe"));
        until("it is restarted", || {
            handle.metrics().incarnation == 3 && handle.health() == Health::Running
        })
        .await;
        assert!(matches!(handle.tell(Count {}), Err(SendError::Down(_))));

        assert!(world.root.undrain("probe"));
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 3));
        assert!(!handle.metrics().draining);
        assert_eq!(handle.metrics().unaccounted(), 0);
        assert_eq!(world.root.drain("nobody", PATIENCE).await, None);
        assert!(!world.root.undrain("nobody"));
        world.root.shutdown().await;
    });
}

#[test]
fn draining_ends_at_its_deadline_and_own_tasks_are_still_heard() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Patient>>("probe", Arc::clone(&seen));
        handle.tell(Block { number: 0 }).unwrap();
        handle.tell(GoodTask {}).unwrap();
        assert_eq!(world.root.drain("probe", Duration::from_millis(50)).await, Some(false));
        seen.open_gate();
        until("the task's end is heard", || lock(&seen.tasks_ended).len() == 1).await;
        world.root.shutdown().await;
    });
}

//! The mailbox is bounded, whoever sends.

use std::sync::Arc;
use std::time::Duration;

use super::probe::{Block, Count, Hardy, Note, Probe, Profile, Seen};
use super::world::{PATIENCE, World, test, until};
use crate::{RestartPolicy, SendError};

struct Small;

impl Profile for Small {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            capacity: 100,
            hang_after: Duration::from_secs(60),
            stall_after: Duration::from_secs(60),
            ..Hardy::policy()
        }
    }
}

#[test]
fn the_bound_holds_under_many_clones_and_what_is_refused_is_handed_back() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Small>>("probe", Arc::clone(&seen));
        handle.tell(Block { number: u64::MAX }).unwrap();
        until("it blocks", || handle.metrics().handling == Some("Block")).await;

        let senders = (0..64_u64).map(|sender| {
            let handle = handle.clone();
            tokio::spawn(async move {
                let mut accepted = 0;
                for n in 0..50 {
                    let number = sender * 50 + n;
                    match handle.clone().tell(Note { number }) {
                        Ok(()) => accepted += 1,
                        Err(SendError::Full(note)) => assert_eq!(note.number, number),
                        Err(SendError::Down(_)) => panic!("down"),
                    }
                }
                accepted
            })
        });
        let accepted: u64 = futures::future::join_all(senders)
            .await
            .into_iter()
            .map(Result::unwrap)
            .sum();
        assert_eq!(accepted, 100);
        let metrics = handle.metrics();
        assert_eq!((metrics.depth, metrics.depth_peak), (100, 100));
        assert_eq!(metrics.counts.rejected, 64 * 50 - 100);

        seen.open_gate();
        until("they are handled", || handle.metrics().counts.handled == 101).await;
        handle.ask(Count {}, PATIENCE).await.unwrap();
        assert_eq!(handle.metrics().unaccounted(), 0);
        world.root.shutdown().await;
    });
}

#[test]
fn a_port_sends_without_naming_the_component() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::default());
        let port = handle.port::<Count>();
        port.tell(Count {}).unwrap();
        assert_eq!(port.clone().ask(Count {}, PATIENCE).await.unwrap(), (2, 1));
        assert_eq!(port.id(), "probe");
        assert!(world.root.get::<Probe<Hardy>>("probe").is_some());
        assert!(world.root.get::<Probe<Small>>("probe").is_none());
        world.root.shutdown().await;
        assert!(matches!(port.tell(Count {}), Err(SendError::Down(_))));
    });
}

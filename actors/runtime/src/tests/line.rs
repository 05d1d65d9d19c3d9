//! Senders that wait for room.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::probe::{Block, Count, Hardy, Note, Probe, Profile, Seen};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{Component, Exhausted, Handle, RestartPolicy, SendError};

/// Room for one, and no hang.
struct Narrow;

impl Profile for Narrow {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            capacity: 1,
            hang_after: Duration::from_secs(60),
            stall_after: Duration::from_secs(60),
            ..Hardy::policy()
        }
    }
}

/// The same, but a hang is noticed soon, and is one too many.
struct Mortal;

impl Profile for Mortal {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            capacity: 1,
            max_restarts: 0,
            on_exhausted: Exhausted::FailComponent,
            ..Hardy::policy()
        }
    }
}

/// The same, but it is replaced.
struct Phoenix;

impl Profile for Phoenix {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            capacity: 1,
            ..Hardy::policy()
        }
    }
}

type Sending = JoinHandle<Result<(), SendError<Note>>>;

/// A component that blocks with note 1 in its mailbox and 2, 3, .. in line for room, in this order.
async fn crowd<P: Profile>(handle: &Handle<Probe<P>>, in_line: u64) -> Vec<Sending> {
    handle.tell(Block { number: 0 }).unwrap();
    until("it blocks", || handle.metrics().handling == Some("Block")).await;
    handle.tell_wait(Note { number: 1 }).await.unwrap();
    let mut sending = Vec::new();
    for number in 2..2 + in_line {
        let to = handle.clone();
        sending.push(tokio::spawn(async move { to.tell_wait(Note { number }).await }));
        until("it is in line", || handle.metrics().waiting == sending.len()).await;
    }
    assert!(matches!(handle.tell(Note { number: 99 }), Err(SendError::Full(_))));
    assert_eq!(handle.metrics().unaccounted(), 0);
    sending
}

async fn quiet<A: Component>(handle: &Handle<A>) {
    until("it is quiet", || {
        let metrics = handle.metrics();
        (metrics.depth, metrics.waiting, metrics.unaccounted()) == (0, 0, 0)
    })
    .await;
}

#[test]
fn who_waits_for_room_is_let_in_when_there_is_some_in_the_order_of_coming() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Narrow>>("probe", Arc::clone(&seen));
        let sending = crowd(&handle, 20).await;
        seen.open_gate();
        for sent in sending {
            sent.await.unwrap().unwrap();
        }
        quiet(&handle).await;
        assert_eq!(*lock(&seen.notes), (0..22).collect::<Vec<_>>());
        let metrics = handle.metrics();
        assert_eq!((metrics.depth_peak, metrics.counts.rejected), (1, 1));
        assert_eq!((metrics.counts.sent, metrics.counts.handled), (23, 22));
        world.root.shutdown().await;
    });
}

#[test]
fn a_sender_much_faster_than_the_component_loses_nothing() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Narrow>>("probe", Arc::clone(&seen));
        let senders = (0..4_u64).map(|sender| {
            let port = handle.port::<Note>();
            tokio::spawn(async move {
                for n in 0..2_000 {
                    port.tell_wait(Note { number: n * 4 + sender }).await.unwrap();
                }
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            sender.await.unwrap();
        }
        quiet(&handle).await;
        let mut notes = lock(&seen.notes).clone();
        // Each sender's in its order.
        for sender in 0..4 {
            assert!(notes.iter().filter(|n| **n % 4 == sender).is_sorted());
        }
        notes.sort_unstable();
        assert_eq!(notes, (0..8_000).collect::<Vec<_>>());
        assert_eq!(handle.metrics().depth_peak, 1);
        world.root.shutdown().await;
    });
}

#[test]
fn who_gives_up_leaves_the_line_and_its_message_is_not_sent() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Narrow>>("probe", Arc::clone(&seen));
        let sending = crowd(&handle, 3).await;
        sending[0].abort();
        until("one has left", || handle.metrics().waiting == 2).await;
        let brief = handle.tell_wait(Note { number: 98 });
        assert!(tokio::time::timeout(Duration::from_millis(20), brief).await.is_err());
        seen.open_gate();
        quiet(&handle).await;
        assert_eq!(*lock(&seen.notes), [0, 1, 3, 4]);
        assert_eq!(handle.metrics().counts.cancelled, 2);
        world.root.shutdown().await;
    });
}

#[test]
fn the_line_outlives_a_hang() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Phoenix>>("probe", Arc::clone(&seen));
        for sent in crowd(&handle, 3).await {
            sent.await.unwrap().unwrap();
        }
        quiet(&handle).await;
        assert_eq!(*lock(&seen.notes), [1, 2, 3, 4]);
        assert_eq!(handle.metrics().incarnation, 2);
        seen.open_gate();
        world.root.shutdown().await;
    });
}

#[test]
fn who_waits_gets_its_message_back_when_the_component_goes_down() {
    test(async {
        let world = World::new();
        let failing = Arc::<Seen>::default();
        let fails = world.start::<Probe<Mortal>>("fails", Arc::clone(&failing));
        let retiring = Arc::<Seen>::default();
        let retires = world.start::<Probe<Narrow>>("retires", Arc::clone(&retiring));
        let mut sending = crowd(&fails, 3).await;
        sending.extend(crowd(&retires, 3).await);
        let root = world.root.clone();
        let retirement = tokio::spawn(async move { root.drain("retires", PATIENCE).await });
        let mut numbers = Vec::new();
        for sent in sending {
            match tokio::time::timeout(PATIENCE, sent).await.unwrap().unwrap() {
                Err(SendError::Down(note)) => numbers.push(note.number),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(numbers, [2, 3, 4, 2, 3, 4]);
        assert!(matches!(
            fails.tell_wait(Count {}).await,
            Err(SendError::Down(Count {}))
        ));
        retiring.open_gate();
        failing.open_gate();
        assert_eq!(retirement.await.unwrap(), Some(true));
        quiet(&fails).await;
        quiet(&retires).await;
        world.root.shutdown().await;
    });
}

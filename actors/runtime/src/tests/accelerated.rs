//! The schedules of the supervision with the limits that programs use, in accelerated time.

use std::sync::Arc;
use std::time::Duration;

use super::probe::{Block, Boom, Count, Note, NoteByTheClock, Probe, Profile, Seen, WaitForever};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{AskError, Component, Handle, Health, ManualClock, Overall, RestartPolicy, SendError};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What programs use, with waits that can be foretold.
struct Stock;

impl Profile for Stock {
    fn policy() -> RestartPolicy {
        let mut policy = RestartPolicy::default();
        policy.backoff.randomization_factor = 0.0;
        policy
    }
}

/// The same for components that do something while the clock flies: then any work looks long.
struct Unhurried;

impl Profile for Unhurried {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            hang_after: MINUTE * 60,
            ..Stock::policy()
        }
    }
}

/// Waits until the component backs off and its wait is known to the clock, which the watchdog waits by as well.
async fn backs_off<A: Component>(clock: &ManualClock, handle: &Handle<A>) {
    until("it backs off", || {
        handle.health() == Health::BackingOff && clock.waiting() == 2
    })
    .await;
}

async fn runs<A: Component>(handle: &Handle<A>) {
    until("it runs", || handle.health() == Health::Running).await;
}

#[test]
fn a_crash_loop_waits_longer_each_time_is_given_up_cools_down_and_is_forgiven() {
    test(async {
        let clock = ManualClock::new();
        let world = World::with_clock(&clock);
        let handle = world.start::<Probe<Unhurried>>("probe", Arc::default());
        // The first restart is at once, without any time passing.
        handle.tell(Boom {}).unwrap();
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
        for wait in [10, 20, 40, 80] {
            handle.tell(Boom {}).unwrap();
            backs_off(&clock, &handle).await;
            clock.advance(MS * wait - MS);
            assert_eq!(handle.health(), Health::BackingOff);
            assert_eq!(clock.waiting(), 2, "it waits less than {wait} ms");
            clock.advance(MS);
            runs(&handle).await;
        }
        handle.tell(Boom {}).unwrap();
        until("it is given up", || {
            handle.health() == Health::Failed && clock.waiting() == 2
        })
        .await;
        assert!(matches!(handle.tell(Count {}), Err(SendError::Down(_))));
        let escalation = handle.metrics().escalation.unwrap();
        assert!(
            escalation.cools_down && escalation.reason.contains("told to panic"),
            "{escalation:?}"
        );

        clock.advance(SECOND * 30 - MS);
        assert_eq!((handle.health(), clock.waiting()), (Health::Failed, 2));
        clock.advance(MS);
        runs(&handle).await;
        assert_eq!(handle.metrics().escalation, None);
        assert_eq!(world.root.overall(), Overall::Healthy);

        // With a clean record, and again after a minute without a fault.
        for _ in 0..2 {
            let incarnation = handle.metrics().incarnation;
            handle.tell(Boom {}).unwrap();
            assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, incarnation + 1));
            clock.advance(SECOND * 60);
        }
        world.root.shutdown().await;
    });
}

#[test]
fn a_hang_loop_waits_longer_each_time_and_is_given_up() {
    test(async {
        let clock = ManualClock::new();
        let world = World::with_clock(&clock);
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Stock>>("probe", Arc::clone(&seen));
        for (hangs, wait) in [0, 10, 20, 40, 80].into_iter().enumerate() {
            runs(&handle).await;
            handle.tell(Block { number: 1 }).unwrap();
            until("it blocks", || handle.metrics().handling == Some("Block")).await;
            clock.advance(SECOND * 5 - MS * 100);
            assert_eq!(handle.metrics().restarts.hang, hangs as u64, "it was found too early");
            assert!(handle.metrics().current.unwrap().age_ns >= 4_900_000_000);
            while handle.metrics().restarts.hang == hangs as u64 {
                clock.advance(MS);
            }
            if wait > 0 {
                backs_off(&clock, &handle).await;
                clock.advance(MS * wait - MS);
                assert_eq!((handle.health(), clock.waiting()), (Health::BackingOff, 2));
                clock.advance(MS);
            }
        }
        runs(&handle).await;
        handle.tell(Block { number: 1 }).unwrap();
        until("it blocks", || handle.metrics().handling == Some("Block")).await;
        clock.advance(SECOND * 6);
        let metrics = handle.metrics();
        assert_eq!(metrics.health, Health::Failed);
        assert_eq!((metrics.restarts.hang, metrics.restarts.escalated), (5, 1));
        let reason = metrics.escalation.unwrap().reason;
        assert!(reason.contains("while handling Block"), "{reason}");
        seen.open_gate();
        world.root.shutdown().await;
    });
}

#[test]
fn a_stall_of_half_a_minute_is_repaired() {
    test(async {
        let clock = ManualClock::new();
        let world = World::with_clock(&clock);
        let handle = world.start::<Probe<Unhurried>>("probe", Arc::default());
        handle.ask(WaitForever {}, MINUTE).await.unwrap();
        handle.tell(Count {}).unwrap();
        clock.advance(SECOND * 29);
        assert_eq!(handle.metrics().restarts.total(), 0);
        clock.advance(SECOND * 2);
        until("the message was handled", || handle.metrics().counts.handled == 2).await;
        assert_eq!(handle.metrics().restarts.stalled, 1);
        world.root.shutdown().await;
    });
}

#[test]
fn deadlines_of_questions_and_a_components_own_schedules_go_by_the_clock() {
    test(async {
        let clock = ManualClock::new();
        let world = World::with_clock(&clock);
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Unhurried>>("probe", Arc::clone(&seen));
        let after = MINUTE * 23;
        handle.ask(NoteByTheClock { number: 7, after }, MINUTE).await.unwrap();
        handle.tell(Block { number: 1 }).unwrap();
        until("it blocks", || handle.metrics().handling == Some("Block")).await;
        let asking = handle.clone();
        let asking = tokio::spawn(async move { asking.ask(Note { number: 2 }, MINUTE).await });
        // The watchdog, the schedule and the deadline.
        until("all wait", || clock.waiting() == 3).await;
        clock.advance(MINUTE);
        assert!(matches!(asking.await.unwrap(), Err(AskError::DeadlinePassed)));
        seen.open_gate();
        until("it has gone on", || handle.metrics().depth == 0).await;
        assert_eq!(*lock(&seen.notes), [1]);
        clock.advance(MINUTE * 22);
        until("it is noted", || *lock(&seen.notes) == [1, 7]).await;
        world.root.shutdown().await;
    });
}

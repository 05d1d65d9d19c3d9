//! Every message is accounted for exactly once, and the figures can be read by machines.

use std::sync::Arc;
use std::time::Duration;

use super::probe::{Block, Boom, Count, GoodTask, Hardy, Labour, Note, Probe, Profile, Seen};
use super::world::{PATIENCE, World, test, until};
use crate::{AskError, Counts, Exhausted, Handle, Health, RestartPolicy, SendError};

#[test]
fn a_question_whose_deadline_passed_before_it_was_begun_is_not_begun() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::default());
        let time = Duration::from_millis(200);
        handle.tell(Labour { time }).unwrap();
        let late = handle.ask(Note { number: 1 }, Duration::from_millis(20)).await;
        assert!(matches!(late, Err(AskError::DeadlinePassed)));
        handle.ask(Count {}, PATIENCE).await.unwrap();
        let metrics = handle.metrics();
        assert_eq!((metrics.counts.cancelled, metrics.counts.handled), (1, 2));
        assert_eq!(metrics.unaccounted(), 0);
        world.root.shutdown().await;
    });
}

#[test]
fn the_figures_add_up_per_message_and_in_total() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::default());
        for number in 0..10 {
            handle.tell(Note { number }).unwrap();
        }
        handle.tell(Boom {}).unwrap();
        handle.ask(Count {}, PATIENCE).await.unwrap();
        until("it is quiet", || handle.metrics().unaccounted() == 0).await;
        let [(id, health, metrics)] = &world.root.snapshot()[..] else {
            panic!("one component");
        };
        assert_eq!((id.as_str(), *health), ("probe", metrics.health));
        assert_eq!(
            (metrics.counts.sent, metrics.counts.handled, metrics.counts.lost),
            (12, 11, 1)
        );
        let notes = metrics.messages.iter().find(|m| m.message == "Note").unwrap();
        assert_eq!((notes.counts.handled, notes.run.count, notes.wait.count), (10, 10, 10));
        // A message that panicked has waited but has not run to its end.
        assert_eq!((metrics.wait.count, metrics.run.count), (12, 11));
        assert_eq!(metrics.wait.buckets.iter().sum::<u64>(), 12);
        assert!(metrics.last_fault.as_ref().unwrap().contains("while handling Boom"));

        let json = serde_json::to_value(metrics).unwrap();
        assert_eq!(json["component"], "Probe");
        assert_eq!(json["health"], "running");
        assert_eq!(json["counts"]["handled"], 11);
        world.root.shutdown().await;
    });
}

/// Room for four, two restarts, then down for good.
struct Mortal;

impl Profile for Mortal {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            capacity: 4,
            max_restarts: 2,
            on_exhausted: Exhausted::FailComponent,
            ..Hardy::policy()
        }
    }
}

async fn occupied(handle: &Handle<Probe<Mortal>>) {
    let time = Duration::from_millis(500);
    handle.tell(Labour { time }).unwrap();
    until("it is at work", || handle.metrics().handling == Some("Labour")).await;
}

#[test]
fn every_outcome_at_once_adds_up() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Mortal>>("probe", Arc::clone(&seen));
        let note = |number| Note { number };

        // Cancelled: a question whose asker has gone, and a sender that gave up its place in line. Rejected: one too many.
        occupied(&handle).await;
        let late = handle.ask(note(1), Duration::from_millis(1)).await;
        assert!(matches!(late, Err(AskError::DeadlinePassed)));
        for number in 2..5 {
            handle.tell(note(number)).unwrap();
        }
        let brief = handle.tell_wait(note(5));
        assert!(tokio::time::timeout(Duration::from_millis(1), brief).await.is_err());
        assert!(matches!(handle.tell(note(6)), Err(SendError::Full(_))));
        // Lost: its handler panicked.
        until("there is room", || handle.metrics().depth == 0).await;
        assert!(matches!(handle.ask(Boom {}, PATIENCE).await, Err(AskError::Restarted)));

        // Fenced: the message that hung, and the word of a task's end for the incarnation that is gone.
        handle.tell(GoodTask {}).unwrap();
        handle.tell(Block { number: 7 }).unwrap();
        handle.ask(Count {}, PATIENCE).await.unwrap();

        // Lost: those that waited when the component was given up. Rejected: one that came afterwards.
        occupied(&handle).await;
        handle.tell(Boom {}).unwrap();
        for number in 8..11 {
            handle.tell(note(number)).unwrap();
        }
        until("it has failed", || handle.health() == Health::Failed).await;
        assert!(matches!(handle.tell(note(11)), Err(SendError::Down(_))));
        seen.open_gate();
        until("all is counted", || handle.metrics().unaccounted() == 0).await;

        let metrics = handle.metrics();
        assert_eq!(
            metrics.counts,
            Counts {
                // Two pieces of work, notes 2 to 4, the start of a task, the last question.
                handled: 7,
                rejected: 2,
                lost: 5,
                fenced: 2,
                cancelled: 2,
                sent: 18,
            }
        );
        let mut sum = Counts::default();
        for message in &metrics.messages {
            assert_eq!(message.counts.sent, message.counts.settled(), "{}", message.message);
            sum.add(&message.counts);
        }
        assert_eq!(sum, metrics.counts);
        let notes = metrics.messages.iter().find(|m| m.message == "Note").unwrap();
        assert_eq!(
            (
                notes.counts.handled,
                notes.counts.rejected,
                notes.counts.lost,
                notes.counts.cancelled
            ),
            (3, 2, 3, 2)
        );
        world.root.shutdown().await;
    });
}

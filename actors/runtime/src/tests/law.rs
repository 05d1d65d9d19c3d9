//! Every message is accounted for exactly once, and the figures can be read by machines.

use std::sync::Arc;
use std::time::Duration;

use super::probe::{Boom, Count, Hardy, Labour, Note, Probe};
use super::world::{PATIENCE, World, test, until};
use crate::AskError;

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

//! A component whose thread is alive but that takes no messages is rebuilt in place.

use std::sync::Arc;

use super::probe::{Count, Hardy, Probe, WaitForever};
use super::world::{PATIENCE, World, test};
use crate::Event;

#[test]
fn a_stall_is_repaired_in_place_and_what_waits_is_handled() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::default());
        handle.ask(WaitForever {}, PATIENCE).await.unwrap();
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
        let metrics = handle.metrics();
        assert_eq!((metrics.restarts.stalled, metrics.counts.lost), (1, 0));
        assert_eq!(world.events.count(|e| matches!(e, Event::Unresponsive { .. })), 1);
        world.root.shutdown().await;
    });
}

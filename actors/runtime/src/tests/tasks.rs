//! Tasks of a component end with it, and their end is a message.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::probe::{BadTask, Boom, Count, EndlessTask, GoodTask, Hardy, PoliteTasks, Probe, Seen};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;

#[test]
fn the_end_of_a_task_and_its_panic_come_back_as_messages() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        handle.ask(GoodTask {}, PATIENCE).await.unwrap();
        until("one ended", || lock(&seen.tasks_ended).len() == 1).await;
        handle.ask(BadTask {}, PATIENCE).await.unwrap();
        until("two ended", || lock(&seen.tasks_ended).len() == 2).await;
        let ended = lock(&seen.tasks_ended).clone();
        assert_eq!((ended[0].name, ended[0].outcome.is_ok()), ("good", true));
        let panic = ended[1].outcome.as_ref().unwrap_err();
        assert_eq!(
            (ended[1].name, panic.message.as_str()),
            ("bad", "told to panic in a task")
        );
        // The component itself has nothing to do with it.
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 1));
        let metrics = handle.metrics();
        assert_eq!((metrics.task_panics, metrics.tasks, metrics.unaccounted()), (1, 0, 0));
        world.root.shutdown().await;
    });
}

#[test]
fn tasks_end_with_the_incarnation_that_started_them() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        handle.ask(EndlessTask {}, PATIENCE).await.unwrap();
        handle.ask(PoliteTasks {}, PATIENCE).await.unwrap();
        assert_eq!(handle.metrics().tasks, 3);
        handle.tell(Boom {}).unwrap();
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
        until("all have ended", || seen.task_drops.load(Ordering::SeqCst) == 3).await;
        assert_eq!(handle.metrics().tasks, 0);
        // The new incarnation does not hear of them.
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (2, 2));
        assert!(lock(&seen.tasks_ended).is_empty());
        world.root.shutdown().await;
    });
}

//! Who shares a failed component's fate.

use std::sync::Arc;

use super::probe::{Boom, Count, Hardy, Probe};
use super::world::{PATIENCE, World, test, until};
use crate::Strategy;

async fn incarnations_after_the_second_fails(strategy: Strategy) -> [u64; 3] {
    let world = World::with(strategy);
    let handles = ["a", "b", "c"].map(|id| world.start::<Probe<Hardy>>(id, Arc::default()));
    for handle in &handles {
        handle.ask(Count {}, PATIENCE).await.unwrap();
    }
    handles[1].tell(Boom {}).unwrap();
    until("b is back", || handles[1].metrics().incarnation == 2).await;
    let mut incarnations = [0; 3];
    for (handle, incarnation) in handles.iter().zip(&mut incarnations) {
        // The answer comes after a restart that was asked for before.
        *incarnation = handle.ask(Count {}, PATIENCE).await.unwrap().1;
    }
    world.root.shutdown().await;
    incarnations
}

#[test]
fn one_for_one_restarts_only_the_failed() {
    test(async {
        assert_eq!(
            incarnations_after_the_second_fails(Strategy::OneForOne).await,
            [1, 2, 1]
        );
    });
}

#[test]
fn rest_for_one_restarts_those_started_after_it_too() {
    test(async {
        assert_eq!(
            incarnations_after_the_second_fails(Strategy::RestForOne).await,
            [1, 2, 2]
        );
    });
}

#[test]
fn one_for_all_restarts_all() {
    test(async {
        assert_eq!(
            incarnations_after_the_second_fails(Strategy::OneForAll).await,
            [2, 2, 2]
        );
    });
}

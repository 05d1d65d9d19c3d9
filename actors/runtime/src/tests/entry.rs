//! The way in from `main`.

use std::sync::Arc;

use super::probe::{Count, Hardy, Probe};
use super::world::PATIENCE;
use crate::{Placement, Root, Strategy, TracingEvents, dataplane, run};

#[test]
fn a_program_runs_with_two_roots_and_returns_its_exit_code() {
    let code = run(|agent| async move {
        let factory = Root::start(dataplane().unwrap(), Strategy::OneForOne, TracingEvents);
        let deps = Arc::default;
        let one = agent.supervise::<Probe<Hardy>>("probe", deps(), Placement::OwnThread);
        let two = factory.supervise::<Probe<Hardy>>("probe", deps(), Placement::OwnThread);
        // Handles work from any task, on any thread.
        let answers = tokio::spawn(async move {
            let one = one.ask(Count {}, PATIENCE).await.unwrap();
            let two = two.ask(Count {}, PATIENCE).await.unwrap();
            (one, two)
        });
        assert_eq!(answers.await.unwrap(), ((1, 1), (1, 1)));
        assert!(factory.shutdown().await.iter().all(|(_, _, in_order)| *in_order));
        42
    });
    assert_eq!(code, 42);
}

#[test]
fn a_second_program_can_run_after_the_first() {
    for wanted in [0, 7] {
        let code = run(|root| async move {
            let probe = root.supervise::<Probe<Hardy>>("probe", Arc::default(), Placement::Shared("s"));
            probe.ask(Count {}, PATIENCE).await.unwrap();
            wanted
        });
        assert_eq!(code, wanted);
    }
}

//! What happens to the process: each test runs itself again as a process of its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::child::in_a_process;
use super::probe::{Block, Boom, Count, Hardy, Probe, Profile, Seen, StopYourself, StuckBlockingTask};
use super::world::PATIENCE;
use crate::{AskError, Exhausted, Placement, RestartPolicy, run};

#[test]
fn a_panicking_drop_after_a_panic_does_not_abort() {
    let ended = in_a_process("process::a_panicking_drop_after_a_panic_does_not_abort", || {
        run(|root| async move {
            let seen = Arc::<Seen>::default();
            seen.bad_drop.store(true, Ordering::SeqCst);
            let probe = root.supervise::<Probe<Hardy>>("probe", Arc::clone(&seen), Placement::OwnThread);
            let poison = probe.ask(Boom {}, PATIENCE).await;
            assert!(matches!(poison, Err(AskError::Restarted)));
            assert_eq!(probe.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
            i32::try_from(seen.dropped.load(Ordering::SeqCst)).unwrap()
        })
    });
    assert_eq!(ended.code, 1);
}

#[test]
fn a_panicking_stopped_does_not_abort_neither_after_a_panic_nor_otherwise() {
    let ended = in_a_process(
        "process::a_panicking_stopped_does_not_abort_neither_after_a_panic_nor_otherwise",
        || {
            run(|root| async move {
                let seen = Arc::<Seen>::default();
                seen.bad_stopped.store(true, Ordering::SeqCst);
                seen.bad_drop.store(true, Ordering::SeqCst);
                let probe = root.supervise::<Probe<Hardy>>("probe", Arc::clone(&seen), Placement::OwnThread);
                let poison = probe.ask(Boom {}, PATIENCE).await;
                assert!(matches!(poison, Err(AskError::Restarted)));
                assert_eq!(probe.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
                // Here `stopped` runs, and panics, and then so does the drop.
                probe.ask(StopYourself {}, PATIENCE).await.unwrap();
                let (count, incarnation) = probe.ask(Count {}, PATIENCE).await.unwrap();
                assert_eq!((count, incarnation), (1, 3));
                assert_eq!(seen.stopped.load(Ordering::SeqCst), 1);
                root.shutdown().await;
                assert_eq!(
                    (seen.stopped.load(Ordering::SeqCst), seen.dropped.load(Ordering::SeqCst)),
                    (2, 3)
                );
                6
            })
        },
    );
    assert_eq!(ended.code, 6, "{}", ended.stderr);
}

#[test]
fn the_process_ends_although_a_blocking_task_never_does() {
    let ended = in_a_process("process::the_process_ends_although_a_blocking_task_never_does", || {
        run(|root| async move {
            let probe = root.supervise::<Probe<Brisk>>("probe", Arc::default(), Placement::OwnThread);
            probe.ask(StuckBlockingTask {}, PATIENCE).await.unwrap();
            8
        })
    });
    assert_eq!(ended.code, 8, "{}", ended.stderr);
}

struct Brisk;

impl Profile for Brisk {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            shutdown: Duration::from_millis(100),
            ..Hardy::policy()
        }
    }
}

#[test]
fn the_process_ends_although_a_thread_hangs() {
    let ended = in_a_process("process::the_process_ends_although_a_thread_hangs", || {
        run(|root| async move {
            let probe = root.supervise::<Probe<Hardy>>("probe", Arc::default(), Placement::OwnThread);
            let stuck = probe.ask(Block { number: 1 }, PATIENCE).await;
            assert!(matches!(stuck, Err(AskError::Restarted)));
            assert_eq!(probe.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
            5
        })
    });
    assert_eq!(ended.code, 5);
}

#[test]
fn too_many_hung_threads_end_the_process() {
    let ended = in_a_process("process::too_many_hung_threads_end_the_process", || {
        run(|root| async move {
            let probe = root.supervise::<Probe<Hardy>>("probe", Arc::default(), Placement::OwnThread);
            for number in 0..10 {
                let _ = probe.ask(Block { number }, PATIENCE).await;
            }
            0
        })
    });
    assert_eq!(ended.code, crate::EXIT_HUNG_THREADS);
}

struct Vital;

impl Profile for Vital {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            max_restarts: 1,
            on_exhausted: Exhausted::ExitProcess(9),
            ..Hardy::policy()
        }
    }
}

#[test]
fn a_component_without_which_nothing_works_ends_the_process() {
    let ended = in_a_process(
        "process::a_component_without_which_nothing_works_ends_the_process",
        || {
            run(|root| async move {
                let probe = root.supervise::<Probe<Vital>>("probe", Arc::default(), Placement::OwnThread);
                for _ in 0..2 {
                    let _ = probe.ask(Boom {}, PATIENCE).await;
                }
                tokio::time::sleep(Duration::from_secs(60)).await;
                0
            })
        },
    );
    assert_eq!(ended.code, 9);
}

#[cfg(unix)]
#[test]
fn a_program_hears_that_it_shall_stop() {
    let ended = in_a_process("process::a_program_hears_that_it_shall_stop", || {
        run(|_root| async move {
            let kill = async {
                super::child::signal("-TERM", std::process::id());
            };
            // In this order: the signal is watched before it is sent.
            let (signal, ()) = tokio::join!(biased; crate::stop_signal(), kill);
            if signal == "SIGTERM" { 3 } else { 4 }
        })
    });
    assert_eq!(ended.code, 3);
}

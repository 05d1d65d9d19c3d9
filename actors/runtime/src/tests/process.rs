//! What happens to the process: each test runs itself again as a process of its own.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::probe::{Block, Boom, Count, Hardy, Probe, Profile, Seen};
use super::world::{PATIENCE, hush};
use crate::{AskError, Exhausted, Placement, RestartPolicy, run};

/// Set in the process that a test starts.
const CHILD: &str = "SLUICE_RUNTIME_TEST_CHILD";

/// Runs `body` in a process of its own, which is this test over again, and returns its exit code. Fails when
/// the process was ended by a signal, such as that of an abort.
fn in_a_process(test: &str, body: impl FnOnce() -> i32) -> Option<i32> {
    if std::env::var_os(CHILD).is_some() {
        hush();
        std::process::exit(body());
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("tests::process::{test}"), "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some(), "ended by a signal: {errors}");
    output.status.code()
}

#[test]
fn a_panicking_drop_after_a_panic_does_not_abort() {
    let code = in_a_process("a_panicking_drop_after_a_panic_does_not_abort", || {
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
    assert_eq!(code, Some(1));
}

#[test]
fn the_process_ends_although_a_thread_hangs() {
    let code = in_a_process("the_process_ends_although_a_thread_hangs", || {
        run(|root| async move {
            let probe = root.supervise::<Probe<Hardy>>("probe", Arc::default(), Placement::OwnThread);
            let stuck = probe.ask(Block { number: 1 }, PATIENCE).await;
            assert!(matches!(stuck, Err(AskError::Restarted)));
            assert_eq!(probe.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
            5
        })
    });
    assert_eq!(code, Some(5));
}

#[test]
fn too_many_hung_threads_end_the_process() {
    let code = in_a_process("too_many_hung_threads_end_the_process", || {
        run(|root| async move {
            let probe = root.supervise::<Probe<Hardy>>("probe", Arc::default(), Placement::OwnThread);
            for number in 0..10 {
                let _ = probe.ask(Block { number }, PATIENCE).await;
            }
            0
        })
    });
    assert_eq!(code, Some(70));
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
    let code = in_a_process("a_component_without_which_nothing_works_ends_the_process", || {
        run(|root| async move {
            let probe = root.supervise::<Probe<Vital>>("probe", Arc::default(), Placement::OwnThread);
            for _ in 0..2 {
                let _ = probe.ask(Boom {}, PATIENCE).await;
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
            0
        })
    });
    assert_eq!(code, Some(9));
}

#[cfg(unix)]
#[test]
fn a_program_hears_that_it_shall_stop() {
    let code = in_a_process("a_program_hears_that_it_shall_stop", || {
        run(|_root| async move {
            let kill = async {
                let pid = std::process::id().to_string();
                Command::new("kill").args(["-TERM", &pid]).status().unwrap()
            };
            // In this order: the signal is watched before it is sent.
            let (signal, _) = tokio::join!(biased; crate::stop_signal(), kill);
            if signal == "SIGTERM" { 3 } else { 4 }
        })
    });
    assert_eq!(code, Some(3));
}

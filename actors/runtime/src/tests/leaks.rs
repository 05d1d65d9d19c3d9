//! What a restart leaves behind: nothing. In a process of its own, since threads and memory are the process's.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::child::in_a_process;
use super::probe::{Boom, Count, EndlessTask, Hardy, PoliteTasks, Probe, Profile, Seen};
use super::world::{PATIENCE, until};
use crate::{Handle, Placement, RestartPolicy, dataplane, run};

struct Tireless;

impl Profile for Tireless {
    fn policy() -> RestartPolicy {
        let mut policy = RestartPolicy {
            max_restarts: u32::MAX,
            ..Hardy::policy()
        };
        policy.backoff.initial_interval = Duration::ZERO;
        policy.backoff.max_interval = Duration::ZERO;
        policy
    }
}

/// Hangs for longer than allowed, then its thread comes back.
struct Nap;

impl actix::Message for Nap {
    type Result = ();
}

impl actix::Handler<Nap> for Probe<Tireless> {
    type Result = ();

    fn handle(&mut self, _: Nap, _: &mut crate::Ctx<Self>) {
        std::thread::sleep(Duration::from_millis(400));
    }
}

/// What the process has.
#[derive(Clone, Copy, Debug)]
struct Holdings {
    tasks: usize,
    threads: usize,
    files: usize,
}

impl Holdings {
    fn now() -> Self {
        let threads = fs::read_dir("/proc/self/task").unwrap().filter(|thread| {
            let name = fs::read_to_string(thread.as_ref().unwrap().path().join("comm"));
            // tokio keeps threads for blocking work for a while, on purpose.
            name.is_ok_and(|name| !name.starts_with("sluice-data"))
        });
        Self {
            tasks: dataplane().unwrap().metrics().num_alive_tasks(),
            threads: threads.count(),
            files: fs::read_dir("/proc/self/fd").unwrap().count(),
        }
    }

    /// When nothing is under way: the least of a while.
    async fn at_rest() -> Self {
        let mut least = Self::now();
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let now = Self::now();
            least = Self {
                tasks: least.tasks.min(now.tasks),
                threads: least.threads.min(now.threads),
                files: least.files.min(now.files),
            };
        }
        least
    }

    /// Waits until there is no more than this.
    async fn again(&self) {
        until("nothing is left", || {
            let now = Self::now();
            now.tasks <= self.tasks && now.threads <= self.threads && now.files <= self.files
        })
        .await;
    }
}

/// Resident memory in KiB.
fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Restarts with tasks of each incarnation under way; every tenth leaves blocking work as well.
async fn restart(probe: &Handle<Probe<Tireless>>, panics: u64, hangs: u64) {
    for number in 0..panics {
        probe.ask(EndlessTask {}, PATIENCE).await.unwrap();
        if number % 10 == 0 {
            probe.ask(PoliteTasks {}, PATIENCE).await.unwrap();
        }
        probe.tell(Boom {}).unwrap();
        probe.ask(Count {}, PATIENCE).await.unwrap();
    }
    for _ in 0..hangs {
        probe.ask(EndlessTask {}, PATIENCE).await.unwrap();
        probe.tell(Nap).unwrap();
        probe.ask(Count {}, PATIENCE).await.unwrap();
    }
}

#[test]
fn a_hundred_restarts_leave_no_tasks_threads_files_or_memory_behind() {
    let name = "leaks::a_hundred_restarts_leave_no_tasks_threads_files_or_memory_behind";
    let ended = in_a_process(name, || {
        run(|root| async move {
            let seen = Arc::<Seen>::default();
            let probe = root.supervise::<Probe<Tireless>>("probe", Arc::clone(&seen), Placement::OwnThread);
            probe.ask(Count {}, PATIENCE).await.unwrap();
            let at_first = Holdings::at_rest().await;
            restart(&probe, 97, 3).await;
            at_first.again().await;
            // Every task is gone: one per restart, and two more for every tenth panic.
            assert_eq!(seen.task_drops.load(Ordering::SeqCst), 100 + 10 * 2);
            // This test's, the slot's and the component's.
            until("nobody else has it", || Arc::strong_count(&seen) == 3).await;

            // By now whatever grows only once has grown.
            restart(&probe, 1000, 0).await;
            let before = memory();
            restart(&probe, 3000, 0).await;
            at_first.again().await;
            let grown = memory().saturating_sub(before);
            assert!(grown < 1000, "{grown} KiB in 3000 restarts");
            until("nobody else has it", || Arc::strong_count(&seen) == 3).await;
            0
        })
    });
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

//! A machine that is paused, or a process that is stopped, has no hung components.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::child::{be_the_child, end, signal, start};
use super::probe::{Count, Hardy, Probe, Profile, Seen};
use super::world::PATIENCE;
use crate::{Placement, RestartPolicy, run};

const FOLDER: &str = "SLUICE_RUNTIME_TEST_FOLDER";
const ROUNDS: usize = 2;

fn wait_until_there(file: &Path) {
    let began = Instant::now();
    while !file.exists() {
        assert!(began.elapsed() < PATIENCE, "{} does not come", file.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How long a handler may take here. Generous, since this machine may have other things to do.
const HANG_AFTER: Duration = Duration::from_secs(1);

struct Patient;

impl Profile for Patient {
    fn policy() -> RestartPolicy {
        RestartPolicy {
            hang_after: HANG_AFTER,
            ..Hardy::policy()
        }
    }
}

/// Says by a file that it is at work, and works until another file is there. No sign of life meanwhile.
struct Work {
    folder: PathBuf,
    number: usize,
}

impl actix::Message for Work {
    type Result = ();
}

impl<P: Profile> actix::Handler<Work> for Probe<P> {
    type Result = ();

    fn handle(&mut self, work: Work, _: &mut crate::Ctx<Self>) {
        std::fs::write(work.folder.join(format!("busy{}", work.number)), "").unwrap();
        wait_until_there(&work.folder.join(format!("done{}", work.number)));
    }
}

/// A folder for what parent and child have to say to each other.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("sluice-runtime-freeze-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_process_that_stood_still_restarts_nobody() {
    be_the_child(|| {
        run(|root| async move {
            let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
            let at = [Placement::OwnThread, Placement::Shared("two"), Placement::Shared("two")];
            let probes = ["alone", "first", "second"]
                .into_iter()
                .zip(at)
                .map(|(id, at)| root.supervise::<Probe<Patient>>(id, Arc::<Seen>::default(), at))
                .collect::<Vec<_>>();
            // One on a thread of its own and one on the shared thread; the third waits behind the second.
            for round in 0..ROUNDS {
                let work = |number| Work {
                    folder: folder.clone(),
                    number: round * 2 + number,
                };
                let (one, two) = tokio::join!(probes[0].ask(work(0), PATIENCE), probes[1].ask(work(1), PATIENCE));
                one.unwrap();
                two.unwrap();
                probes[2].ask(Count {}, PATIENCE).await.unwrap();
            }
            let restarts: u64 = probes.iter().map(|probe| probe.metrics().restarts.total()).sum();
            i32::try_from(restarts).unwrap()
        })
    });
    let folder = folder();
    let child = start(
        "freeze::a_process_that_stood_still_restarts_nobody",
        &[(FOLDER, folder.to_str().unwrap())],
    );
    for round in 0..ROUNDS {
        let file = |name: &str, number| folder.join(format!("{name}{}", round * 2 + number));
        for number in [0, 1] {
            wait_until_there(&file("busy", number));
        }
        // Now both are in the middle of it.
        signal("-STOP", child.id());
        std::thread::sleep(HANG_AFTER * 2);
        signal("-CONT", child.id());
        // Until the watchdog has looked at them a few times.
        std::thread::sleep(HANG_AFTER / 5);
        for number in [0, 1] {
            std::fs::write(file("done", number), "").unwrap();
        }
    }
    let ended = end(child);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    std::fs::remove_dir_all(&folder).unwrap();
}

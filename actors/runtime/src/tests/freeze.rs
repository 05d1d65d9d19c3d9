//! A machine that is paused, or a process that is stopped, has no hung components.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::child::{be_the_child, end, signal, start};
use super::probe::{Count, Hardy, Probe, Seen};
use super::world::PATIENCE;
use crate::{Placement, run};

const FILE: &str = "SLUICE_RUNTIME_TEST_FILE";

fn wait_until_there(file: &Path) {
    let began = Instant::now();
    while !file.exists() {
        assert!(began.elapsed() < PATIENCE, "{} does not come", file.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_process_that_stood_still_restarts_nobody() {
    be_the_child(|| {
        run(|root| async move {
            let file = std::env::var_os(FILE).unwrap();
            let probes = ["first", "second", "third"]
                .map(|id| root.supervise::<Probe<Hardy>>(id, Arc::<Seen>::default(), Placement::OwnThread));
            std::fs::write(&file, "up").unwrap();
            // Under way all the time, until the parent takes the file away.
            while Path::new(&file).exists() {
                for probe in &probes {
                    probe.ask(Count {}, PATIENCE).await.unwrap();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let restarts: u64 = probes.iter().map(|probe| probe.metrics().restarts.total()).sum();
            i32::try_from(restarts).unwrap()
        })
    });
    let file = std::env::temp_dir().join(format!("sluice-runtime-freeze-{}", std::process::id()));
    let child = start(
        "freeze::a_process_that_stood_still_restarts_nobody",
        &[(FILE, file.to_str().unwrap())],
    );
    wait_until_there(&file);
    for _ in 0..3 {
        signal("-STOP", child.id());
        // Longer than a hang may take.
        std::thread::sleep(Duration::from_millis(700));
        signal("-CONT", child.id());
        std::thread::sleep(Duration::from_millis(100));
    }
    std::fs::remove_file(&file).unwrap();
    let ended = end(child);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

//! The ledger after a kill, and after a power loss that cut its log.

use super::ledger::{outcome, spec};
use crate::{JobState, Ledger};
use sluice_contract::JobId;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const CHILD: &str = "SLUICE_TEST_LEDGER";

/// Not a test of its own: what the process that is killed runs. Without the variable it has nothing to do.
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let ledger = Ledger::open(Path::new(&path)).unwrap();
    for number in 0..1_000_000 {
        let job = JobId::new(number.to_string());
        ledger.receive(&job, 1, &spec()).unwrap();
        ledger.finish(&job, 1, &outcome(&job, 1)).unwrap();
        eprintln!("finished {number}");
    }
}

#[test]
fn a_killed_process_has_lost_nothing_that_it_was_told() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ledger.db");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tests::ledger_crash::writes_until_it_is_killed",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let told = |line: String| {
        line.strip_prefix("finished ")
            .and_then(|number| number.parse::<u32>().ok())
    };
    let mut last = lines
        .by_ref()
        .filter_map(told)
        .find(|number| *number >= 50)
        .expect("the child wrote nothing");
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before the signal came.
    last = lines.filter_map(told).last().unwrap_or(last);

    let ledger = Ledger::open(&path).unwrap();
    let outcomes = ledger.outbox().unwrap();
    assert!(
        outcomes.len() as u32 > last,
        "{} outcomes, and {last} was told",
        outcomes.len()
    );
    for number in 0..=last {
        let job = ledger
            .job(&JobId::new(number.to_string()), 1)
            .unwrap()
            .expect("a job is lost");
        assert_eq!(job.state, JobState::Done);
    }
    assert!(ledger.unfinished().unwrap().len() <= 1);
    ledger.receive(&JobId::new("next"), 1, &spec()).unwrap();
}

#[test]
fn a_log_that_was_cut_leaves_whole_calls() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ledger.db");
    let ledger = Ledger::open(&path).unwrap();
    for number in 0..20 {
        let job = JobId::new(number.to_string());
        ledger.receive(&job, 1, &spec()).unwrap();
        ledger.finish(&job, 1, &outcome(&job, 1)).unwrap();
    }
    // Not closed: as the files lie when the power goes.
    let (main, log) = (
        std::fs::read(&path).unwrap(),
        std::fs::read(dir.path().join("ledger.db-wal")).unwrap(),
    );
    assert!(log.len() > 100_000, "the log holds too little to cut: {}", log.len());
    let mut kept = Vec::new();
    for cut in (0..=log.len()).step_by(log.len() / 37) {
        let other = TempDir::new().unwrap();
        let copy = other.path().join("ledger.db");
        std::fs::write(&copy, &main).unwrap();
        std::fs::write(other.path().join("ledger.db-wal"), &log[..cut]).unwrap();
        let ledger = Ledger::open(&copy).unwrap();
        let outcomes = ledger.outbox().unwrap().len();
        let open = ledger.unfinished().unwrap();
        assert!(open.len() <= 1, "a job was received, and later ones finished");
        for number in 0..outcomes {
            let job = ledger
                .job(&JobId::new(number.to_string()), 1)
                .unwrap()
                .expect("an outcome without its job");
            assert_eq!(job.state, JobState::Done);
        }
        kept.push(outcomes);
        ledger.receive(&JobId::new("next"), 1, &spec()).unwrap();
    }
    assert!(kept.is_sorted(), "{kept:?}");
    assert_eq!(kept.first(), Some(&0));
    assert!(kept.last().is_some_and(|all| *all >= 19), "{kept:?}");
}

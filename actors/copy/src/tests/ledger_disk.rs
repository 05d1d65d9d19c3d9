//! The ledger on a disk without room.

use super::ledger::{outcome, spec};
use crate::{Ledger, Received};
use chrono::{TimeDelta, Utc};
use sluice_contract::{Code, JobId};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A file system of one megabyte, where this user may mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(dir.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Fills the ledger until it cannot be written, and says how many jobs it took.
fn fill(ledger: &Ledger) -> u32 {
    for number in 0..100_000 {
        if let Err(fault) = ledger.receive(&JobId::new(number.to_string()), 1, &spec()) {
            assert_eq!(fault.code, Code::LedgerFailed);
            assert!(fault.retryable && fault.message.contains("full"), "{fault}");
            return number;
        }
    }
    panic!("the disk has no end");
}

fn still_right(ledger: &Ledger, taken: u32) {
    let jobs = ledger.unfinished().unwrap();
    assert_eq!(jobs.len() as u32, taken);
    assert!(jobs.iter().all(|job| job.spec().unwrap() == spec()));
    // What it said no to, it did not take.
    assert!(ledger.job(&JobId::new(taken.to_string()), 1).unwrap().is_none());
}

/// On a real file system where it can be had; elsewhere the test below says the same of a file that may not grow.
#[test]
fn a_full_disk_is_a_fault_until_there_is_room() {
    let Some(disk) = SmallDisk::mount() else { return };
    let ballast: PathBuf = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 400_000]).unwrap();
    let path = disk.path().join("ledger.db");
    let ledger = Ledger::open(&path).unwrap();
    let taken = fill(&ledger);
    still_right(&ledger, taken);
    let first = JobId::new("0");
    assert_eq!(
        ledger.finish(&first, 1, &outcome(&first, 1)).unwrap_err().code,
        Code::LedgerFailed
    );
    still_right(&ledger, taken);

    std::fs::remove_file(&ballast).unwrap();
    ledger.finish(&first, 1, &outcome(&first, 1)).unwrap();
    assert_eq!(
        ledger.receive(&JobId::new("next"), 1, &spec()).unwrap(),
        Received::Fresh
    );
    assert_eq!(ledger.outbox().unwrap().len(), 1);
    drop(ledger);
    assert_eq!(Ledger::open(&path).unwrap().unfinished().unwrap().len() as u32, taken);
}

#[test]
fn a_file_that_may_not_grow_is_a_fault_until_it_may() {
    let dir = TempDir::new().unwrap();
    let ledger = Ledger::open(dir.path().join("ledger.db")).unwrap();
    let limit = |pages: u32| ledger.pragma("max_page_count", pages);
    limit(60);
    let taken = fill(&ledger);
    assert!(taken > 10, "{taken}");
    still_right(&ledger, taken);
    limit(10_000);
    let first = JobId::new("0");
    let sent = outcome(&first, 1);
    ledger.finish(&first, 1, &sent).unwrap();
    ledger.ack(&[sent.id]).unwrap();
    assert_eq!(ledger.prune(Utc::now() + TimeDelta::seconds(1)).unwrap(), 1);
    assert_eq!(ledger.receive(&first, 1, &spec()).unwrap(), Received::Fresh);
}

//! What was copied.

use md5::{Digest, Md5};
use sluice_store_core::files::Entry;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts of a copy of files.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) files_read: AtomicU64,
    pub(super) files_written: AtomicU64,
    pub(super) files_skipped: AtomicU64,
    /// Files that an earlier attempt had published.
    pub(super) files_replayed: AtomicU64,
    pub(super) bytes_read: AtomicU64,
    pub(super) bytes_written: AtomicU64,
    /// Grows whenever anything is done.
    pub(super) steps: AtomicU64,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    /// The sum of all files' hashes: it does not depend on their order.
    hash: u128,
    copied: Vec<Entry>,
    warnings: Vec<String>,
    /// What is under way, by its place in the plan.
    doing: BTreeMap<usize, String>,
    /// How many files the sink could not tell the MD5 of, nor could they be read back.
    unproven: u64,
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Tally {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes have come; says how many in all.
    pub(super) fn read(&self, bytes: usize) -> u64 {
        self.step();
        self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.step();
        self.bytes_written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A file is published under its name, and has this content.
    pub(super) fn published(&self, path: &str, md5: &[u8; 16], proven: bool) {
        self.step();
        self.files_written.fetch_add(1, Ordering::Relaxed);
        let mut whole = Md5::new();
        whole.update(path);
        whole.update([0]);
        whole.update(md5);
        let mut notes = self.notes();
        notes.hash = notes.hash.wrapping_add(u128::from_be_bytes(whole.finalize().into()));
        notes.unproven += u64::from(!proven);
    }

    /// A file of the source is copied.
    pub(super) fn copied(&self, entry: &Entry) {
        self.step();
        self.files_read.fetch_add(1, Ordering::Relaxed);
        self.notes().copied.push(entry.clone());
    }

    pub(super) fn warn(&self, warning: String) {
        self.notes().warnings.push(warning);
    }

    /// The files that were copied, once.
    pub(super) fn take_copied(&self) -> Vec<Entry> {
        std::mem::take(&mut self.notes().copied)
    }

    pub(super) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.notes().warnings)
    }

    pub(super) fn unproven(&self) -> u64 {
        self.notes().unproven
    }

    /// The sum of the files' hashes, 32 hexadecimal digits.
    pub(super) fn hash(&self) -> String {
        format!("{:032x}", self.notes().hash)
    }

    pub(super) fn begins(&self, unit: usize, what: String) {
        self.notes().doing.insert(unit, what);
    }

    pub(super) fn ends(&self, unit: usize) {
        self.notes().doing.remove(&unit);
    }

    /// What is under way, for people.
    pub(super) fn doing(&self) -> String {
        let notes = self.notes();
        let mut labels = notes.doing.values();
        match (labels.next(), labels.next(), notes.doing.len()) {
            (None, _, _) => "copying".to_owned(),
            (Some(one), None, _) => format!("copying {one}"),
            (Some(one), Some(_), count) => format!("copying {count} files, {one} among them"),
        }
    }
}

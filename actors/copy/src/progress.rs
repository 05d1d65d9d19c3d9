//! Counting, telling how far the copy is, and noticing that it is not getting any further.

use sluice_contract::job::{Checkpoint, CopyProgress};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// What the workers count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) rows_read: AtomicU64,
    pub(crate) rows_written: AtomicU64,
    pub(crate) partitions_done: AtomicU32,
    /// Partitions that are whole in the staging, and their rows.
    pub(crate) parts: AtomicU32,
    pub(crate) part_rows: AtomicU64,
    /// Grows whenever a worker gets anything done, empty batches included.
    pub(crate) steps: AtomicU64,
}

impl Counters {
    pub(crate) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, rows: usize) {
        self.rows_read.fetch_add(rows as u64, Ordering::Relaxed);
        self.step();
    }

    pub(crate) fn written(&self, rows: usize) {
        self.rows_written.fetch_add(rows as u64, Ordering::Relaxed);
        self.step();
    }

    pub(crate) fn part_done(&self, rows: u64) {
        self.parts.fetch_add(1, Ordering::Relaxed);
        self.part_rows.fetch_add(rows, Ordering::Relaxed);
        self.step();
    }

    pub(crate) fn partition_done(&self) {
        self.partitions_done.fetch_add(1, Ordering::Relaxed);
        self.step();
    }
}

/// Tells the watchers how far the copy is.
pub(crate) struct Reporter {
    sender: watch::Sender<CopyProgress>,
    now: CopyProgress,
}

impl Reporter {
    /// No two reports of one stage come closer together than this.
    pub(crate) const EVERY: Duration = Duration::from_millis(100);

    pub(crate) fn new(sender: watch::Sender<CopyProgress>) -> Self {
        Self {
            sender,
            now: CopyProgress::default(),
        }
    }

    pub(crate) fn stage(&mut self, stage: &str) {
        stage.clone_into(&mut self.now.stage);
        self.send();
    }

    pub(crate) fn planned(&mut self, partitions: usize, rows_expected: Option<u64>) {
        self.now.partitions = u32::try_from(partitions).unwrap_or(u32::MAX);
        self.now.rows_expected = rows_expected;
    }

    /// What the next attempt could go on with; its counts are those of [`count`](Self::count).
    pub(crate) fn checkpoint(&mut self, checkpoint: Checkpoint) {
        self.now.checkpoint = Some(checkpoint);
        self.send();
    }

    /// Takes over the counts, and sends them when they are news.
    pub(crate) fn count(&mut self, counters: &Counters, bytes_read: u64, bytes_written: u64) {
        let before = self.now.clone();
        self.now.rows_read = counters.rows_read.load(Ordering::Relaxed);
        self.now.rows_written = counters.rows_written.load(Ordering::Relaxed);
        self.now.partitions_done = counters.partitions_done.load(Ordering::Relaxed);
        self.now.bytes_read = bytes_read;
        self.now.bytes_written = bytes_written;
        if let Some(checkpoint) = &mut self.now.checkpoint {
            checkpoint.parts = counters.parts.load(Ordering::Relaxed);
            checkpoint.rows = counters.part_rows.load(Ordering::Relaxed);
        }
        if self.now != before {
            self.send();
        }
    }

    /// Takes over the counts of a copy of files; [`count`](Self::count) sends them.
    pub(crate) fn files(&mut self, read: u64, written: u64) {
        self.now.extra.insert("filesRead".to_owned(), read.into());
        self.now.extra.insert("filesWritten".to_owned(), written.into());
    }

    fn send(&self) {
        self.sender.send_replace(self.now.clone());
    }
}

/// Notices when the counts have stood still for too long.
pub(crate) struct Stall {
    limit: Duration,
    since: Instant,
    seen: (u64, u64, u64),
}

impl Stall {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            since: Instant::now(),
            seen: (0, 0, 0),
        }
    }

    /// Whether nothing has changed for the whole limit. Bytes count, so that one large batch is not taken for a hang, and
    /// the time in which others hold the copy up does not.
    pub(crate) fn is_over(&mut self, counters: &Counters, bytes_read: u64, bytes_written: u64, held_up: bool) -> bool {
        let seen = (counters.steps.load(Ordering::Relaxed), bytes_read, bytes_written);
        if held_up || seen != self.seen {
            self.seen = seen;
            self.since = Instant::now();
        }
        self.since.elapsed() >= self.limit
    }
}

//! What every worker is doing, for the one question that matters when nothing moves: where does it hang?

use sluice_store_core::Partition;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// What one half of a worker is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Doing {
    /// Its other half, room, or nothing any more.
    Waiting = 0,
    /// The source.
    Reading = 1,
    /// The sink.
    Writing = 2,
    /// The sink, which makes the last of it durable.
    Finishing = 3,
}

/// All workers of a copy.
#[derive(Debug, Default)]
pub(crate) struct Whereabouts(Vec<Worker>);

#[derive(Debug, Default)]
struct Worker {
    partition: AtomicUsize,
    reader: AtomicU8,
    writer: AtomicU8,
}

impl Whereabouts {
    pub(crate) fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| Worker::default()).collect())
    }

    /// The worker's reader is busy with this partition.
    pub(crate) fn reads(&self, worker: usize, partition: &Partition, doing: Doing) {
        if let Some(worker) = self.0.get(worker) {
            worker.partition.store(partition.index, Ordering::Relaxed);
            worker.reader.store(doing as u8, Ordering::Relaxed);
        }
    }

    pub(crate) fn writes(&self, worker: usize, doing: Doing) {
        if let Some(worker) = self.0.get(worker) {
            worker.writer.store(doing as u8, Ordering::Relaxed);
        }
    }

    /// Where the copy hangs. A source waits for its sink, never the other way round: a writer that is busy is the cause.
    pub(crate) fn describe(&self, partitions: &[Partition]) -> String {
        let writer = |doing: Doing| {
            let busy = |worker: &&Worker| worker.writer.load(Ordering::Relaxed) == doing as u8;
            self.0.iter().filter(busy).count()
        };
        if writer(Doing::Writing) > 0 {
            return "writing".to_owned();
        }
        let mut reading: Vec<&Partition> = self
            .0
            .iter()
            .filter(|worker| worker.reader.load(Ordering::Relaxed) == Doing::Reading as u8)
            .filter_map(|worker| partitions.get(worker.partition.load(Ordering::Relaxed)))
            .collect();
        reading.sort_by_key(|partition| partition.index);
        let labels: Vec<&str> = reading.iter().map(|partition| partition.label.as_str()).collect();
        match labels[..] {
            [] if writer(Doing::Finishing) > 0 => "finishing the writing".to_owned(),
            [] => "copying".to_owned(),
            [one] => format!("reading partition {one}"),
            [one, two] => format!("reading partitions {one} and {two}"),
            [one, .., last] => format!("reading {} partitions from {one} to {last}", labels.len()),
        }
    }
}

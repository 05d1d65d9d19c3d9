//! A sink that keeps its batches: staged until the commit, then published.

use super::support::{Gauge, Place, Script};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use futures::StreamExt;
use sluice_contract::Fault;
use sluice_store_core::{CommitKey, Committed, NativeChunk, NativeFormat, ReadBack, Sink, Staged, Writer, Written};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What becomes of a batch.
pub(super) type Damage = fn(RecordBatch) -> RecordBatch;

/// What the store behind the sink holds.
#[derive(Default)]
pub(super) struct Shelf {
    /// `None` when nothing is staged.
    staging: Mutex<Option<Vec<RecordBatch>>>,
    published: Mutex<Vec<RecordBatch>>,
    commits: AtomicUsize,
    pub(super) writers: AtomicUsize,
    pub(super) finished: AtomicUsize,
    /// Added to the rows that the store says it holds.
    pub(super) miscount: AtomicI64,
    bytes: AtomicU64,
    /// The name of an encoding that is taken as it is.
    pub(super) takes: Mutex<Option<&'static str>>,
    /// Whether commits turn out to have been made before.
    pub(super) replays: AtomicBool,
    /// What was written in that encoding.
    pub(super) chunks: Mutex<Vec<NativeChunk>>,
    /// Whether and when what was written can be read back.
    pub(super) readable: Mutex<Option<Written>>,
    /// What becomes of the batches that are read back.
    pub(super) damage: Mutex<Option<Damage>>,
    /// How often something was read back.
    pub(super) read_back: AtomicUsize,
}

impl Shelf {
    pub(super) fn published_rows(&self) -> usize {
        self.published().iter().map(RecordBatch::num_rows).sum()
    }

    fn chunks(&self) -> Vec<NativeChunk> {
        self.chunks.lock().unwrap().clone()
    }

    pub(super) fn published(&self) -> Vec<RecordBatch> {
        self.published.lock().unwrap().clone()
    }

    pub(super) fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    pub(super) fn is_staged(&self) -> bool {
        self.staging.lock().unwrap().is_some()
    }
}

pub(super) struct TestSink {
    shelf: Arc<Shelf>,
    script: Arc<Script>,
    gauge: Arc<Gauge>,
}

impl TestSink {
    pub(super) fn new(shelf: Arc<Shelf>, script: Arc<Script>, gauge: Arc<Gauge>) -> Self {
        Self { shelf, script, gauge }
    }
}

#[async_trait]
impl Sink for TestSink {
    async fn prepare(&mut self, _schema: SchemaRef, _key: &CommitKey) -> Result<(), Fault> {
        *self.shelf.staging.lock().unwrap() = Some(Vec::new());
        self.script.play(Place::Prepare).await
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        self.script.play(Place::Writer).await?;
        self.shelf.writers.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(TestWriter {
            shelf: self.shelf.clone(),
            script: self.script.clone(),
            gauge: self.gauge.clone(),
        }))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        self.script.play(Place::Verify).await?;
        let staging = self.shelf.staging.lock().unwrap();
        let rows: usize = staging.iter().flatten().map(RecordBatch::num_rows).sum();
        let rows = rows + self.shelf.chunks().iter().map(|chunk| chunk.rows).sum::<usize>();
        Ok(Staged {
            rows: (rows as u64).saturating_add_signed(self.shelf.miscount.load(Ordering::SeqCst)),
            bytes: self.bytes_written(),
        })
    }

    fn takes(&self, format: &NativeFormat) -> bool {
        *self.shelf.takes.lock().unwrap() == Some(format.name)
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        self.script.play(Place::ReadBack).await?;
        if *self.shelf.readable.lock().unwrap() != Some(what) {
            return Ok(ReadBack::Impossible("it was made impossible".to_owned()));
        }
        self.shelf.read_back.fetch_add(1, Ordering::SeqCst);
        let chunks = self.shelf.chunks();
        if !chunks.is_empty() {
            return Ok(ReadBack::Native(
                futures::stream::iter(chunks.into_iter().map(Ok)).boxed(),
            ));
        }
        let batches = match what {
            Written::Staged => self.shelf.staging.lock().unwrap().clone().unwrap_or_default(),
            Written::Published => self.shelf.published(),
        };
        let damage = self.shelf.damage.lock().unwrap().unwrap_or(|batch| batch);
        let gauge = self.gauge.clone();
        let batches = futures::stream::iter(batches).map(move |batch| {
            gauge.add(batch.get_array_memory_size());
            Ok(damage(batch))
        });
        Ok(ReadBack::Batches(batches.boxed()))
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        self.script.play(Place::Commit).await?;
        let staged = self.shelf.staging.lock().unwrap().take();
        self.shelf.published.lock().unwrap().extend(staged.unwrap_or_default());
        self.shelf.commits.fetch_add(1, Ordering::SeqCst);
        Ok(Committed {
            location: "the shelf".to_owned(),
            replayed: self.shelf.replays.load(Ordering::SeqCst),
        })
    }

    async fn abort(&mut self) {
        self.shelf.staging.lock().unwrap().take();
    }

    fn bytes_written(&self) -> u64 {
        self.shelf.bytes.load(Ordering::SeqCst)
    }
}

struct TestWriter {
    shelf: Arc<Shelf>,
    script: Arc<Script>,
    gauge: Arc<Gauge>,
}

#[async_trait]
impl Writer for TestWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        self.script.play(Place::Write).await?;
        tokio::task::yield_now().await;
        let bytes = batch.get_array_memory_size();
        self.shelf.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
        self.gauge.remove(bytes);
        let mut staging = self.shelf.staging.lock().unwrap();
        staging.as_mut().expect("written without staging").push(batch);
        Ok(())
    }

    async fn write_native(&mut self, chunk: NativeChunk) -> Result<(), Fault> {
        self.script.play(Place::Write).await?;
        let bytes = chunk.bytes.len();
        self.shelf.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
        self.gauge.remove(bytes);
        self.shelf.chunks.lock().unwrap().push(chunk);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        self.shelf.finished.fetch_add(1, Ordering::SeqCst);
        self.script.play(Place::Finish).await
    }
}

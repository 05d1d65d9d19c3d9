//! A sink that writes several files of a bounded number of rows: `maxRowsPerFile`.
//!
//! All files are staged and verified before the first is published; then they are published one behind the other, in the order
//! of their numbers. A store of files has no step that publishes several at once: a copy that ends between two of them leaves
//! whole files, and its next attempt publishes them all again.

use crate::bytes::{ByteStore, Target};
use crate::encode::WriteFormat;
use crate::fault;
use crate::sink::FileSink;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use sluice_contract::{Code, Fault};
use sluice_store_core::{BatchStream, CommitKey, Committed, ReadBack, Sink, Staged, Writer, Written};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Files of one copy at most.
const FILES_MAX: usize = 100_000;

/// Where the files go, and how many rows each holds.
pub(crate) struct Split {
    pub(crate) container: String,
    /// Up to the number: folder and prefix.
    pub(crate) before: String,
    /// Behind the number.
    pub(crate) extension: String,
    /// From 1.
    pub(crate) rows: usize,
}

impl Split {
    fn target(&self, number: usize) -> Target {
        Target {
            container: self.container.clone(),
            path: format!("{}_{number:05}{}", self.before, self.extension),
        }
    }
}

/// Writes several files.
pub(crate) struct SplitSink {
    files: Arc<Mutex<Files>>,
    written: Arc<AtomicU64>,
}

struct Files {
    store: Arc<dyn ByteStore>,
    split: Split,
    format: Arc<dyn WriteFormat>,
    schema: Option<(SchemaRef, CommitKey)>,
    /// Staged and verified.
    done: Vec<FileSink>,
    current: Option<Current>,
    staged: Staged,
    /// Bytes of the files that are done.
    written: Arc<AtomicU64>,
    /// What ended the copy.
    failed: Option<Fault>,
}

struct Current {
    sink: FileSink,
    writer: Box<dyn Writer>,
    rows: usize,
}

impl SplitSink {
    pub(crate) fn new(store: Arc<dyn ByteStore>, split: Split, format: Arc<dyn WriteFormat>) -> Self {
        let written: Arc<AtomicU64> = Arc::default();
        let files = Files {
            store,
            split,
            format,
            schema: None,
            done: Vec::new(),
            current: None,
            staged: Staged::default(),
            written: Arc::clone(&written),
            failed: None,
        };
        Self {
            files: Arc::new(Mutex::new(files)),
            written,
        }
    }
}

impl Files {
    /// The file that is written to, with room for a row.
    async fn open(&mut self) -> Result<&mut Current, Fault> {
        if self.current.as_ref().is_some_and(|file| file.rows >= self.split.rows) {
            self.close().await?;
        }
        if self.current.is_none() {
            if self.done.len() >= FILES_MAX {
                return Err(fault::property(format!(
                    "`maxRowsPerFile` {} makes more than {FILES_MAX} files",
                    self.split.rows
                )));
            }
            let (schema, key) = self
                .schema
                .as_ref()
                .ok_or_else(|| fault::internal("a sink that is not prepared"))?;
            let target = self.split.target(self.done.len());
            let mut sink = FileSink::new(Arc::clone(&self.store), target, Arc::clone(&self.format), 1);
            sink.prepare(Arc::clone(schema), key).await?;
            let writer = sink.writer().await?;
            self.current = Some(Current { sink, writer, rows: 0 });
        }
        self.current
            .as_mut()
            .ok_or_else(|| fault::internal("a file is missing"))
    }

    /// Ends the file that is written to, and has it counted.
    async fn close(&mut self) -> Result<(), Fault> {
        let Some(Current { mut sink, writer, .. }) = self.current.take() else {
            return Ok(());
        };
        let staged = match writer.finish().await {
            Ok(()) => sink.verify().await,
            Err(fault) => {
                sink.abort().await;
                Err(fault)
            }
        }?;
        self.staged.rows += staged.rows;
        self.staged.bytes += staged.bytes;
        self.written.fetch_add(staged.bytes, Ordering::Relaxed);
        self.done.push(sink);
        Ok(())
    }

    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        if let Some(fault) = &self.failed {
            return Err(fault.clone());
        }
        let mut start = 0;
        while start < batch.num_rows() {
            let most = self.split.rows;
            let file = self.open().await?;
            let rows = (most - file.rows).min(batch.num_rows() - start);
            file.writer.write(batch.slice(start, rows)).await?;
            file.rows += rows;
            start += rows;
        }
        Ok(())
    }

    async fn abort(&mut self) {
        if let Some(Current { mut sink, writer, .. }) = self.current.take() {
            drop(writer);
            sink.abort().await;
        }
        for sink in &mut self.done {
            sink.abort().await;
        }
    }
}

/// One of several writers; all write to the same file at a time.
struct SplitWriter(Arc<Mutex<Files>>);

#[async_trait]
impl Writer for SplitWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        let mut files = self.0.lock().await;
        let written = files.write(batch).await;
        if let Err(fault) = &written {
            files.failed.get_or_insert_with(|| fault.clone());
        }
        written
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        // The last file is ended when all writers are.
        match &self.0.lock().await.failed {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }
}

/// The rows of a file behind the first; none behind the last.
async fn next_file(files: &Mutex<Files>, at: usize, what: Written) -> Result<Option<BatchStream>, Fault> {
    let mut files = files.lock().await;
    let Some(sink) = files.done.get_mut(at) else {
        return Ok(None);
    };
    match sink.read_back(what).await? {
        ReadBack::Batches(batches) => Ok(Some(batches)),
        // The first file had the same columns, and could be read.
        ReadBack::Impossible(why) => Err(Fault::new(
            Code::StoreFailed,
            format!("file {at} is not read back: {why}"),
        )),
        ReadBack::Native(_) => Err(fault::internal("a file was read back in no rows")),
    }
}

#[async_trait]
impl Sink for SplitSink {
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        let mut files = self.files.lock().await;
        files.format.check(&schema)?;
        files.schema = Some((schema, key.clone()));
        // The first file is there, whatever the number of rows; and a place that cannot be written is found out now.
        files.open().await.map(drop)
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        Ok(Box::new(SplitWriter(Arc::clone(&self.files))))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let mut files = self.files.lock().await;
        if let Some(fault) = &files.failed {
            return Err(fault.clone());
        }
        files.close().await?;
        Ok(files.staged)
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        let first = {
            let mut files = self.files.lock().await;
            // All files or none: what was compared of some says nothing of the others.
            if let Some(why) = files.done.iter().find_map(|sink| sink.unreadable(what)) {
                return Ok(ReadBack::Impossible(why.to_owned()));
            }
            let first = files.done.first_mut();
            let first = first.ok_or_else(|| fault::internal("a sink was read back that is not verified"))?;
            match first.read_back(what).await? {
                ReadBack::Batches(batches) => batches,
                other => return Ok(other),
            }
        };
        let others = futures::stream::unfold((Arc::clone(&self.files), 1), move |(files, at)| async move {
            let next = next_file(&files, at, what).await.transpose()?;
            Some((next, (files, at + 1)))
        });
        Ok(ReadBack::Batches(first.chain(others.try_flatten()).boxed()))
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let mut files = self.files.lock().await;
        let mut committed: Option<Committed> = None;
        let count = files.done.len();
        for sink in &mut files.done {
            // One that is published already says so again.
            let one = sink.commit().await?;
            committed = Some(match committed {
                None => one,
                Some(first) => Committed {
                    replayed: first.replayed && one.replayed,
                    ..first
                },
            });
        }
        let mut committed = committed.ok_or_else(|| fault::internal("a sink was committed that is not verified"))?;
        if count > 1 {
            committed.location = format!("{} and {} more", committed.location, count - 1);
        }
        Ok(committed)
    }

    async fn abort(&mut self) {
        self.files.lock().await.abort().await;
    }

    fn bytes_written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

//! A sink that writes several files of a bounded number of rows: `maxRowsPerFile`.
//!
//! All files are staged and verified before the first is published; then they are published one behind the other, in the order
//! of their numbers. A store of files has no step that publishes several at once: a copy that ends between two of them leaves
//! whole files, and its next attempt publishes them all again.

use crate::bytes::{ByteStore, Target};
use crate::encode::WriteFormat;
use crate::fault;
use crate::several::{self, Several};
use crate::sink::FileSink;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::{CommitKey, Committed, ReadBack, Sink, Staged, Writer, Written};
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
    done: Several,
    written: Arc<AtomicU64>,
}

struct Files {
    store: Arc<dyn ByteStore>,
    split: Split,
    format: Arc<dyn WriteFormat>,
    schema: Option<(SchemaRef, CommitKey)>,
    /// Staged and verified.
    done: Several,
    count: usize,
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
        let done = Several::default();
        let files = Files {
            store,
            split,
            format,
            schema: None,
            done: Arc::clone(&done),
            count: 0,
            current: None,
            staged: Staged::default(),
            written: Arc::clone(&written),
            failed: None,
        };
        Self {
            files: Arc::new(Mutex::new(files)),
            done,
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
            if self.count >= FILES_MAX {
                return Err(fault::property(format!(
                    "`maxRowsPerFile` {} makes more than {FILES_MAX} files",
                    self.split.rows
                )));
            }
            let (schema, key) = self
                .schema
                .as_ref()
                .ok_or_else(|| fault::internal("a sink that is not prepared"))?;
            let target = self.split.target(self.count);
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
        self.done.lock().await.push(sink);
        self.count += 1;
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
        several::abort(&self.done).await;
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
        several::read_back(&self.done, what).await
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        several::commit(&self.done).await
    }

    async fn abort(&mut self) {
        self.files.lock().await.abort().await;
    }

    fn bytes_written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

//! A sink that writes a file for every file of its source.
//!
//! A file is opened when the first of its partitions begins and closed when the last has ended, so that no more are open than
//! partitions are under way, however many there are. Nothing is published before all are staged and verified. No parts are
//! kept: an attempt that was cut off starts again, and removes what the one before had staged.

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
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// Bytes of finished files in memory when nobody says how many may be.
const HELD: usize = 16 << 20;

/// Which files are written, and which of them each partition goes into.
pub(crate) struct Plan {
    pub(crate) targets: Vec<Target>,
    pub(crate) of: Vec<usize>,
}

/// Writes a tree of files.
pub(crate) struct TreeSink {
    tree: Arc<Tree>,
    done: Several,
    staged: Option<Staged>,
}

struct Tree {
    store: Arc<dyn ByteStore>,
    format: Arc<dyn WriteFormat>,
    parallel: usize,
    of: Vec<usize>,
    slots: Vec<Mutex<Slot>>,
    prepared: OnceLock<(SchemaRef, CommitKey)>,
    /// Bytes of the files that are closed.
    written: AtomicU64,
    held: Arc<Held>,
}

/// Bytes of closed files that wait in memory for their publication.
struct Held {
    bytes: AtomicU64,
    most: u64,
}

struct Slot {
    target: Target,
    /// Partitions that have not ended.
    left: usize,
    file: File,
}

enum File {
    Waiting,
    Open(Box<FileSink>),
    /// It is opened or closed by a task, so that a copy that is stopped meanwhile still finds the file and removes it.
    Busy(JoinHandle<(Box<FileSink>, Result<Staged, Fault>)>),
    Done(Box<FileSink>, Staged),
}

impl TreeSink {
    /// `memory` is what finished files may hold; 0 when nobody says.
    pub(crate) fn new(
        store: Arc<dyn ByteStore>,
        plan: Plan,
        format: Arc<dyn WriteFormat>,
        parallel: usize,
        memory: usize,
    ) -> Self {
        let mut slots: Vec<Slot> = plan
            .targets
            .into_iter()
            .map(|target| Slot {
                target,
                left: 0,
                file: File::Waiting,
            })
            .collect();
        for place in &plan.of {
            slots[*place].left += 1;
        }
        let most = if memory == 0 { HELD } else { memory };
        Self {
            tree: Arc::new(Tree {
                store,
                format,
                parallel,
                of: plan.of,
                slots: slots.into_iter().map(Mutex::new).collect(),
                prepared: OnceLock::new(),
                written: AtomicU64::new(0),
                held: Arc::new(Held {
                    bytes: AtomicU64::new(0),
                    most: most as u64,
                }),
            }),
            done: Several::default(),
            staged: None,
        }
    }
}

impl Slot {
    /// Waits for the task that opens or closes the file.
    async fn settled(&mut self) -> Result<(Box<FileSink>, Staged), Fault> {
        let File::Busy(task) = &mut self.file else {
            return Err(fault::internal("a file that nobody opens or closes"));
        };
        let ended = task.await;
        self.file = File::Waiting;
        let (mut sink, result) = ended.map_err(|ended| fault::internal(format!("a file was lost: {ended}")))?;
        match result {
            Ok(staged) => Ok((sink, staged)),
            Err(fault) => {
                sink.abort().await;
                Err(fault)
            }
        }
    }
}

impl Held {
    /// Takes down what a finished file holds, or has it sent to the store where that is too much.
    async fn settle(&self, sink: &mut FileSink) -> Result<(), Fault> {
        let bytes = sink.held() as u64;
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.most {
            return Ok(());
        }
        sink.unload().await?;
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Ok(())
    }
}

impl Tree {
    /// A writer of the file at this place, which is opened when it is not yet.
    async fn open(&self, place: usize) -> Result<Box<dyn Writer>, Fault> {
        let slot = self.slots.get(place);
        let mut slot = slot.ok_or_else(|| fault::internal("a file is missing"))?.lock().await;
        if let File::Waiting = slot.file {
            let prepared = self.prepared.get().cloned();
            let (schema, key) = prepared.ok_or_else(|| fault::internal("a sink that is not prepared"))?;
            let (store, format) = (Arc::clone(&self.store), Arc::clone(&self.format));
            let mut sink = Box::new(FileSink::new(store, slot.target.clone(), format, self.parallel));
            slot.file = File::Busy(tokio::spawn(async move {
                let opened = sink.prepare(schema, &key).await;
                (sink, opened.map(|()| Staged::default()))
            }));
            let (sink, _) = slot.settled().await?;
            slot.file = File::Open(sink);
        }
        match &slot.file {
            File::Open(sink) => sink.writer().await,
            _ => Err(fault::internal("a partition came behind the end of its file")),
        }
    }

    /// A partition of the file at this place is written.
    async fn end(&self, place: usize, writer: Box<dyn Writer>) -> Result<(), Fault> {
        writer.finish().await?;
        let mut slot = self.slots[place].lock().await;
        slot.left = slot.left.saturating_sub(1);
        match slot.left {
            0 => self.close(&mut slot).await,
            _ => Ok(()),
        }
    }

    async fn close(&self, slot: &mut Slot) -> Result<(), Fault> {
        let File::Open(mut sink) = std::mem::replace(&mut slot.file, File::Waiting) else {
            return Err(fault::internal("a file was closed that is not open"));
        };
        let held = Arc::clone(&self.held);
        slot.file = File::Busy(tokio::spawn(async move {
            let mut verified = sink.verify().await;
            if verified.is_ok()
                && let Err(fault) = held.settle(&mut sink).await
            {
                verified = Err(fault);
            }
            (sink, verified)
        }));
        let (sink, staged) = slot.settled().await?;
        self.written.fetch_add(staged.bytes, Ordering::Relaxed);
        slot.file = File::Done(sink, staged);
        Ok(())
    }
}

/// Writes one partition after the other, each into its file.
struct TreeWriter {
    tree: Arc<Tree>,
    current: Option<(usize, Box<dyn Writer>)>,
}

impl TreeWriter {
    async fn end(&mut self) -> Result<(), Fault> {
        match self.current.take() {
            Some((place, writer)) => self.tree.end(place, writer).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Writer for TreeWriter {
    async fn begin(&mut self, partition: usize) -> Result<(), Fault> {
        self.end().await?;
        let place = self.tree.of.get(partition);
        let place = *place.ok_or_else(|| fault::internal("a partition without a file"))?;
        self.current = Some((place, self.tree.open(place).await?));
        Ok(())
    }

    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        match &mut self.current {
            Some((_, writer)) => writer.write(batch).await,
            None => Err(fault::internal("rows of no partition")),
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Fault> {
        self.end().await
    }
}

#[async_trait]
impl Sink for TreeSink {
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        self.tree.format.check(&schema)?;
        self.tree
            .prepared
            .set((schema, key.clone()))
            .map_err(|_| fault::internal("a sink was prepared twice"))?;
        // A place that cannot be written is found out now.
        self.tree.open(0).await.map(drop)
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        Ok(Box::new(TreeWriter {
            tree: Arc::clone(&self.tree),
            current: None,
        }))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        if let Some(staged) = self.staged {
            return Ok(staged);
        }
        let mut all = Staged::default();
        let mut done = self.done.lock().await;
        for slot in &self.tree.slots {
            let mut slot = slot.lock().await;
            match std::mem::replace(&mut slot.file, File::Waiting) {
                File::Done(sink, staged) => {
                    all.rows += staged.rows;
                    all.bytes += staged.bytes;
                    done.push(*sink);
                }
                other => {
                    slot.file = other;
                    let text = format!("{} was not written to its end", slot.target.path);
                    return Err(fault::internal(text));
                }
            }
        }
        self.staged = Some(all);
        Ok(all)
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        several::read_back(&self.done, what).await
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        several::commit(&self.done).await
    }

    async fn abort(&mut self) {
        several::abort(&self.done).await;
        for slot in self.tree.slots.iter().rev() {
            let mut slot = slot.lock().await;
            match std::mem::replace(&mut slot.file, File::Waiting) {
                File::Open(mut sink) | File::Done(mut sink, _) => sink.abort().await,
                File::Busy(task) => {
                    if let Ok((mut sink, _)) = task.await {
                        sink.abort().await;
                    }
                }
                File::Waiting => {}
            }
        }
    }

    fn bytes_written(&self) -> u64 {
        self.tree.written.load(Ordering::Relaxed)
    }
}

//! A store of integers that does what its linked service says.

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::StreamExt;
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault};
use sluice_store_core::{
    BatchStream, Capabilities, CommitKey, Committed, Connection, Connector, Network, Partition, Sink, SinkRequest,
    Source, SourceRequest, Staged, StoreKind, StoreProperties, Writer,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

pub(crate) const ROWS: u64 = 30;
const BATCH: u64 = 10;

const KINDS: &[StoreKind] = &[StoreKind {
    title: "Test",
    linked_services: &["TestStore"],
    datasets: &["TestTable"],
    sources: &["TestSource"],
    sinks: &["TestSink"],
    capabilities: Capabilities {
        read: true,
        write: true,
        partitions: false,
        snapshot: true,
        resumes: false,
        exactly_once: true,
    },
}];

/// What happened in the store, and the switch that lets waiting copies go on.
pub(crate) struct Shelf {
    pub(crate) connects: AtomicU64,
    pub(crate) staged: AtomicU64,
    pub(crate) published: AtomicU64,
    pub(crate) keys: Mutex<Vec<CommitKey>>,
    pub(crate) passwords: Mutex<Vec<Option<String>>>,
    pub(crate) go: watch::Sender<bool>,
}

impl Shelf {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            connects: AtomicU64::new(0),
            staged: AtomicU64::new(0),
            published: AtomicU64::new(0),
            keys: Mutex::new(Vec::new()),
            passwords: Mutex::new(Vec::new()),
            go: watch::Sender::new(false),
        })
    }

    pub(crate) fn published(&self) -> u64 {
        self.published.load(Ordering::SeqCst)
    }

    pub(crate) fn staged(&self) -> u64 {
        self.staged.load(Ordering::SeqCst)
    }

    pub(crate) fn connects(&self) -> u64 {
        self.connects.load(Ordering::SeqCst)
    }
}

/// The family.
pub(crate) struct TestStore(pub(crate) Arc<Shelf>);

#[async_trait]
impl Connector for TestStore {
    fn kinds(&self) -> &'static [StoreKind] {
        KINDS
    }

    /// It is in this process: there is nothing to go to.
    fn reaches(&self, _: &StoreProperties) -> Vec<sluice_store_core::Reach> {
        Vec::new()
    }

    async fn connect_over(&self, properties: StoreProperties, _: Network) -> Result<Arc<dyn Connection>, Fault> {
        self.0.connects.fetch_add(1, Ordering::SeqCst);
        self.0.passwords.lock().unwrap().push(properties.text("password"));
        Ok(Arc::new(TestConnection {
            shelf: Arc::clone(&self.0),
            mode: properties.text("mode").unwrap_or_default(),
        }))
    }
}

struct TestConnection {
    shelf: Arc<Shelf>,
    mode: String,
}

#[async_trait]
impl Connection for TestConnection {
    async fn probe(&self) -> Vec<ProbeStage> {
        let fault = (self.mode == "unreachable").then(unreachable);
        vec![ProbeStage {
            name: "connect".to_owned(),
            millis: 1,
            fault,
            extra: Default::default(),
        }]
    }

    async fn source(&self, _: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        if self.mode == "unreachable" {
            return Err(unreachable());
        }
        Ok(Box::new(TestSource {
            shelf: Arc::clone(&self.shelf),
            mode: self.mode.clone(),
            partitions: vec![Partition {
                index: 0,
                label: "all".to_owned(),
            }],
        }))
    }

    async fn sink(&self, _: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        Ok(Box::new(TestSink {
            shelf: Arc::clone(&self.shelf),
            rows: Arc::default(),
        }))
    }
}

fn unreachable() -> Fault {
    Fault::new(Code::StoreUnreachable, "nobody there")
}

struct TestSource {
    shelf: Arc<Shelf>,
    mode: String,
    partitions: Vec<Partition>,
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

#[async_trait]
impl Source for TestSource {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    fn rows_expected(&self) -> Option<u64> {
        Some(ROWS)
    }

    fn bytes_read(&self) -> u64 {
        ROWS * 8
    }

    async fn read(&self, _: &Partition) -> Result<BatchStream, Fault> {
        let (mode, go) = (self.mode.clone(), self.shelf.go.subscribe());
        let starts = futures::stream::iter((0..ROWS).step_by(BATCH as usize));
        let batches = starts.then(move |start| {
            let (mode, mut go) = (mode.clone(), go.clone());
            async move {
                match mode.as_str() {
                    // After the first batch.
                    "wait" if start == BATCH => {
                        go.wait_for(|go| *go).await.unwrap();
                    }
                    "panic" => panic!("the test source was told to panic"),
                    _ => {}
                }
                let numbers = Int64Array::from_iter_values((start..start + BATCH).map(|n| n as i64));
                Ok(RecordBatch::try_new(schema(), vec![Arc::new(numbers)]).unwrap())
            }
        });
        Ok(batches.boxed())
    }
}

struct TestSink {
    shelf: Arc<Shelf>,
    /// What this attempt has staged.
    rows: Arc<AtomicU64>,
}

impl TestSink {
    /// Empties the staging and says how much was in it.
    fn unstage(&self) -> u64 {
        let rows = self.rows.swap(0, Ordering::SeqCst);
        self.shelf.staged.fetch_sub(rows, Ordering::SeqCst);
        rows
    }
}

#[async_trait]
impl Sink for TestSink {
    async fn prepare(&mut self, _: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        self.shelf.keys.lock().unwrap().push(key.clone());
        Ok(())
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        Ok(Box::new(TestWriter {
            shelf: Arc::clone(&self.shelf),
            rows: Arc::clone(&self.rows),
        }))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let rows = self.rows.load(Ordering::SeqCst);
        Ok(Staged { rows, bytes: rows * 8 })
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let rows = self.unstage();
        self.shelf.published.fetch_add(rows, Ordering::SeqCst);
        Ok(Committed::default())
    }

    async fn abort(&mut self) {
        self.unstage();
    }

    fn bytes_written(&self) -> u64 {
        self.rows.load(Ordering::SeqCst) * 8
    }
}

/// Staging that nobody committed or aborted is gone with its attempt.
impl Drop for TestSink {
    fn drop(&mut self) {
        self.unstage();
    }
}

struct TestWriter {
    shelf: Arc<Shelf>,
    rows: Arc<AtomicU64>,
}

#[async_trait]
impl Writer for TestWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        self.rows.fetch_add(batch.num_rows() as u64, Ordering::SeqCst);
        self.shelf.staged.fetch_add(batch.num_rows() as u64, Ordering::SeqCst);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        Ok(())
    }
}

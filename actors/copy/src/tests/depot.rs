//! A store that keeps parts, and what an attempt leaves in it for the next.

use super::source::{Rows, TestSource};
use super::support::{Gauge, Script};
use crate::{Always, Continuation, CopyJob, CopyOptions, Dealer, Keeper, LogStores, run};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use sluice_contract::job::{Checkpoint, CopyOutcome, CopyProgress};
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault, JobId};
use sluice_store_core::{
    CommitKey, Committed, Connection, Part, Sink, SinkRequest, Source, SourceRequest, Staged, Staging, Writer,
};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A part and its batches.
type Kept = (Part, Vec<RecordBatch>);

/// What a job has staged: whose it is, and what.
#[derive(Default)]
pub(super) struct Stage {
    pub(super) token: u64,
    pub(super) parts: Vec<Kept>,
}

pub(super) struct Depot {
    pub(super) rows: Mutex<Rows>,
    pub(super) mark: Mutex<Option<String>>,
    pub(super) reads: Arc<AtomicU64>,
    pub(super) stage: Mutex<Option<Stage>>,
    pub(super) published: Mutex<Vec<RecordBatch>>,
    /// So many more parts are taken, then writing fails.
    pub(super) room: AtomicUsize,
    /// How often a part was written.
    pub(super) written: AtomicUsize,
    /// What the requests said.
    pub(super) asked: Mutex<Vec<(Option<sluice_store_core::SourcePlan>, bool)>>,
    pub(super) checkpoint: Mutex<Option<Checkpoint>>,
    pub(super) goes_on: bool,
}

impl Depot {
    pub(super) fn new(rows: Rows) -> Arc<Self> {
        Arc::new(Self {
            rows: Mutex::new(rows),
            mark: Mutex::default(),
            reads: Arc::default(),
            stage: Mutex::default(),
            published: Mutex::default(),
            room: AtomicUsize::new(usize::MAX),
            written: AtomicUsize::new(0),
            asked: Mutex::default(),
            checkpoint: Mutex::default(),
            goes_on: true,
        })
    }

    pub(super) fn staged(&self) -> Option<usize> {
        self.stage.lock().unwrap().as_ref().map(|stage| stage.parts.len())
    }

    pub(super) fn published_rows(&self) -> usize {
        self.published.lock().unwrap().iter().map(RecordBatch::num_rows).sum()
    }

    /// One attempt, with what the one before it has left.
    pub(super) async fn attempt(
        self: &Arc<Self>,
        attempt: u32,
        dealer: Option<Arc<dyn Dealer>>,
    ) -> Result<CopyOutcome, Fault> {
        let job = CopyJob {
            key: CommitKey {
                job: JobId::new("0197b2c4-7d4e-7abc-8def-0123456789ab"),
                attempt,
                token: u64::from(attempt) * 10,
            },
            source: Arc::new(Shared(self.clone())),
            source_request: SourceRequest::default(),
            sink: Arc::new(Shared(self.clone())),
            sink_request: SinkRequest::default(),
            logs: LogStores::default(),
            options: CopyOptions {
                parallel: 2,
                ..CopyOptions::default()
            },
            continuation: Continuation {
                checkpoint: self.checkpoint.lock().unwrap().clone(),
                keeper: Some(Arc::new(Shared(self.clone()))),
                dealer,
            },
        };
        let progress = watch::channel(CopyProgress::default()).0;
        run(job, &Always, progress, CancellationToken::new()).await
    }
}

/// The depot as connection and keeper.
pub(super) struct Shared(pub(super) Arc<Depot>);

#[async_trait]
impl Keeper for Shared {
    async fn keep(&self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        *self.0.checkpoint.lock().unwrap() = Some(checkpoint.clone());
        Ok(())
    }

    fn goes_on(&self, _fault: &Fault) -> bool {
        self.0.goes_on
    }
}

#[async_trait]
impl Connection for Shared {
    async fn probe(&self) -> Vec<ProbeStage> {
        Vec::new()
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        let depot = &self.0;
        depot.asked.lock().unwrap().push((request.plan, false));
        let source = TestSource::new(
            depot.rows.lock().unwrap().clone(),
            Script::of(&[]),
            Arc::<Gauge>::default(),
        );
        let mark = depot.mark.lock().unwrap().clone();
        Ok(Box::new(source.marked(mark, depot.reads.clone())))
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        let mut asked = self.0.asked.lock().unwrap();
        if let Some((_, resumable)) = asked.last_mut() {
            *resumable = request.resumable;
        }
        Ok(Box::new(PartsSink {
            depot: self.0.clone(),
            staging: request.staging,
            token: 0,
            parts: Vec::new(),
        }))
    }
}

struct PartsSink {
    depot: Arc<Depot>,
    staging: Staging,
    token: u64,
    parts: Vec<Part>,
}

#[async_trait]
impl Sink for PartsSink {
    async fn prepare(&mut self, _schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        self.token = key.token;
        let mut stage = self.depot.stage.lock().unwrap();
        let left = stage.take().unwrap_or_default();
        let parts = match &self.staging {
            Staging::Resume { earlier, .. } if earlier.token == left.token => left.parts,
            _ => Vec::new(),
        };
        self.parts = parts.iter().map(|(part, _)| part.clone()).collect();
        let token = key.token;
        *stage = Some(Stage { token, parts });
        Ok(())
    }

    fn parts(&self) -> Option<&[Part]> {
        Some(&self.parts)
    }

    async fn start_over(&mut self) -> Result<(), Fault> {
        self.parts.clear();
        self.depot.stage.lock().unwrap().as_mut().unwrap().parts.clear();
        Ok(())
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        Ok(Box::new(PartsWriter {
            depot: self.depot.clone(),
            token: self.token,
            batches: Vec::new(),
        }))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let stage = self.depot.stage.lock().unwrap();
        let batches = stage
            .iter()
            .flat_map(|stage| &stage.parts)
            .flat_map(|(_, batches)| batches);
        let rows = batches.map(RecordBatch::num_rows).sum::<usize>() as u64;
        Ok(Staged { rows, bytes: 1 })
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let stage = self.depot.stage.lock().unwrap().take().unwrap();
        let batches = stage.parts.into_iter().flat_map(|(_, batches)| batches);
        self.depot.published.lock().unwrap().extend(batches);
        Ok(Committed::default())
    }

    async fn abort(&mut self) {
        self.depot.stage.lock().unwrap().take();
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}

struct PartsWriter {
    depot: Arc<Depot>,
    token: u64,
    batches: Vec<RecordBatch>,
}

#[async_trait]
impl Writer for PartsWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        self.batches.push(batch);
        Ok(())
    }

    async fn finish_part(&mut self, part: &Part) -> Result<(), Fault> {
        let less = |room: usize| room.checked_sub(1);
        if self
            .depot
            .room
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_err()
        {
            return Err(Fault::new(Code::StoreUnreachable, "the store is full").retryable(true));
        }
        self.depot.written.fetch_add(1, Ordering::SeqCst);
        let mut stage = self.depot.stage.lock().unwrap();
        let stage = stage.as_mut().filter(|stage| stage.token == self.token);
        let stage = stage.ok_or_else(|| Fault::new(Code::CommitDenied, "a later attempt has it"))?;
        assert!(
            stage.parts.iter().all(|(there, _)| there.label != part.label),
            "a part twice"
        );
        stage.parts.push((part.clone(), std::mem::take(&mut self.batches)));
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        assert!(self.batches.is_empty(), "rows of no part");
        Ok(())
    }
}

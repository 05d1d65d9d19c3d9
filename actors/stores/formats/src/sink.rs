//! A sink that writes one file.

use crate::bytes::{ByteStage, ByteStore, Target};
use crate::encode::WriteFormat;
use crate::fault;
use crate::pipeline::Pipeline;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use futures::StreamExt;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Committed, LineForm, ReadBack, Sink, Staged, Writer, Written};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes one file: staged, verified, published with one atomic step.
///
/// A replayed commit: the same sink answers from its memory; a new attempt of the same job writes the same file again and
/// replaces it as a whole, so that readers never see a part of either. What keeps an attempt that was overtaken from
/// publishing is the store's: see its [`ByteStage::publish`].
pub(crate) struct FileSink {
    store: Arc<dyn ByteStore>,
    target: Target,
    format: Arc<dyn WriteFormat>,
    parallel: usize,
    written: Arc<AtomicU64>,
    schema: Option<SchemaRef>,
    state: State,
}

enum State {
    New,
    Open(Pipeline),
    Staged(Box<dyn ByteStage>, Verified),
    /// The stage is kept where only it can read back what lies there.
    Done(Committed, Option<Box<dyn ByteStage>>),
    Gone,
}

struct Verified {
    staged: Staged,
    /// Whether the store could read the staged bytes back.
    read_back: bool,
}

impl FileSink {
    pub(crate) fn new(
        store: Arc<dyn ByteStore>,
        target: Target,
        format: Arc<dyn WriteFormat>,
        parallel: usize,
    ) -> Self {
        Self {
            store,
            target,
            format,
            parallel,
            written: Arc::default(),
            schema: None,
            state: State::New,
        }
    }

    /// Why what was written is not read back, where that is known without asking the store.
    pub(crate) fn unreadable(&self, what: Written) -> Option<&'static str> {
        match (what, &self.state) {
            (Written::Staged, State::Staged(_, verified)) if !verified.read_back => {
                Some("the store does not read files before they are published")
            }
            (Written::Published, State::Done(committed, _)) if committed.replayed => Some("another run had published"),
            (Written::Published, State::Done(_, None)) => Some("the file was read back before it was published"),
            _ => None,
        }
    }

    /// Bytes of the staged file in memory.
    pub(crate) fn held(&self) -> usize {
        match &self.state {
            State::Staged(stage, _) => stage.held(),
            _ => 0,
        }
    }

    /// Sends them to the store.
    ///
    /// # Errors
    /// What the store reports.
    pub(crate) async fn unload(&mut self) -> Result<(), Fault> {
        match &mut self.state {
            State::Staged(stage, _) => stage.unload().await,
            _ => Ok(()),
        }
    }

    async fn count(&self, stage: &mut dyn ByteStage, rows: u64) -> Result<Verified, Fault> {
        let bytes = self.written.load(Ordering::Relaxed);
        let mut verified = Verified {
            staged: Staged { rows, bytes },
            read_back: false,
        };
        if let Some(reader) = stage.staged().await? {
            same("bytes", bytes, reader.size(), reader.label())?;
            let label = reader.label().to_owned();
            verified.staged.rows = self.format.count(reader).await?;
            same("rows", rows, verified.staged.rows, &label)?;
            verified.read_back = true;
        }
        Ok(verified)
    }

    async fn count_published(&self, stage: &mut dyn ByteStage, expected: Staged) -> Result<(), Fault> {
        let Some(reader) = stage.published().await? else {
            tracing::warn!(path = %self.target.path, "The login may write but not read, so the published file was not read back");
            return Ok(());
        };
        let label = reader.label().to_owned();
        same("bytes", expected.bytes, reader.size(), &label)?;
        if let Some(rows) = self.format.peek(reader).await? {
            same("rows", expected.rows, rows, &label)?;
        }
        Ok(())
    }
}

/// Why a published file is not read back.
pub(crate) const NOT_READ: &str = "the login may write but not read";

/// What was just written does not read as what it is.
fn damaged(fault: Fault) -> Fault {
    match fault.code {
        Code::DataInvalid => Fault::new(Code::VerificationFailed, fault.message),
        _ => fault,
    }
}

fn same(what: &str, sent: u64, found: u64, file: &str) -> Result<(), Fault> {
    if sent == found {
        return Ok(());
    }
    Err(Fault::new(
        Code::VerificationFailed,
        format!("{file} holds {found} {what}, but {sent} were written"),
    ))
}

#[async_trait]
impl Sink for FileSink {
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        self.format.check(&schema)?;
        let stage = self.store.stage(&self.target, key).await?;
        self.schema = Some(Arc::clone(&schema));
        self.written.store(0, Ordering::Relaxed);
        let written = Arc::clone(&self.written);
        self.state = State::Open(Pipeline::start(stage, &self.format, schema, self.parallel, written));
        Ok(())
    }

    fn lines(&self) -> Option<Arc<dyn LineForm>> {
        self.format.lines(self.schema.as_ref()?)
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        match &self.state {
            State::Open(pipeline) => Ok(Box::new(pipeline.writer())),
            _ => Err(fault::internal("a writer was asked of a sink that is not prepared")),
        }
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let pipeline = match std::mem::replace(&mut self.state, State::Gone) {
            State::Open(pipeline) => pipeline,
            // Asked again: the answer stands.
            State::Staged(stage, verified) => {
                let staged = verified.staged;
                self.state = State::Staged(stage, verified);
                return Ok(staged);
            }
            other => {
                self.state = other;
                return Err(fault::internal("a sink was verified that is not open"));
            }
        };
        let (stage, rows) = pipeline.finish().await;
        let mut stage = stage.ok_or_else(|| fault::internal("the upload was lost"))?;
        let counted = match rows {
            Ok(rows) => self.count(stage.as_mut(), rows).await,
            Err(fault) => Err(fault),
        };
        match counted {
            Ok(verified) => {
                let staged = verified.staged;
                self.state = State::Staged(stage, verified);
                Ok(staged)
            }
            Err(fault) => {
                stage.discard().await;
                Err(fault)
            }
        }
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        if let Some(why) = self.unreadable(what) {
            return Ok(ReadBack::Impossible(why.to_owned()));
        }
        let file = match (what, &mut self.state) {
            (Written::Staged, State::Staged(stage, _)) => stage.staged().await?,
            (Written::Published, State::Done(_, Some(stage))) => stage.published().await?,
            _ => return Err(fault::internal("a sink was read back that is not that far")),
        };
        let Some(file) = file else {
            return Ok(ReadBack::Impossible(NOT_READ.to_owned()));
        };
        let schema = self.schema.as_ref();
        let schema = schema.ok_or_else(|| fault::internal("a sink that is not prepared"))?;
        match self.format.read_back(file, schema).await {
            Ok(ReadBack::Batches(batches)) => {
                Ok(ReadBack::Batches(batches.map(|batch| batch.map_err(damaged)).boxed()))
            }
            other => other.map_err(damaged),
        }
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let (mut stage, verified) = match std::mem::replace(&mut self.state, State::Gone) {
            State::Staged(stage, verified) => (stage, verified),
            State::Done(committed, stage) => {
                let again = Committed {
                    replayed: true,
                    ..committed.clone()
                };
                self.state = State::Done(committed, stage);
                return Ok(again);
            }
            other => {
                self.state = other;
                return Err(fault::internal("a sink was committed that is not verified"));
            }
        };
        let published = match stage.publish().await {
            Ok(published) => published,
            Err(fault) => {
                // Still staged: the commit may be tried again, or aborted.
                self.state = State::Staged(stage, verified);
                return Err(fault);
            }
        };
        let committed = Committed {
            location: published.location,
            replayed: published.replayed,
        };
        self.state = State::Done(committed.clone(), None);
        if !verified.read_back {
            self.count_published(stage.as_mut(), verified.staged).await?;
            self.state = State::Done(committed.clone(), Some(stage));
        }
        Ok(committed)
    }

    async fn abort(&mut self) {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Open(pipeline) => pipeline.abandon().await,
            State::Staged(mut stage, _) => stage.discard().await,
            done @ State::Done(..) => self.state = done,
            State::New | State::Gone => {}
        }
    }

    fn bytes_written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

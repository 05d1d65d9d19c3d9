//! Writing a table: staged beside it, published with one transaction.

mod back;
mod commit;
mod fit;
mod lenient;
mod merge;
mod rehearse;
mod stage;
mod target;
mod writer;

use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use crate::source::native_format;
use crate::wire::encode::Encoder;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use commit::Publication;
use lenient::LenientWriter;
use merge::Merge;
use rehearse::Rehearsal;
use sluice_contract::{Code, Fault};
use sluice_store_core::{
    CommitKey, Committed, NativeFormat, ReadBack, Rejects, Sink, SinkRequest, Staged, TableSink, WriteBehavior, Writer,
    Written,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use target::Target;
use writer::CopyWriter;

/// A table to be written.
pub(crate) struct PostgresSink {
    settings: Arc<Settings>,
    table: TableName,
    create: bool,
    script: Option<String>,
    behavior: WriteBehavior,
    rejects: Option<Rejects>,
    bytes: Arc<AtomicU64>,
    /// Rows came in PostgreSQL's own encoding.
    native: Arc<AtomicBool>,
    prepared: Option<Prepared>,
}

/// What `prepare` found out.
struct Prepared {
    target: Target,
    merge: Merge,
    schema: SchemaRef,
    stage: TableName,
    key: CommitKey,
    rows: Option<u64>,
}

impl PostgresSink {
    /// Reads the request; nothing is opened yet.
    ///
    /// # Errors
    /// `SL6013`, naming what is missing or not served.
    pub(crate) fn new(settings: Arc<Settings>, request: &SinkRequest) -> Result<Self, Fault> {
        let table = TableName::of_dataset(&request.dataset)?
            .ok_or_else(|| Fault::new(Code::PropertyMissing, "the sink's dataset names no table"))?;
        let asked = TableSink::of(&request.activity)?;
        let TableSink {
            create,
            script,
            behavior,
        } = asked;
        Ok(Self {
            settings,
            table,
            create,
            script,
            behavior,
            rejects: request.rejects.clone().filter(Rejects::allows_rows),
            bytes: Arc::new(AtomicU64::new(0)),
            native: Arc::new(AtomicBool::new(false)),
            prepared: None,
        })
    }

    fn prepared(&self) -> Result<&Prepared, Fault> {
        self.prepared
            .as_ref()
            .ok_or_else(|| Fault::new(Code::Internal, "the sink was not prepared"))
    }
}

#[async_trait]
impl Sink for PostgresSink {
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        let session = Session::open(&self.settings).await?;
        let target = Target::plan(&session, &self.table, self.create, &schema).await?;
        let merge = Merge::plan(&session, &target, &self.behavior).await?;
        commit::prepare(&session, &target.name, key).await?;
        let stage = stage::name(&target.name, key);
        stage::create(&session, &target, &stage, key).await?;
        self.prepared = Some(Prepared {
            target,
            merge,
            schema,
            stage,
            key: key.clone(),
            rows: None,
        });
        Ok(())
    }

    fn takes(&self, format: &NativeFormat) -> bool {
        let Some(prepared) = &self.prepared else { return false };
        let target = &prepared.target;
        let types: Vec<String> = target.stored().map(str::to_owned).collect();
        *format == native_format(types) && !target.casts()
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        let Prepared { target, stage, .. } = self.prepared()?;
        let list = target.list();
        if let Some(rejects) = &self.rejects {
            let (columns, left_out) = ((list.as_str(), target.encodings()), (&target.name, rejects));
            let writer = LenientWriter::open(&self.settings, stage, columns, left_out, self.bytes.clone()).await?;
            return Ok(Box::new(writer));
        }
        let encoder = Encoder::new(target.encodings());
        let told = (self.bytes.clone(), self.native.clone());
        let writer = CopyWriter::open(&self.settings, stage, &list, encoder, told).await?;
        Ok(Box::new(writer))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let session = Session::open(&self.settings).await?;
        let prepared = self.prepared()?;
        if let Some(rejects) = &self.rejects {
            let rehearsal = Rehearsal {
                target: &prepared.target,
                merge: &prepared.merge,
                stage: &prepared.stage,
                script: self.script.as_deref(),
                rejects,
            };
            rehearsal.run(&session).await?;
        }
        let rows = stage::count(&session, &prepared.stage).await?;
        if let Some(prepared) = &mut self.prepared {
            prepared.rows = Some(rows);
        }
        Ok(Staged {
            rows,
            bytes: self.bytes_written(),
        })
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        let Prepared {
            target, stage, schema, ..
        } = self.prepared()?;
        match what {
            Written::Staged => {
                let native = self.native.load(Ordering::Relaxed);
                back::staged(&self.settings, target, stage, schema, native).await
            }
            Written::Published => {
                let text = format!("in {} they are among other rows", target.name);
                Ok(ReadBack::Impossible(text))
            }
        }
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let prepared = self.prepared()?;
        let rows = prepared.rows.ok_or_else(|| {
            let text = "the sink was not verified before its commit";
            Fault::new(Code::Internal, text)
        })?;
        let mut session = Session::open(&self.settings).await?;
        // Dropped in the middle, the transaction is rolled back at once.
        session.set_running(true);
        let publication = Publication {
            target: &prepared.target,
            merge: &prepared.merge,
            stage: &prepared.stage,
            key: &prepared.key,
            rows,
            script: self.script.as_deref(),
        };
        let committed = commit::publish(&session, &publication).await?;
        session.set_running(false);
        Ok(committed)
    }

    async fn abort(&mut self) {
        let Some(prepared) = self.prepared.take() else { return };
        let dropped = async {
            let session = Session::open(&self.settings).await?;
            stage::drop(&session, &prepared.stage).await
        };
        if let Err(fault) = dropped.await {
            tracing::warn!(table = %prepared.stage, %fault, "Staging table stays until the next attempt");
        }
    }

    fn bytes_written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

//! Writing a table: staged beside it, published with one transaction.

mod back;
mod commit;
mod direct;
mod fit;
mod lenient;
mod merge;
mod parted;
mod parts;
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
use commit::{Publication, Published, Way};
use direct::{Direct, DirectWriter, Shared};
use lenient::LenientWriter;
use merge::Merge;
use parted::PartedWriter;
use rehearse::Rehearsal;
use sluice_contract::{Code, Fault};
use sluice_store_core::{
    CommitKey, Committed, NativeFormat, Part, ReadBack, Rejects, Sink, SinkRequest, Staged, Staging, TableSink,
    WriteBehavior, Writer, Written,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use target::Target;
use tokio::sync::{Mutex, OnceCell};
use writer::{CopyWriter, Told};

/// A table to be written.
pub(crate) struct PostgresSink {
    settings: Arc<Settings>,
    table: TableName,
    create: bool,
    script: Option<String>,
    behavior: WriteBehavior,
    rejects: Option<Rejects>,
    told: Arc<Told>,
    staging: Staging,
    /// Another attempt could go on: parts are kept.
    keeps_parts: bool,
    prepared: Option<Prepared>,
}

/// What `prepare` found out.
struct Prepared {
    target: Target,
    merge: Merge,
    way: Way,
    schema: SchemaRef,
    stage: TableName,
    key: CommitKey,
    /// Those that are staged already.
    parts: Option<Vec<Part>>,
    rows: Option<u64>,
    /// The transaction that writes into the table itself.
    open: OnceCell<Shared>,
    /// What the published rows bear.
    transaction: Option<String>,
    /// Whether an attempt before this one has published the job.
    replayed: bool,
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
            told: Arc::default(),
            staging: request.staging.clone(),
            keeps_parts: request.resumable && !request.rejects.as_ref().is_some_and(Rejects::allows_rows),
            prepared: None,
        })
    }

    /// The transaction that writes into the table itself.
    async fn open(&self, prepared: &Prepared) -> Result<Shared, Fault> {
        let Prepared { target, stage, .. } = prepared;
        let begin = async {
            let direct = Direct::begin(&self.settings, &target.name, &target.list(), stage).await?;
            Ok(Arc::new(Mutex::new(direct)))
        };
        prepared.open.get_or_try_init(|| begin).await.cloned()
    }

    /// Makes the staging place, or finds it; gives back the parts in it, when they are kept.
    async fn stage(
        &self,
        session: &Session,
        target: &Target,
        stage: &TableName,
        key: &CommitKey,
        way: Way,
    ) -> Result<Option<Vec<Part>>, Fault> {
        stage::not_behind(session, stage, key).await?;
        if let Staging::Join { .. } = self.staging {
            stage::check(session, stage).await?;
            return parts::list(session, stage).await.map(Some);
        }
        let resumes = self.keeps_parts && matches!(self.staging, Staging::Resume { .. });
        if !resumes {
            stage::clear(session, stage, true).await?;
        } else {
            // What this very attempt left when its process was killed, before anybody counted on it.
            stage::drop(session, stage).await?;
        }
        stage::create(session, target, stage, way).await?;
        if !self.keeps_parts {
            return Ok(None);
        }
        parts::create(session, stage, way).await?;
        if resumes {
            parts::take_over(session, stage, key).await?;
            stage::clear(session, stage, false).await?;
        }
        parts::list(session, stage).await.map(Some)
    }

    fn staged(&mut self, rows: u64) -> Staged {
        if let Some(prepared) = &mut self.prepared {
            prepared.rows = Some(rows);
        }
        Staged {
            rows,
            bytes: self.bytes_written(),
        }
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
        let replayed = commit::prepare(&session, &target.name, key).await?;
        let stage = stage::name(&target.name, key);
        let way = match &target.create {
            // Rows that may be left out are looked for in the staging table.
            _ if self.rejects.is_some() || target.casts() => Way::Insert,
            Some(_) => Way::Rename,
            // A script runs with the commit. Rows of a job that was published would meet themselves.
            None if self.script.is_some() || replayed || merge != Merge::Insert => Way::Insert,
            // In the table itself nothing of an attempt outlives it.
            None if self.keeps_parts => Way::Insert,
            None if direct::is_possible(&session, &target.name).await? => Way::Direct,
            None => Way::Insert,
        };
        let parts = self.stage(&session, &target, &stage, key, way).await?;
        self.told = Arc::default();
        self.prepared = Some(Prepared {
            target,
            merge,
            way,
            schema,
            stage,
            key: key.clone(),
            parts,
            rows: None,
            open: OnceCell::new(),
            transaction: None,
            replayed,
        });
        Ok(())
    }

    fn parts(&self) -> Option<&[Part]> {
        self.prepared.as_ref()?.parts.as_deref()
    }

    async fn start_over(&mut self) -> Result<(), Fault> {
        let session = Session::open(&self.settings).await?;
        if let Some(prepared) = &mut self.prepared
            && let Some(parts) = &mut prepared.parts
        {
            parts::empty(&session, &prepared.stage).await?;
            parts.clear();
        }
        Ok(())
    }

    async fn release(&mut self) {
        self.prepared = None;
    }

    fn takes(&self, format: &NativeFormat) -> bool {
        let Some(prepared) = &self.prepared else { return false };
        let target = &prepared.target;
        let types: Vec<String> = target.stored().map(str::to_owned).collect();
        *format == native_format(types) && !target.casts()
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        let prepared = self.prepared()?;
        let Prepared { target, stage, .. } = prepared;
        let list = target.list();
        if let Some(rejects) = &self.rejects {
            let (columns, left_out) = ((list.as_str(), target.encodings()), (&target.name, rejects));
            let writer = LenientWriter::open(&self.settings, stage, columns, left_out, self.told.clone()).await?;
            return Ok(Box::new(writer));
        }
        let encoder = Encoder::new(target.encodings());
        if prepared.parts.is_some() {
            let told = self.told.clone();
            let writer = PartedWriter::open(&self.settings, stage, &list, encoder, told).await?;
            return Ok(Box::new(writer));
        }
        if prepared.way == Way::Direct {
            return Ok(Box::new(DirectWriter {
                shared: self.open(prepared).await?,
                encoder,
                told: self.told.clone(),
            }));
        }
        let writer = CopyWriter::open(&self.settings, stage, &list, encoder, self.told.clone()).await?;
        Ok(Box::new(writer))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let prepared = self.prepared()?;
        if prepared.way == Way::Direct {
            let taken = self.open(prepared).await?.lock().await.finish().await?;
            let before = prepared.rows;
            return Ok(self.staged(taken.or(before).unwrap_or(0)));
        }
        if prepared.way == Way::Rename {
            // Committed, in a table that survives a crash and that nobody else writes: the server's word is enough.
            let session = Session::open(&self.settings).await?;
            stage::check(&session, &prepared.stage).await?;
            let taken = match prepared.parts {
                Some(_) => parts::rows(&session, &prepared.stage).await?,
                None => self.told.taken.load(Ordering::Relaxed),
            };
            return Ok(self.staged(taken));
        }
        let session = Session::open(&self.settings).await?;
        // The rows of a job that was published would meet themselves, and be taken for what does not fit.
        if let Some(rejects) = self.rejects.as_ref().filter(|_| !prepared.replayed) {
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
        Ok(self.staged(rows))
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        let prepared = self.prepared()?;
        let Prepared {
            target, stage, schema, ..
        } = prepared;
        let native = self.told.native.load(Ordering::Relaxed);
        match (what, prepared.way) {
            (Written::Staged, Way::Direct) => Ok(ReadBack::Impossible(format!(
                "the rows are in {} itself, where nobody sees them yet",
                target.name
            ))),
            (Written::Staged, _) => back::rows(&self.settings, target, (stage, ""), schema, native).await,
            (Written::Published, _) => match &prepared.transaction {
                Some(transaction) => {
                    let own = format!("xmin::text = '{transaction}'");
                    back::rows(&self.settings, target, (&target.name, &own), schema, native).await
                }
                None => Ok(ReadBack::Impossible(
                    "they were published by an earlier attempt".to_owned(),
                )),
            },
        }
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let prepared = self.prepared()?;
        let rows = prepared.rows.ok_or_else(|| {
            let text = "the sink was not verified before its commit";
            Fault::new(Code::Internal, text)
        })?;
        let publication = Publication {
            target: &prepared.target,
            merge: &prepared.merge,
            way: prepared.way,
            stage: &prepared.stage,
            key: &prepared.key,
            rows,
            script: self.script.as_deref(),
        };
        let shared;
        let mut guard;
        let mut own;
        let session = match prepared.way {
            Way::Direct => {
                shared = self.open(prepared).await?;
                guard = shared.lock().await;
                guard.session()
            }
            _ => {
                own = Session::open(&self.settings).await?;
                &mut own
            }
        };
        // Dropped in the middle, the transaction is rolled back at once.
        session.set_running(true);
        let published = commit::publish(session, &publication).await?;
        session.set_running(false);
        let Published { committed, transaction } = published;
        if let Some(prepared) = &mut self.prepared {
            prepared.transaction = transaction;
        }
        Ok(committed)
    }

    async fn abort(&mut self) {
        let Some(mut prepared) = self.prepared.take() else {
            return;
        };
        // Takes back what is open; its writers are gone.
        std::mem::drop(prepared.open.take());
        let dropped = async {
            let session = Session::open(&self.settings).await?;
            stage::drop(&session, &prepared.stage).await
        };
        if let Err(fault) = dropped.await {
            tracing::warn!(table = %prepared.stage, %fault, "Staging table stays until the next attempt");
        }
    }

    fn bytes_written(&self) -> u64 {
        self.told.bytes.load(Ordering::Relaxed)
    }
}

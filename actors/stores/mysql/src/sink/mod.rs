//! Writing a table: staged beside it, published in one step.

mod calendar;
mod commit;
mod direct;
mod encode;
mod fit;
mod ledger;
mod limits;
mod load;
mod output;
mod parted;
mod parts;
mod script;
mod stage;
mod tables;
mod target;
mod trial;
mod upsert;
mod warnings;
mod writer;

use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use crate::source;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use commit::Publication;
use direct::{Direct, DirectWriter, Shared};
use futures::{StreamExt, TryStreamExt, stream};
use ledger::Ledger;
use limits::Limits;
use load::{Line, Loader, Pen, Recipe};
use parted::PartedWriter;
use sluice_contract::{Code, Fault};
use sluice_store_core::{
    CommitKey, Committed, Part, ReadBack, Rejects, Sink, SinkRequest, Staged, Staging, TableSink, WriteBehavior,
    Writer, Written,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tables::Tables;
use target::Target;
use tokio::sync::{Mutex, OnceCell};
use trial::Trial;
use upsert::Merge;
use writer::StageWriter;

/// How values are taken: as they are, or not at all. A zero in a key is a zero, and no wish for the next number.
const STRICT: &str = "SET SESSION sql_mode = \
     'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION', \
     autocommit = 1, sql_notes = 1";

/// Bytes of a batch that is read back.
const READ_BACK_BYTES: usize = 4 << 20;

/// A table to be written.
pub(crate) struct MySqlSink {
    settings: Arc<Settings>,
    table: TableName,
    create: bool,
    script: Vec<String>,
    behavior: WriteBehavior,
    rejects: Option<Rejects>,
    bytes: Arc<AtomicU64>,
    staging: Staging,
    /// Another attempt could go on: parts are kept.
    keeps_parts: bool,
    /// What is staged will be read back.
    reads_back: bool,
    prepared: Option<Prepared>,
}

/// What `prepare` found out.
struct Prepared {
    target: Target,
    merge: Merge,
    stage: TableName,
    key: CommitKey,
    schema: SchemaRef,
    /// Those that are staged already.
    parts: Option<Vec<Part>>,
    limits: Limits,
    tables: Tables,
    rows: Option<u64>,
    /// Rows go into the target itself.
    direct: bool,
    /// The transaction that writes them there.
    open: OnceCell<Shared>,
}

impl MySqlSink {
    /// Reads the request; nothing is opened yet.
    ///
    /// # Errors
    /// `SL6010`, `SL6013`, naming what is missing or not served.
    pub(crate) fn new(settings: Arc<Settings>, request: &SinkRequest) -> Result<Self, Fault> {
        let table = TableName::of_dataset(&request.dataset, &settings.database)?
            .ok_or_else(|| Fault::new(Code::PropertyMissing, "the sink's dataset names no table"))?;
        let asked = TableSink::of(&request.activity)?;
        Ok(Self {
            settings,
            table,
            create: asked.create,
            script: script::statements(asked.script.as_deref().unwrap_or_default())?,
            behavior: asked.behavior,
            rejects: request.rejects.clone(),
            bytes: Arc::new(AtomicU64::new(0)),
            staging: request.staging.clone(),
            keeps_parts: request.resumable && !request.rejects.as_ref().is_some_and(Rejects::allows_rows),
            reads_back: request.reads_back,
            prepared: None,
        })
    }

    /// Whether rows go into the table itself: nothing of an attempt outlives it then, and nobody can look at them before the
    /// commit. Rows that are left out are found by taking others back, a script and an upsert come before the rows, and rows of a
    /// job that was published would meet themselves.
    async fn writes_directly(
        &self,
        session: &mut Session,
        target: &Target,
        merge: &Merge,
        key: &CommitKey,
    ) -> Result<bool, Fault> {
        let plain = !target.create && *merge == Merge::Insert && self.script.is_empty() && self.rejects.is_none();
        if !plain || self.keeps_parts || self.reads_back {
            return Ok(false);
        }
        Ok(Ledger::of(&target.name).find(session, key).await?.is_none())
    }

    /// The transaction that writes into the table itself.
    async fn open(&self, prepared: &Prepared) -> Result<Shared, Fault> {
        let begin = async {
            let recipe = Recipe::new(&prepared.target, &prepared.target.name, &prepared.limits);
            let line = Line::new(self.session().await?, &recipe, self.bytes.clone());
            let direct = Direct::begin(line, &prepared.stage).await?;
            Ok::<_, Fault>(Arc::new(Mutex::new(direct)))
        };
        prepared.open.get_or_try_init(|| begin).await.cloned()
    }

    fn prepared(&self) -> Result<&Prepared, Fault> {
        self.prepared
            .as_ref()
            .ok_or_else(|| Fault::new(Code::Internal, "the sink was not prepared"))
    }

    async fn session(&self) -> Result<Session, Fault> {
        let mut session = Session::open(&self.settings).await?;
        session.run("setting the session up", STRICT).await?;
        Ok(session)
    }

    /// Where a writer puts its rows: into a table of its own where that is possible, because such tables take rows faster
    /// than one that several write with transactions.
    async fn table_for_writer(&self, session: &mut Session, prepared: &Prepared) -> TableName {
        // A new table is the staging table itself; rows that are left out are found by taking others back; an upsert looks
        // at all staged rows together.
        let alone = !prepared.target.create && self.rejects.is_none() && prepared.merge == Merge::Insert;
        if !alone || !prepared.limits.plain_tables {
            return prepared.stage.clone();
        }
        let Some(own) = prepared.tables.claim() else {
            return prepared.stage.clone();
        };
        match stage::create_plain(session, &prepared.target, &own).await {
            Ok(()) => own,
            Err(fault) => {
                tracing::debug!(table = %own, %fault, "Rows are staged with transactions");
                prepared.stage.clone()
            }
        }
    }
}

#[async_trait]
impl Sink for MySqlSink {
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        let mut session = self.session().await?;
        let mut target = Target::plan(&mut session, &self.table, self.create, &schema).await?;
        // A table that is made has no keys and no constraints by which it would refuse a row.
        if self.rejects.as_ref().is_some_and(Rejects::allows_rows) && !target.create {
            target.number_rows();
        }
        let merge = match &self.behavior {
            WriteBehavior::Insert => Merge::Insert,
            // Into a table that is new, all rows are.
            WriteBehavior::Upsert { keys } if target.create && keys.is_empty() => Merge::Insert,
            WriteBehavior::Upsert { keys } => Merge::upsert(&mut session, &target, keys).await?,
        };
        let ledger = Ledger::of(&target.name);
        ledger.make(&mut session).await?;
        ledger.lock(&mut session, key).await?;
        let stage = stage::name(&target.name, key);
        let parts = match self.keeps_parts {
            true => Some(stage::parted(&mut session, &target, &stage, key, &self.staging).await?),
            false => {
                stage::create(&mut session, &target, &stage, key).await?;
                None
            }
        };
        let direct = self.writes_directly(&mut session, &target, &merge, key).await?;
        ledger.unlock(&mut session, key).await?;
        let limits = Limits::ask(&mut session).await?;
        if !limits.local_files {
            tracing::warn!(
                server = %self.settings.place(),
                "LOAD DATA LOCAL is off on the server (local_infile): rows are written by INSERT, which takes longer"
            );
        }
        self.prepared = Some(Prepared {
            target,
            merge,
            tables: Tables::new(stage.clone()),
            stage,
            key: key.clone(),
            parts,
            schema,
            limits,
            rows: None,
            direct,
            open: OnceCell::new(),
        });
        Ok(())
    }

    fn parts(&self) -> Option<&[Part]> {
        self.prepared.as_ref()?.parts.as_deref()
    }

    async fn start_over(&mut self) -> Result<(), Fault> {
        let mut session = self.session().await?;
        if let Some(prepared) = &mut self.prepared
            && let Some(parts) = &mut prepared.parts
        {
            parts::empty(&mut session, &prepared.stage).await?;
            parts.clear();
        }
        Ok(())
    }

    async fn release(&mut self) {
        self.prepared = None;
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        let prepared = self.prepared()?;
        if prepared.direct {
            let recipe = Recipe::new(&prepared.target, &prepared.target.name, &prepared.limits);
            let shared = self.open(prepared).await?;
            return Ok(Box::new(DirectWriter::new(shared, Pen::new(&recipe)).await));
        }
        let mut session = self.session().await?;
        if prepared.parts.is_some() {
            let stage = prepared.stage.clone();
            parts::sign_in(&mut session, &stage).await?;
            let recipe = Recipe::new(&prepared.target, &stage, &prepared.limits);
            let loader = Loader::new(session, &recipe, self.bytes.clone());
            return Ok(Box::new(PartedWriter {
                loader,
                stage,
                open: None,
            }));
        }
        let table = self.table_for_writer(&mut session, prepared).await;
        let recipe = Recipe::new(&prepared.target, &table, &prepared.limits);
        Ok(Box::new(StageWriter {
            loader: Loader::new(session, &recipe, self.bytes.clone()),
            own: (table != prepared.stage).then(|| (prepared.tables.clone(), table)),
            rejects: self.rejects.clone(),
            place: prepared.target.name.to_string(),
        }))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let prepared = self.prepared()?;
        if let (Some(rejects), Some(number)) = (&self.rejects, &prepared.target.number) {
            let trial = Trial {
                target: &prepared.target,
                merge: &prepared.merge,
                stage: &prepared.stage,
                number,
                script: &self.script,
                rejects,
            };
            trial.run(self.session().await?, &prepared.key).await?;
        }
        let rows = match prepared.direct {
            true => self.open(prepared).await?.lock().await.close().await?,
            false => stage::count_all(&mut self.session().await?, &prepared.tables.counted()).await?,
        };
        if let Some(prepared) = &mut self.prepared {
            prepared.rows = Some(rows);
        }
        Ok(Staged {
            rows,
            bytes: self.bytes_written(),
        })
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        let prepared = self.prepared()?;
        if what == Written::Published {
            return Ok(ReadBack::Impossible(
                "published rows are not told from those that were there".to_owned(),
            ));
        }
        if prepared.direct {
            return Ok(ReadBack::Impossible(format!(
                "the rows are in {} itself, where nobody sees them yet",
                prepared.target.name
            )));
        }
        if let Some(column) = prepared.target.columns.iter().find(|column| !column.fit.faithful) {
            return Ok(ReadBack::Impossible(format!(
                "column {:?} is not staged in a type that its values can be read back from as they were",
                column.source
            )));
        }
        let names: Vec<String> = prepared
            .schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        // One behind the other, each opened when it is its turn.
        let settings = self.settings.clone();
        let batches = stream::iter(prepared.tables.counted())
            .then(move |table| {
                let settings = settings.clone();
                async move { source::whole(&settings, &table, READ_BACK_BYTES).await }
            })
            .try_flatten();
        Ok(ReadBack::Batches(
            batches
                .map(move |batch| batch.and_then(|batch| renamed(batch, &names)))
                .boxed(),
        ))
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let prepared = self.prepared()?;
        let rows = prepared.rows.ok_or_else(|| {
            let text = "the sink was not verified before its commit";
            Fault::new(Code::Internal, text)
        })?;
        let (tables, all) = (prepared.tables.counted(), prepared.tables.all());
        let publication = Publication {
            target: &prepared.target,
            stage: &prepared.stage,
            tables: &tables,
            all: &all,
            key: &prepared.key,
            rows,
            script: &self.script,
            merge: &prepared.merge,
        };
        if prepared.direct {
            return self.open(prepared).await?.lock().await.publish(&publication).await;
        }
        let mut session = self.session().await?;
        // The lock ends with the session.
        Ledger::of(&prepared.target.name)
            .lock(&mut session, &prepared.key)
            .await?;
        if tables.len() > 1 {
            prepared.limits.check_uptime(&mut session).await?;
        }
        publication.publish(&mut session).await
    }

    async fn abort(&mut self) {
        let Some(mut prepared) = self.prepared.take() else {
            return;
        };
        // Takes back what is open; its writers are gone.
        drop(prepared.open.take());
        let dropped = async {
            let mut session = self.session().await?;
            let ledger = Ledger::of(&prepared.target.name);
            ledger.lock(&mut session, &prepared.key).await?;
            // What was decided to be published is no leftover.
            let pending = ledger.pending(&mut session, &prepared.key).await?;
            if pending.as_deref() != Some(prepared.stage.table.as_str()) {
                stage::drop_all(&mut session, &prepared.tables.all()).await;
            }
            Ok::<(), Fault>(())
        };
        if let Err(fault) = dropped.await {
            tracing::warn!(table = %prepared.stage, %fault, "Staging table stays until the next attempt");
        }
    }

    fn bytes_written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// A batch with other names for its columns, and without those behind them.
fn renamed(batch: RecordBatch, names: &[String]) -> Result<RecordBatch, Fault> {
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(names);
    let fields: Vec<Field> = fields
        .map(|(field, name)| field.as_ref().clone().with_name(name))
        .collect();
    let columns = batch.columns().iter().take(names.len()).cloned().collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|error| Fault::new(Code::Internal, format!("reading back: {error}")))
}

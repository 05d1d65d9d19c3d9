//! Writing a table: staged beside it, published with one transaction.

mod commit;
mod moves;
mod parted;
mod parts;
mod stage;
mod target;
#[cfg(test)]
mod tests;
mod trial;
mod writer;

use crate::names::TableName;
use crate::session::Session;
use crate::settings::{Settings, property};
use crate::source::read as source_read;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use commit::Publication;
use moves::Moves;
use parted::PartedWriter;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault};
use sluice_store_core::{
    CommitKey, Committed, Part, ReadBack, Rejects, Sink, SinkRequest, Staged, Staging, TableSink, WriteBehavior,
    Writer, Written,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use target::Target;
use writer::{BulkWriter, Place};

/// A table to be written.
pub(crate) struct SqlServerSink {
    settings: Arc<Settings>,
    table: TableName,
    create: bool,
    script: Option<String>,
    behavior: WriteBehavior,
    /// The schema that staging tables are made in; the target's where it is none.
    interim: Option<String>,
    lock_table: bool,
    rejects: Option<Rejects>,
    bytes: Arc<AtomicU64>,
    staging: Staging,
    /// Another attempt could go on: parts are kept.
    keeps_parts: bool,
    prepared: Option<Prepared>,
}

/// What `prepare` found out.
struct Prepared {
    target: Target,
    stage: TableName,
    key: CommitKey,
    schema: SchemaRef,
    /// Where parts are kept: their table, and those that are staged already.
    parts: Option<(TableName, Vec<Part>)>,
    rows: Option<u64>,
    /// Whether an attempt before this one has published the job.
    replayed: bool,
}

/// Ways of writing that put the rows into the hands of the user's own code: they are refused, and not done in another way.
const REFUSED: [&str; 4] = [
    "sqlWriterStoredProcedureName",
    "sqlWriterTableType",
    "storedProcedureTableTypeParameterName",
    "sliceIdentifierColumnName",
];

impl SqlServerSink {
    /// Reads the request; nothing is opened yet.
    ///
    /// # Errors
    /// `SL6013`, naming what is missing or not served.
    pub(crate) fn new(settings: Arc<Settings>, request: &SinkRequest) -> Result<Self, Fault> {
        let table =
            TableName::of_dataset(&request.dataset)?.ok_or_else(|| property("the sink's dataset names no table"))?;
        if table.table.starts_with('#') {
            return Err(property(
                "the sink's table is a temporary one, which ends with the session that writes it",
            ));
        }
        for name in REFUSED {
            if member(&request.activity, name).is_some_and(|value| !value.is_null()) {
                return Err(property(format!(
                    "the sink's `{name}` is not served: rows are inserted or upserted"
                )));
            }
        }
        let TableSink {
            create,
            script,
            behavior,
        } = TableSink::of(&request.activity)?;
        // The name that it had in version 1 of ADF.
        let cleanup = text(&request.activity, "sqlWriterCleanupScript").filter(|script| !script.trim().is_empty());
        let upsert = member(&request.activity, "upsertSettings").and_then(|value| value.as_object());
        let interim = upsert
            .and_then(|settings| text(settings, "interimSchemaName"))
            .map(str::trim);
        let lock =
            member(&request.activity, "sqlWriterUseTableLock").is_some_and(|value| value.as_bool() == Some(true));
        Ok(Self {
            settings,
            table,
            create,
            script: script.or(cleanup.map(str::to_owned)),
            behavior,
            interim: interim.filter(|name| !name.is_empty()).map(str::to_owned),
            lock_table: lock,
            rejects: request.rejects.clone(),
            bytes: Arc::new(AtomicU64::new(0)),
            staging: request.staging.clone(),
            keeps_parts: request.resumable && !request.rejects.as_ref().is_some_and(Rejects::allows_rows),
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
impl Sink for SqlServerSink {
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        let mut session = Session::open(&self.settings).await?;
        let target = Target::plan(&mut session, &self.table, self.create, &self.behavior, &schema).await?;
        let replayed = commit::prepare(&mut session, &target.name, key).await?;
        let place = self.interim.as_deref().or(target.name.schema.as_deref());
        let (stage, parts) = match self.keeps_parts {
            true => {
                let parted = parts::open(&mut session, &target, place, key, &self.staging).await?;
                (parted.stage, Some((parted.parts, parted.whole)))
            }
            false => {
                let stage = stage::name(place, key);
                stage::create(&mut session, &target, &stage, key, self.rejects.is_some()).await?;
                (stage, None)
            }
        };
        self.prepared = Some(Prepared {
            target,
            stage,
            key: key.clone(),
            schema,
            parts,
            rows: None,
            replayed,
        });
        Ok(())
    }

    fn parts(&self) -> Option<&[Part]> {
        let (_, whole) = self.prepared.as_ref()?.parts.as_ref()?;
        Some(whole)
    }

    async fn start_over(&mut self) -> Result<(), Fault> {
        let mut session = Session::open(&self.settings).await?;
        if let Some(prepared) = &mut self.prepared
            && let Some((parts, whole)) = &mut prepared.parts
        {
            parts::empty(&mut session, parts, &prepared.stage).await?;
            whole.clear();
        }
        Ok(())
    }

    async fn release(&mut self) {
        self.prepared = None;
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        let Prepared {
            target, stage, parts, ..
        } = self.prepared()?;
        let place = Place {
            stage: stage.clone(),
            columns: target.columns.clone(),
            rejects: self.rejects.clone(),
            bytes: self.bytes.clone(),
        };
        let bulk = BulkWriter::open(&self.settings, place).await?;
        match parts {
            None => Ok(Box::new(bulk)),
            Some((parts, _)) => Ok(Box::new(PartedWriter {
                bulk,
                parts: parts.clone(),
                open: None,
            })),
        }
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let prepared = self.prepared()?;
        // The rows of a job that was published would meet themselves, and be taken for what does not fit.
        if let Some(rejects) = self.rejects.as_ref().filter(|_| !prepared.replayed) {
            let session = Session::open(&self.settings).await?;
            let moves = Moves {
                target: &prepared.target,
                stage: &prepared.stage,
                lock_table: self.lock_table,
            };
            trial::run(session, &self.settings, &moves, self.script.as_deref(), rejects).await?;
        }
        let mut session = Session::open(&self.settings).await?;
        let rows = stage::count(&mut session, &prepared.stage).await?;
        if let Some(prepared) = &mut self.prepared {
            prepared.rows = Some(rows);
        }
        Ok(Staged {
            rows,
            bytes: self.bytes_written(),
        })
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        if what == Written::Published {
            return Ok(ReadBack::Impossible(
                "published rows are not told from others in the table".to_owned(),
            ));
        }
        let prepared = self.prepared()?;
        let session = Session::open(&self.settings).await?;
        let reading = source_read::Reading {
            doing: format!("reading back {}", prepared.stage),
            statement: format!("SELECT {} FROM {}", prepared.target.list(), prepared.stage.quoted()),
            schema: prepared.target.read_back(&prepared.schema),
            batch_bytes: 4 << 20,
            bytes_read: Arc::default(),
            rejects: None,
        };
        Ok(ReadBack::Batches(source_read::stream(session, reading)?))
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let prepared = self.prepared()?;
        let rows = prepared.rows.ok_or_else(|| {
            let text = "the sink was not verified before its commit";
            Fault::new(Code::Internal, text)
        })?;
        // Dropped in the middle, its connection is closed, and the server rolls back.
        let mut session = Session::open(&self.settings).await?;
        let publication = Publication {
            target: &prepared.target,
            stage: &prepared.stage,
            parts: prepared.parts.as_ref().map(|(parts, _)| parts),
            key: &prepared.key,
            rows,
            script: self.script.as_deref(),
            lock_table: self.lock_table,
        };
        commit::publish(&mut session, &publication).await
    }

    async fn abort(&mut self) {
        let Some(prepared) = self.prepared.take() else { return };
        let dropped = async {
            let mut session = Session::open(&self.settings).await?;
            match &prepared.parts {
                Some((parts, _)) => parts::drop_own(&mut session, parts, &prepared.stage).await,
                None => stage::drop(&mut session, &prepared.stage).await,
            }
        };
        if let Err(fault) = dropped.await {
            tracing::warn!(table = %prepared.stage, %fault, "Staging table stays until the next attempt");
        }
    }

    fn bytes_written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

//! Writing a table: staged beside it in the same file, published with one transaction.

mod back;
mod bind;
mod commit;
mod fit;
mod parts;
mod rejected;
mod script;
mod side;
mod stage;
mod target;
mod trial;
mod upsert;
mod writer;

use crate::database::{Shared, blocking, open_to_write};
use crate::errors;
use crate::names;
use crate::reading;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use commit::Publication;
use sluice_contract::{Code, Fault};
use sluice_store_core::{
    CommitKey, Committed, Part, ReadBack, Rejects, Sink, SinkRequest, Staged, Staging, TableSink, WriteBehavior,
    Writer, Written,
};
use stage::Stage;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use target::Target;
use writer::StageWriter;

/// A table to be written.
pub(crate) struct SqliteSink {
    path: PathBuf,
    table: String,
    create: bool,
    script: Option<String>,
    behavior: WriteBehavior,
    rejects: Option<Rejects>,
    bytes: Arc<AtomicU64>,
    staging: Staging,
    /// Another attempt could go on: parts are kept.
    keeps_parts: bool,
    prepared: Option<Prepared>,
}

/// What `prepare` found out.
struct Prepared {
    /// The one connection that writes; SQLite has room for no more.
    connection: Shared,
    target: Arc<Target>,
    stage: Stage,
    schema: SchemaRef,
    key: CommitKey,
    /// Those that are staged already.
    parts: Option<Vec<Part>>,
    rows: Option<u64>,
}

impl SqliteSink {
    /// Reads the request; nothing is opened yet.
    ///
    /// # Errors
    /// `SL6013`, naming what is missing or not served.
    pub(crate) fn new(path: PathBuf, request: &SinkRequest) -> Result<Self, Fault> {
        let table = names::table_of(&request.dataset)
            .ok_or_else(|| Fault::new(Code::PropertyMissing, "the sink's dataset names no table"))?;
        let asked = TableSink::of(&request.activity)?;
        let TableSink {
            create,
            script,
            behavior,
        } = asked;
        Ok(Self {
            path,
            table,
            create,
            script,
            behavior,
            rejects: request.rejects.clone().filter(Rejects::allows_rows),
            bytes: Arc::new(AtomicU64::new(0)),
            staging: request.staging.clone(),
            keeps_parts: request.resumable && !request.rejects.as_ref().is_some_and(Rejects::allows_rows),
            prepared: None,
        })
    }

    fn publication(&self, prepared: &Prepared, rows: u64) -> Publication {
        Publication {
            target: prepared.target.clone(),
            stage: prepared.stage.clone(),
            key: prepared.key.clone(),
            rows,
            script: self.script.clone(),
        }
    }

    /// Leaves out the staged rows that the target would not take.
    async fn try_rows(&self, prepared: &Prepared, rejects: &Rejects) -> Result<(), Fault> {
        let Some(number) = prepared.target.row_number() else {
            return Ok(());
        };
        let place = (prepared.target.as_ref(), &prepared.stage, number);
        if let Some(upsert) = prepared.target.upsert.clone() {
            let stage = prepared.stage.sql();
            let unusable = prepared
                .connection
                .with(move |connection| upsert.unusable(connection, &stage, number));
            rejected::leave_out(&prepared.connection, place, &unusable.await?, rejects).await?;
        }
        let publication = self.publication(prepared, 0);
        let refused = prepared
            .connection
            .with(move |connection| trial::refused(connection, &publication, number));
        rejected::leave_out(&prepared.connection, place, &refused.await?, rejects).await
    }

    fn prepared(&self) -> Result<&Prepared, Fault> {
        self.prepared
            .as_ref()
            .ok_or_else(|| Fault::new(Code::Internal, "the sink was not prepared"))
    }
}

#[async_trait]
impl Sink for SqliteSink {
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        let (path, table, create, key) = (self.path.clone(), self.table.clone(), self.create, key.clone());
        let (behavior, staging, keeps_parts) = (self.behavior.clone(), self.staging.clone(), self.keeps_parts);
        let prepared = blocking(move || {
            let mut connection = open_to_write(&path, create)?;
            let target = Target::plan(&connection, &table, create, &behavior, &schema)?;
            commit::check(&connection, &key)?;
            let beside = reading::is_read(&path) && !has_log(&connection)?;
            let (stage, parts) = match keeps_parts && !beside && parts::have_room(&target) {
                true => {
                    let (stage, parts) = stage::parted(&mut connection, &path, &target, &key, &staging)?;
                    (stage, Some(parts))
                }
                // A file of its own that other connections read at the same time is begun anew.
                false => (stage::create(&connection, (&path, beside), &target, &key)?, None),
            };
            Ok(Prepared {
                connection: Shared::new(connection),
                target: Arc::new(target),
                stage,
                schema,
                key,
                parts,
                rows: None,
            })
        });
        self.prepared = Some(prepared.await?);
        Ok(())
    }

    fn parts(&self) -> Option<&[Part]> {
        self.prepared.as_ref()?.parts.as_deref()
    }

    async fn start_over(&mut self) -> Result<(), Fault> {
        let Some(prepared) = &mut self.prepared else {
            return Ok(());
        };
        if let Some(parts) = &mut prepared.parts {
            let table = prepared.stage.table.clone();
            prepared
                .connection
                .with(move |connection| parts::empty(connection, &table))
                .await?;
            parts.clear();
        }
        Ok(())
    }

    async fn release(&mut self) {
        self.prepared = None;
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        let prepared = self.prepared()?;
        Ok(Box::new(StageWriter {
            connection: prepared.connection.clone(),
            target: prepared.target.clone(),
            insert: prepared.target.stage_insert(&prepared.stage.sql()),
            parts: prepared.parts.as_ref().map(|_| (prepared.stage.clone(), None)),
            rejects: self.rejects.clone(),
            bytes: self.bytes.clone(),
            rows: 0,
        }))
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        let prepared = self.prepared()?;
        if let Some(rejects) = &self.rejects {
            self.try_rows(prepared, rejects).await?;
        }
        let (stage, target, parted) = (
            prepared.stage.clone(),
            prepared.target.clone(),
            prepared.parts.is_some(),
        );
        let rows = prepared.connection.with(move |connection| {
            if parted {
                stage.check(connection)?;
                // Another node that wrote parts, too, may have been cut off in the middle of one.
                parts::keep_whole(connection, &stage.table)?;
            }
            let rows = stage.count(connection)?;
            if let Some(upsert) = &target.upsert {
                upsert.check(connection, &stage.sql())?;
            }
            Ok(rows)
        });
        let rows = rows.await?;
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
            // They are among others there, and were the same rows a moment ago.
            let text = "rows are read back from the staging table only";
            return Ok(ReadBack::Impossible(text.to_owned()));
        }
        let (connection, target) = (&prepared.connection, &prepared.target);
        Ok(back::staged(connection, target, &prepared.stage, &prepared.schema).await)
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        let prepared = self.prepared()?;
        let rows = prepared.rows.ok_or_else(|| {
            let text = "the sink was not verified before its commit";
            Fault::new(Code::Internal, text)
        })?;
        let publication = self.publication(prepared, rows);
        let replayed = prepared
            .connection
            .with(move |connection| publication.publish(connection))
            .await?;
        Ok(Committed {
            location: format!("{}: {}", self.path.display(), prepared.target.name),
            replayed,
        })
    }

    async fn abort(&mut self) {
        let Some(prepared) = self.prepared.take() else { return };
        let stage = prepared.stage.clone();
        let dropped = prepared.connection.with(move |connection| stage.remove(connection));
        if let Err(fault) = dropped.await {
            tracing::warn!(table = %prepared.stage.table, %fault, "Staging table stays until the next attempt");
        }
    }

    fn bytes_written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Whether the database has a write-ahead log.
fn has_log(connection: &rusqlite::Connection) -> Result<bool, Fault> {
    let mode: String = connection
        .query_row("PRAGMA main.journal_mode", [], |row| row.get(0))
        .map_err(|error| errors::fault("asking for the journal mode", &error))?;
    Ok(mode.eq_ignore_ascii_case("wal"))
}

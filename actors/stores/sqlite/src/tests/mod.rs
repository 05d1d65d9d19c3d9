//! The family through its public face, against database files.

mod back;
mod itself;
mod rejects;
mod sink;
mod source;
mod split;
mod upsert;

use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use rusqlite::Connection as Raw;
use serde_json::{Value, json};
use sluice_contract::{Fault, JobId};
use sluice_store_core::{
    CommitKey, Committed, Connection, Rejects, Sink, SinkRequest, Source, SourceRequest, StoreProperties,
};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A database file in a folder of its own.
pub(crate) struct Database {
    folder: TempDir,
}

impl Database {
    /// Made by these statements.
    pub(crate) fn new(statements: &str) -> Self {
        let database = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        database.raw().execute_batch(statements).unwrap();
        database
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("data.db")
    }

    pub(crate) fn raw(&self) -> Raw {
        Raw::open(self.path()).unwrap()
    }

    /// The answer to a query of one value.
    pub(crate) fn one(&self, query: &str) -> String {
        let value: rusqlite::types::Value = self.raw().query_row(query, [], |row| row.get(0)).unwrap();
        match value {
            rusqlite::types::Value::Null => "NULL".into(),
            rusqlite::types::Value::Integer(value) => value.to_string(),
            rusqlite::types::Value::Real(value) => value.to_string(),
            rusqlite::types::Value::Text(value) => value,
            rusqlite::types::Value::Blob(value) => format!("{value:?}"),
        }
    }

    pub(crate) async fn connect(&self) -> Arc<dyn Connection> {
        connect(&self.path()).await
    }

    /// A source of a table.
    pub(crate) async fn table(&self, table: &str, parallel: usize) -> Result<Box<dyn Source>, Fault> {
        self.source(json!({ "tableName": table }), json!({}), parallel).await
    }

    /// A source of a query.
    pub(crate) async fn query(&self, query: &str) -> Result<Box<dyn Source>, Fault> {
        self.source(json!({}), json!({ "query": query }), 4).await
    }

    pub(crate) async fn source(
        &self,
        dataset: Value,
        activity: Value,
        parallel: usize,
    ) -> Result<Box<dyn Source>, Fault> {
        let request = SourceRequest {
            dataset_kind: "SqliteTable".into(),
            dataset: dataset.as_object().unwrap().clone(),
            activity: activity.as_object().unwrap().clone(),
            parallel,
            batch_bytes: 64 * 1024,
            ..SourceRequest::default()
        };
        self.connect().await.source(request).await
    }

    /// A sink of a table.
    pub(crate) async fn sink(&self, table: &str, activity: Value) -> Result<Box<dyn Sink>, Fault> {
        self.sink_with(table, activity, None).await
    }

    /// A sink that may leave out rows.
    pub(crate) async fn sink_with(
        &self,
        table: &str,
        activity: Value,
        rejects: Option<Rejects>,
    ) -> Result<Box<dyn Sink>, Fault> {
        let request = SinkRequest {
            dataset_kind: "SqliteTable".into(),
            dataset: json!({ "table": table }).as_object().unwrap().clone(),
            activity: activity.as_object().unwrap().clone(),
            parallel: 2,
            default_name: "x".into(),
            rejects,
            ..SinkRequest::default()
        };
        self.connect().await.sink(request).await
    }

    /// Writes a batch into a table, from prepare to commit.
    pub(crate) async fn write(&self, table: &str, activity: Value, batch: &RecordBatch) -> Result<Committed, Fault> {
        self.write_as(table, activity, batch, &key("job-1", 1, 1)).await
    }

    pub(crate) async fn write_as(
        &self,
        table: &str,
        activity: Value,
        batch: &RecordBatch,
        key: &CommitKey,
    ) -> Result<Committed, Fault> {
        let mut sink = self.sink(table, activity).await?;
        sink.prepare(batch.schema(), key).await?;
        let mut writer = sink.writer().await?;
        writer.write(batch.clone()).await?;
        writer.finish().await?;
        assert_eq!(sink.verify().await?.rows, batch.num_rows() as u64);
        sink.commit().await
    }
}

pub(crate) async fn connect(path: &std::path::Path) -> Arc<dyn Connection> {
    let properties = StoreProperties {
        kind: "Sqlite".into(),
        public: json!({ "path": path }).as_object().unwrap().clone(),
        ..StoreProperties::default()
    };
    crate::connector().connect(properties).await.unwrap()
}

pub(crate) fn key(job: &str, attempt: u32, token: u64) -> CommitKey {
    CommitKey {
        job: JobId::new(job),
        attempt,
        token,
    }
}

/// All batches of all partitions, in order.
pub(crate) async fn batches(source: &dyn Source) -> Result<Vec<RecordBatch>, Fault> {
    let mut all = Vec::new();
    for partition in source.partitions() {
        all.extend(source.read(partition).await?.try_collect::<Vec<_>>().await?);
    }
    Ok(all)
}

/// Everything in one batch.
pub(crate) async fn everything(source: &dyn Source) -> Result<RecordBatch, Fault> {
    Ok(arrow::compute::concat_batches(&source.schema(), &batches(source).await?).unwrap())
}

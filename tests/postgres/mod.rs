//! PostgreSQL's ways of splitting, publishing, leaving out and passing through.

mod lines;
mod login;
mod passing;
mod splits;
mod writes;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use futures::TryStreamExt;
use serde_json::{Value, json};
use sluice_contract::{Fault, JobId, Object};
use sluice_store_core::{
    CommitKey, Committed, Connection, RejectLog, Rejected, Rejects, Sink, SinkRequest, Source, SourceRequest,
    StoreProperties,
};
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use std::sync::{Arc, Mutex};

/// A server with a connection of Sluice's to it.
struct Shop {
    server: Postgres,
    connection: Arc<dyn Connection>,
}

impl Shop {
    async fn open(script: &str) -> Self {
        sluice_tests::init_tls();
        let server = Postgres::start();
        server.sql(script).await;
        let public = json!({
            "server": "127.0.0.1", "port": server.port, "database": "postgres", "username": USER, "sslMode": 0 });
        let mut properties = StoreProperties {
            kind: "PostgreSqlV2".into(),
            public: object(public),
            ..Default::default()
        };
        properties.secrets.insert("password", PASSWORD);
        let connection = sluice_store_postgres::connector().connect(properties).await.unwrap();
        Self { server, connection }
    }

    async fn source(&self, table: &str, activity: Value, parallel: usize) -> Result<Box<dyn Source>, Fault> {
        self.source_with(table, activity, parallel, None).await
    }

    async fn source_with(
        &self,
        table: &str,
        activity: Value,
        parallel: usize,
        rejects: Option<Rejects>,
    ) -> Result<Box<dyn Source>, Fault> {
        let dataset = match table {
            "" => json!({}),
            table => json!({ "table": table }),
        };
        let request = SourceRequest {
            dataset_kind: "PostgreSqlV2Table".into(),
            dataset: object(dataset),
            activity: object(activity),
            parallel,
            batch_bytes: 64 * 1024,
            rejects,
            ..Default::default()
        };
        self.connection.source(request).await
    }

    async fn sink(&self, table: &str, activity: Value, rejects: Option<Rejects>) -> Result<Box<dyn Sink>, Fault> {
        let request = SinkRequest {
            dataset_kind: "PostgreSqlV2Table".into(),
            dataset: object(json!({ "table": table })),
            activity: object(activity),
            parallel: 2,
            default_name: "t".into(),
            rejects,
            ..Default::default()
        };
        self.connection.sink(request).await
    }

    /// A copy of one batch, by two writers, up to the commit.
    async fn staged(
        &self,
        table: &str,
        activity: Value,
        batch: &RecordBatch,
        (key, rejects): (&CommitKey, Option<Rejects>),
    ) -> Result<Box<dyn Sink>, Fault> {
        let mut sink = self.sink(table, activity, rejects).await?;
        sink.prepare(batch.schema(), key).await?;
        let half = batch.num_rows() / 2;
        let written = async {
            let (mut a, mut b) = (sink.writer().await?, sink.writer().await?);
            a.write(batch.slice(0, half)).await?;
            b.write(batch.slice(half, batch.num_rows() - half)).await?;
            a.finish().await?;
            b.finish().await?;
            Ok(())
        };
        let written: Result<(), Fault> = written.await;
        let verified = match written {
            Ok(()) => sink.verify().await.map(drop),
            Err(fault) => Err(fault),
        };
        match verified {
            Ok(()) => Ok(sink),
            Err(fault) => {
                sink.abort().await;
                Err(fault)
            }
        }
    }

    async fn write(&self, table: &str, activity: Value, batch: &RecordBatch) -> Result<Committed, Fault> {
        let mut sink = self.staged(table, activity, batch, (&key(), None)).await?;
        let committed = sink.commit().await;
        if committed.is_err() {
            sink.abort().await;
        }
        committed
    }

    /// Rows of a query that returns one text each, joined by spaces.
    async fn list(&self, query: &str) -> String {
        self.server
            .one(&format!(
                "SELECT coalesce(string_agg(v, ' '), '') FROM ({query}) AS q(v)"
            ))
            .await
    }

    /// What is staged, or left behind.
    async fn leftovers(&self) -> String {
        self.list("SELECT relname::text FROM pg_class WHERE relname LIKE '\\_sluice%'")
            .await
    }
}

/// Collects what is left out.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Rejected>>>);

#[async_trait]
impl RejectLog for Log {
    async fn put(&self, rejected: Rejected) -> Result<(), Fault> {
        self.0.lock().unwrap().push(rejected);
        Ok(())
    }
}

impl Log {
    fn rejects(&self) -> Rejects {
        Rejects::new(Arc::new(self.clone()))
    }

    /// Records and the reasons' texts.
    fn all(&self) -> Vec<(String, String)> {
        let rejected = self.0.lock().unwrap();
        rejected
            .iter()
            .map(|row| (row.record.clone(), row.fault.message.clone()))
            .collect()
    }
}

fn object(value: Value) -> Object {
    value.as_object().cloned().expect("an object")
}

/// A fresh job's first attempt.
fn key() -> CommitKey {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    CommitKey {
        job: JobId::new(format!("0197b2c4-7d4e-7abc-8def-{count:012}")),
        attempt: 1,
        token: 1,
    }
}

/// All rows of all partitions as texts with bars between, and how many partitions there are.
async fn read(source: &dyn Source) -> Result<(Vec<String>, usize), Fault> {
    let options = FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for partition in source.partitions() {
        let batches: Vec<RecordBatch> = source.read(partition).await?.try_collect().await?;
        for batch in batches {
            // Without a list of time zones Arrow shows no instant.
            let shown = |array: &ArrayRef| match array.data_type() {
                DataType::Timestamp(_, Some(_)) => cast(array, &DataType::Int64).unwrap(),
                _ => array.clone(),
            };
            let arrays: Vec<ArrayRef> = batch.columns().iter().map(shown).collect();
            let columns: Vec<ArrayFormatter<'_>> = arrays
                .iter()
                .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
                .collect();
            for row in 0..batch.num_rows() {
                let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
                lines.push(cells.join("|"));
            }
        }
    }
    lines.sort();
    Ok((lines, source.partitions().len()))
}

//! MySQL's types, snapshots, faults and ways of writing, against MariaDB.

mod direct;
mod faults;
mod login;
mod reads;
mod refused;
mod snapshot;
mod types;
mod values;
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
use sluice_tests::mariadb::{DATABASE, MariaDb, PASSWORD, USER};
use std::sync::{Arc, Mutex};

/// A server with a connection of Sluice's to it.
struct Shop {
    server: MariaDb,
    connection: Arc<dyn Connection>,
}

impl Shop {
    async fn open() -> Self {
        Self::on(MariaDb::start()).await
    }

    async fn on(server: MariaDb) -> Self {
        let connection = connect(&server, json!({}), PASSWORD).await.unwrap();
        Self { server, connection }
    }

    async fn source(&self, dataset: Value, activity: Value, parallel: usize) -> Result<Box<dyn Source>, Fault> {
        self.source_with(dataset, activity, parallel, None).await
    }

    async fn source_with(
        &self,
        dataset: Value,
        activity: Value,
        parallel: usize,
        rejects: Option<Rejects>,
    ) -> Result<Box<dyn Source>, Fault> {
        let request = SourceRequest {
            dataset_kind: "MariaDBTable".into(),
            dataset: object(dataset),
            activity: object(activity),
            parallel,
            batch_bytes: 64 * 1024,
            rejects,
            ..Default::default()
        };
        self.connection.source(request).await
    }

    /// A table's rows, as texts with bars between, in the order of the first column.
    async fn table(&self, table: &str) -> Result<Vec<String>, Fault> {
        let batches = read(self.source(json!({ "tableName": table }), json!({}), 2).await?.as_ref()).await?;
        Ok(lines(&batches))
    }

    /// A query's rows.
    async fn query(&self, query: &str) -> Result<Vec<String>, Fault> {
        let batches = read(self.source(json!({}), json!({ "query": query }), 2).await?.as_ref()).await?;
        Ok(lines(&batches))
    }

    async fn sink(&self, table: &str, activity: Value, rejects: Option<Rejects>) -> Result<Box<dyn Sink>, Fault> {
        self.connection.sink(Self::request(table, activity, rejects)).await
    }

    /// One of which what is staged can be read before the commit: into a staging table, also where the table is there.
    async fn readable_sink(&self, table: &str) -> Box<dyn Sink> {
        let mut request = Self::request(table, json!({}), None);
        request.reads_back = true;
        self.connection.sink(request).await.unwrap()
    }

    fn request(table: &str, activity: Value, rejects: Option<Rejects>) -> SinkRequest {
        SinkRequest {
            dataset_kind: "MariaDBTable".into(),
            dataset: object(json!({ "table": table })),
            activity: object(activity),
            parallel: 2,
            default_name: "t".into(),
            rejects,
            ..Default::default()
        }
    }

    async fn staged(
        &self,
        table: &str,
        activity: Value,
        batch: &RecordBatch,
        key: &CommitKey,
    ) -> Result<Box<dyn Sink>, Fault> {
        let sink = self.sink(table, activity, None).await?;
        self.stage(sink, batch, key).await
    }

    async fn stage(
        &self,
        mut sink: Box<dyn Sink>,
        batch: &RecordBatch,
        key: &CommitKey,
    ) -> Result<Box<dyn Sink>, Fault> {
        sink.prepare(batch.schema(), key).await?;
        let written = async {
            let mut writer = sink.writer().await?;
            writer.write(batch.clone()).await?;
            writer.finish().await
        };
        if let Err(fault) = written.await {
            sink.abort().await;
            return Err(fault);
        }
        sink.verify().await?;
        Ok(sink)
    }

    /// A copy of one batch, and nothing of it when it fails.
    async fn write(&self, table: &str, activity: Value, batch: &RecordBatch) -> Result<Committed, Fault> {
        let mut sink = self.staged(table, activity, batch, &key()).await?;
        let committed = sink.commit().await;
        if committed.is_err() {
            sink.abort().await;
        }
        committed
    }

    /// Tables that are there, without the one that remembers jobs.
    async fn tables(&self) -> Vec<String> {
        let list = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' \
            AND TABLE_NAME <> 'sluice_commit' ORDER BY 1";
        self.server.rows(list).await
    }
}

/// A connection with more properties than are needed.
async fn connect(server: &MariaDb, more: Value, password: &str) -> Result<Arc<dyn Connection>, Fault> {
    sluice_tests::init_tls();
    let mut public = object(json!({
        "server": "127.0.0.1", "port": server.port, "database": DATABASE, "username": USER }));
    public.extend(object(more));
    let mut properties = StoreProperties {
        kind: "MariaDB".into(),
        public,
        ..Default::default()
    };
    properties.secrets.insert("password", password);
    sluice_store_mysql::connector().connect(properties).await
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

/// The job's next attempt.
fn next(key: &CommitKey) -> CommitKey {
    CommitKey {
        attempt: key.attempt + 1,
        token: key.token + 1,
        ..key.clone()
    }
}

async fn read(source: &dyn Source) -> Result<Vec<RecordBatch>, Fault> {
    let mut all = Vec::new();
    for partition in source.partitions() {
        let batches: Vec<RecordBatch> = source.read(partition).await?.try_collect().await?;
        all.extend(batches);
    }
    Ok(all)
}

fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for batch in batches {
        let plain: Vec<ArrayRef> = batch.columns().iter().map(plain).collect();
        let columns: Vec<ArrayFormatter<'_>> = plain
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            lines.push(cells.join("|"));
        }
    }
    lines.sort();
    lines
}

/// Arrow shows no zones by their names here.
fn plain(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => cast(column, &DataType::Timestamp(*unit, Some("+00:00".into()))).unwrap(),
        _ => column.clone(),
    }
}

/// Remembers what is left out.
#[derive(Default)]
struct Log(Mutex<Vec<Rejected>>);

#[async_trait]
impl RejectLog for Log {
    async fn put(&self, rejected: Rejected) -> Result<(), Fault> {
        self.0.lock().unwrap().push(rejected);
        Ok(())
    }
}

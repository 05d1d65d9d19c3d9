//! One store as the suite sees it.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;
use sluice_contract::{Code, Fault, JobId, Object};
use sluice_store_core::{CommitKey, Connection, Connector, Sink, SinkRequest, Source, SourceRequest, StoreProperties};
use std::any::Any;
use std::sync::Arc;

/// A store with its server, and what it promises.
pub(super) struct Place {
    /// The family.
    pub(super) connector: Arc<dyn Connector>,
    /// The linked service.
    pub(super) properties: StoreProperties,
    /// The same with a wrong password or key.
    pub(super) wrong_login: Option<StoreProperties>,
    /// The dataset's type.
    pub(super) dataset_kind: &'static str,
    /// The dataset's `typeProperties` for a table or file of this name.
    pub(super) dataset: Box<dyn Fn(&str) -> Value + Send + Sync>,
    /// The activity's `source`.
    pub(super) source: Value,
    /// The activity's `sink`.
    pub(super) sink: Value,
    /// What reading something that is not there says.
    pub(super) missing: Code,
    /// Whether a later attempt that has begun keeps an earlier one from publishing by the store's own means. Elsewhere the
    /// factory's answer to `job.prepare_commit` does, and the store only once the later one has published.
    pub(super) fences_staging: bool,
    /// Edge values that this store carries exactly.
    pub(super) data: RecordBatch,
    /// Everything a reader of the store could see, asked without Sluice; its own lasting bookkeeping left out.
    pub(super) holds: Box<dyn Fn() -> BoxFuture<'static, Vec<String>> + Send + Sync>,
    /// The server and the directories, which end with this.
    pub(super) _alive: Box<dyn Any + Send + Sync>,
}

impl Place {
    /// Opens it.
    pub(super) async fn connect(&self) -> Arc<dyn Connection> {
        self.connector.connect(self.properties.clone()).await.unwrap()
    }

    /// What to read.
    pub(super) fn source_request(&self, name: &str, parallel: usize) -> SourceRequest {
        SourceRequest {
            dataset_kind: self.dataset_kind.to_owned(),
            dataset: object((self.dataset)(name)),
            activity: object(self.source.clone()),
            parallel,
            batch_bytes: 64 * 1024,
            ..SourceRequest::default()
        }
    }

    /// What to write.
    pub(super) fn sink_request(&self, name: &str, parallel: usize) -> SinkRequest {
        SinkRequest {
            dataset_kind: self.dataset_kind.to_owned(),
            dataset: object((self.dataset)(name)),
            activity: object(self.sink.clone()),
            parallel,
            default_name: name.to_owned(),
            ..SinkRequest::default()
        }
    }

    /// Opens a sink and prepares it.
    pub(super) async fn prepared(
        &self,
        name: &str,
        key: &CommitKey,
        schema: SchemaRef,
    ) -> Result<Box<dyn Sink>, Fault> {
        let mut sink = self.connect().await.sink(self.sink_request(name, 2)).await?;
        sink.prepare(schema, key).await?;
        Ok(sink)
    }

    /// Writes batches with that many writers, and verifies them; not yet committed.
    pub(super) async fn staged(
        &self,
        name: &str,
        key: &CommitKey,
        batches: &[RecordBatch],
    ) -> Result<Box<dyn Sink>, Fault> {
        let mut sink = self.prepared(name, key, batches[0].schema()).await?;
        let mut writers = vec![sink.writer().await?, sink.writer().await?];
        for (i, batch) in batches.iter().enumerate() {
            writers[i % 2].write(batch.clone()).await?;
        }
        for writer in writers {
            writer.finish().await?;
        }
        let staged = sink.verify().await?;
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(staged.rows, rows as u64, "rows in the staging");
        assert_eq!(staged.bytes, sink.bytes_written(), "bytes in the staging");
        Ok(sink)
    }

    /// Writes batches and publishes them.
    pub(super) async fn write(&self, name: &str, batches: &[RecordBatch]) {
        let mut sink = self.staged(name, &key(1, 1), batches).await.unwrap();
        let committed = sink.commit().await.unwrap();
        assert!(!committed.replayed);
        assert!(committed.location.contains(name), "{committed:?}");
    }

    /// Reads everything, all partitions one after the other; at least one batch, if an empty one.
    pub(super) async fn read(&self, name: &str, parallel: usize) -> Result<Vec<RecordBatch>, Fault> {
        let source = self.connect().await.source(self.source_request(name, parallel)).await?;
        let mut batches = vec![RecordBatch::new_empty(source.schema())];
        for partition in source.partitions() {
            let read: Vec<RecordBatch> = source.read(partition).await?.try_collect().await?;
            batches.extend(read);
        }
        if batches.len() > 1 {
            assert!(source.bytes_read() > 0, "bytes read are counted");
        }
        Ok(batches)
    }

    /// The error of opening and reading something.
    pub(super) async fn read_fault(&self, properties: StoreProperties, name: &str) -> Fault {
        let opened = async {
            let connection = self.connector.connect(properties).await?;
            let source = connection.source(self.source_request(name, 1)).await?;
            let mut batches = source.read(&source.partitions()[0]).await?;
            while let Some(batch) = batches.next().await {
                batch?;
            }
            Ok(())
        };
        opened.await.expect_err("it has to fail")
    }
}

/// The identity of an attempt of a fresh job.
pub(super) fn key(attempt: u32, token: u64) -> CommitKey {
    CommitKey {
        job: JobId::generate(),
        attempt,
        token,
    }
}

/// The same job's next attempt.
pub(super) fn next(key: &CommitKey) -> CommitKey {
    CommitKey {
        job: key.job.clone(),
        attempt: key.attempt + 1,
        token: key.token + 1,
    }
}

/// A JSON object.
pub(super) fn object(value: Value) -> Object {
    value.as_object().cloned().expect("an object")
}

/// Public members and secrets, as a connector gets them.
pub(super) fn properties(kind: &str, public: Value, secrets: &[(&str, &str)]) -> StoreProperties {
    let mut properties = StoreProperties {
        kind: kind.to_owned(),
        public: object(public),
        ..Default::default()
    };
    for (name, value) in secrets {
        properties.secrets.insert(*name, *value);
    }
    properties
}

/// Rows of a source, for a quick look.
pub(super) fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// Whether a source says how many rows to expect, and is not far off, where it says so.
pub(super) fn check_expectation(source: &dyn Source, rows: u64) {
    if let Some(expected) = source.rows_expected() {
        assert!(expected <= rows * 10 + 1000, "it expects {expected} rows of {rows}");
    }
}

//! The connector before a peer.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use serde_json::{Value, json};
use sluice_contract::{Fault, JobId, Object};
use sluice_store_core::{
    CommitKey, Committed, Connection, RejectLog, Rejected, Rejects, Sink, SinkRequest, Source, SourceRequest,
    StoreProperties,
};
use sluice_tests::tds::{DATABASE, PASSWORD, TdsPeer, USER};
use std::sync::{Arc, Mutex};

pub(super) fn object(value: Value) -> Object {
    value.as_object().cloned().expect("an object")
}

/// A linked service of the peer, with members that are changed.
pub(super) fn properties(peer: &TdsPeer, more: Value) -> StoreProperties {
    let mut public = object(json!({
        "server": format!("127.0.0.1,{}", peer.port), "database": DATABASE, "userName": USER, "caCertificate": peer.identity.ca_pem }));
    public.extend(object(more));
    let mut properties = StoreProperties {
        kind: "SqlServer".to_owned(),
        public,
        ..Default::default()
    };
    properties.secrets.insert("password", PASSWORD);
    properties
}

pub(super) async fn connect(peer: &TdsPeer) -> Arc<dyn Connection> {
    sluice_store_sqlserver::connector()
        .connect(properties(peer, json!({})))
        .await
        .unwrap()
}

/// Opens a source of a table, or of what the activity says.
pub(super) async fn source(
    peer: &TdsPeer,
    table: &str,
    activity: Value,
    parallel: usize,
) -> Result<Box<dyn Source>, Fault> {
    let request = SourceRequest {
        dataset_kind: "SqlServerTable".to_owned(),
        dataset: object(json!({ "tableName": table })),
        activity: object(activity),
        parallel,
        batch_bytes: 64 * 1024,
        ..SourceRequest::default()
    };
    connect(peer).await.source(request).await
}

/// All rows of a source, one batch behind the other.
pub(super) async fn read(source: &dyn Source) -> Result<RecordBatch, Fault> {
    let mut all = vec![RecordBatch::new_empty(source.schema())];
    for partition in source.partitions() {
        let batches: Vec<RecordBatch> = source.read(partition).await?.try_collect().await?;
        all.extend(batches);
    }
    Ok(arrow::compute::concat_batches(&source.schema(), &all).unwrap())
}

/// A row's values as texts.
pub(super) fn row(batch: &RecordBatch, row: usize) -> String {
    let options = FormatOptions::default();
    let value = |array: &ArrayRef| {
        // Arrow knows UTC by its offset only.
        let plain = match array.data_type() {
            DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
            other => other.clone(),
        };
        let array = arrow::compute::cast(array, &plain).unwrap();
        ArrayFormatter::try_new(&array, &options)
            .unwrap()
            .value(row)
            .to_string()
    };
    batch.columns().iter().map(value).collect::<Vec<_>>().join(" | ")
}

pub(super) fn key() -> CommitKey {
    CommitKey {
        job: JobId::generate(),
        attempt: 1,
        token: 1,
    }
}

/// Opens a sink of a table.
pub(super) async fn sink(
    peer: &TdsPeer,
    table: &str,
    activity: Value,
    rejects: Option<Rejects>,
) -> Result<Box<dyn Sink>, Fault> {
    let request = SinkRequest {
        dataset_kind: "SqlServerTable".to_owned(),
        dataset: object(json!({ "tableName": table })),
        activity: object(activity),
        parallel: 1,
        rejects,
        ..SinkRequest::default()
    };
    connect(peer).await.sink(request).await
}

/// Writes one batch and publishes it.
pub(super) async fn write(
    peer: &TdsPeer,
    table: &str,
    activity: Value,
    batch: &RecordBatch,
) -> Result<Committed, Fault> {
    let mut sink = sink(peer, table, activity, None).await?;
    let written = async {
        sink.prepare(batch.schema(), &key()).await?;
        let mut writer = sink.writer().await?;
        writer.write(batch.clone()).await?;
        writer.finish().await?;
        sink.verify().await?;
        sink.commit().await
    };
    let outcome = written.await;
    if outcome.is_err() {
        sink.abort().await;
    }
    outcome
}

/// A log of rows that were left out.
#[derive(Default)]
pub(super) struct Log(pub(super) Mutex<Vec<Rejected>>);

#[async_trait::async_trait]
impl RejectLog for Log {
    async fn put(&self, rejected: Rejected) -> Result<(), Fault> {
        self.0.lock().unwrap().push(rejected);
        Ok(())
    }
}

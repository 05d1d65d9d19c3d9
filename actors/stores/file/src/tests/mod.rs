//! Copies into and out of real folders.

mod confine;
mod copies;
mod full;
mod staging;

use arrow::array::{Array, BinaryArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use serde_json::{Value, json};
use sluice_contract::{Fault, JobId, Object};
use sluice_store_core::{
    CommitKey, Connection, Sink, SinkRequest, Source, SourceRequest, Staged, StoreProperties, Writer,
};
use std::path::Path;
use std::sync::Arc;

async fn connect(host: &str) -> Result<Arc<dyn Connection>, Fault> {
    let properties = StoreProperties {
        kind: "FileServer".to_owned(),
        public: json!({ "host": host }).as_object().unwrap().clone(),
        secrets: Default::default(),
    };
    crate::connector().connect(properties).await
}

async fn rooted(root: &Path) -> Arc<dyn Connection> {
    connect(root.to_str().unwrap()).await.unwrap()
}

fn dataset(path: &str) -> Object {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let location = json!({"type": "FileServerLocation", "folderPath": folder, "fileName": file});
    json!({ "location": location }).as_object().unwrap().clone()
}

async fn sink(connection: &dyn Connection, kind: &str, path: &str) -> Result<Box<dyn Sink>, Fault> {
    let request = SinkRequest {
        dataset_kind: kind.to_owned(),
        dataset: dataset(path),
        parallel: 2,
        default_name: "out".to_owned(),
        ..SinkRequest::default()
    };
    connection.sink(request).await
}

async fn source(connection: &dyn Connection, kind: &str, dataset: Object) -> Result<Box<dyn Source>, Fault> {
    let request = SourceRequest {
        dataset_kind: kind.to_owned(),
        dataset,
        parallel: 2,
        batch_bytes: 1 << 20,
        activity: Object::new(),
        ..SourceRequest::default()
    };
    connection.source(request).await
}

fn key(job: &JobId, attempt: u32) -> CommitKey {
    CommitKey {
        job: job.clone(),
        attempt,
        token: u64::from(attempt) * 10,
    }
}

/// Prepares a sink and writes rows with one writer, which is finished.
async fn stage(sink: &mut dyn Sink, key: &CommitKey, batch: RecordBatch) -> Result<Staged, Fault> {
    sink.prepare(batch.schema(), key).await?;
    let mut writer: Box<dyn Writer> = sink.writer().await?;
    writer.write(batch).await?;
    writer.finish().await?;
    sink.verify().await
}

async fn rows(source: &dyn Source) -> Result<RecordBatch, Fault> {
    let mut batches = Vec::new();
    for partition in source.partitions() {
        let mut stream = source.read(partition).await?;
        while let Some(batch) = stream.next().await {
            batches.push(batch?);
        }
    }
    Ok(concat_batches(&source.schema(), &batches).unwrap())
}

fn numbers(rows: i64) -> RecordBatch {
    let texts = StringArray::from_iter_values(
        (0..rows).map(|row| format!("text {}", row.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64))),
    );
    let schema = Schema::new(vec![
        Field::new("number", DataType::Int64, false),
        Field::new("text", DataType::Utf8, false),
    ]);
    let numbers = Int64Array::from_iter_values(0..rows);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(numbers), Arc::new(texts)]).unwrap()
}

fn edges() -> RecordBatch {
    let texts = StringArray::from(vec![Some(""), None, Some("a\"b,\r\n\u{1F9EA}")]);
    let bytes = BinaryArray::from(vec![Some(b"".as_slice()), None, Some(b"\0\xff".as_slice())]);
    let stamps = TimestampMicrosecondArray::from(vec![Some(-1), None, Some(i64::MAX)]).with_timezone("UTC");
    let arrays: Vec<Arc<dyn Array>> = vec![Arc::new(texts), Arc::new(bytes), Arc::new(stamps)];
    let schema = Schema::new(vec![
        Field::new("text", DataType::Utf8, true),
        Field::new("bytes", DataType::Binary, true),
        Field::new(
            "tz",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
    ]);
    RecordBatch::try_new(Arc::new(schema), arrays).unwrap()
}

/// Names of all files and folders below a folder, sorted.
fn listing(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for item in std::fs::read_dir(&next).unwrap() {
            let path = item.unwrap().path();
            names.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            }
        }
    }
    names.sort();
    names
}

fn folder_of(path: &str) -> Object {
    let location: Value = json!({"type": "FileServerLocation", "folderPath": path});
    json!({ "location": location }).as_object().unwrap().clone()
}

//! The formats beside other programs that write and read them.

mod peers;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use futures::TryStreamExt;
use serde_json::{Value, json};
use sluice_contract::{JobId, Object};
use sluice_store_core::{CommitKey, Connection, SinkRequest, SourceRequest, StoreProperties};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder, and Sluice's store of it.
struct Folder {
    dir: tempfile::TempDir,
    store: Arc<dyn Connection>,
}

impl Folder {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let properties = StoreProperties {
            kind: "FileServer".to_owned(),
            public: object(json!({ "host": dir.path() })),
            ..Default::default()
        };
        let store = sluice_store_file::connector().connect(properties).await.unwrap();
        Self { dir, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn read(&self, kind: &str, file: &str, options: Value) -> RecordBatch {
        let request = SourceRequest {
            dataset_kind: kind.to_owned(),
            dataset: dataset(file, options),
            parallel: 1,
            batch_bytes: 1 << 20,
            ..SourceRequest::default()
        };
        let source = self.store.source(request).await.unwrap();
        let stream = source.read(&source.partitions()[0]).await.unwrap();
        let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
        concat_batches(&source.schema(), &batches).unwrap()
    }

    async fn write(&self, kind: &str, file: &str, options: Value, settings: Value, batch: &RecordBatch) {
        let request = SinkRequest {
            dataset_kind: kind.to_owned(),
            dataset: dataset(file, options),
            activity: object(json!({ "formatSettings": settings })),
            parallel: 1,
            ..SinkRequest::default()
        };
        let key = CommitKey {
            job: JobId::generate(),
            attempt: 1,
            token: 1,
        };
        let mut sink = self.store.sink(request).await.unwrap();
        sink.prepare(batch.schema(), &key).await.unwrap();
        let mut writer = sink.writer().await.unwrap();
        writer.write(batch.clone()).await.unwrap();
        writer.finish().await.unwrap();
        assert_eq!(sink.verify().await.unwrap().rows, batch.num_rows() as u64);
        sink.commit().await.unwrap();
    }
}

fn dataset(file: &str, options: Value) -> Object {
    let mut dataset = object(options);
    dataset.insert(
        "location".to_owned(),
        json!({ "type": "FileServerLocation", "fileName": file }),
    );
    dataset
}

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

/// Has the other program write a file, or tell what is in one.
fn peer(verb: &str, what: &str, path: &Path, more: &[&str]) -> Value {
    let path = path.display().to_string();
    let mut args = vec![verb, what, path.as_str()];
    args.extend(more);
    sluice_tests::python::json("formats/peers.py", &args)
}

//! Copies between a folder and SQLite databases, and what is there afterwards.

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use sluice_contract::job::{CopyOutcome, CopyProgress};
use sluice_contract::{Fault, JobId, Object};
use sluice_copy::{Always, CopyJob, CopyOptions};
use sluice_store_core::{CommitKey, Connector, SinkRequest, SourceRequest, StoreProperties};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A folder with everything in it.
pub(super) struct Folder(TempDir);

/// One end of a copy.
#[derive(Clone)]
pub(super) struct End {
    connector: Arc<dyn Connector>,
    properties: StoreProperties,
    dataset_kind: &'static str,
    dataset: Object,
    activity: Object,
}

fn object(value: Value) -> Object {
    value.as_object().cloned().expect("an object")
}

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn database(&self) -> Connection {
        let database = Connection::open(self.path("shop.db")).unwrap();
        // So that it can be written while it is read.
        database.pragma_update(None, "journal_mode", "WAL").unwrap();
        database
    }

    /// A table of the folder's database.
    pub(super) fn table(&self, name: &str) -> End {
        End {
            connector: sluice_store_sqlite::connector(),
            properties: properties("Sqlite", json!({ "path": self.path("shop.db") })),
            dataset_kind: "SqliteTable",
            dataset: object(json!({ "table": name })),
            activity: Object::new(),
        }
    }

    pub(super) fn parquet(&self, name: &str) -> End {
        self.file("Parquet", json!({}), name)
    }

    pub(super) fn avro(&self, name: &str) -> End {
        self.file("Avro", json!({}), name)
    }

    pub(super) fn json(&self, name: &str) -> End {
        self.file("Json", json!({}), name)
    }

    pub(super) fn csv(&self, name: &str, header: bool) -> End {
        self.file("DelimitedText", json!({ "firstRowAsHeader": header }), name)
    }

    /// The delimited texts below a folder whose names fit a pattern.
    pub(super) fn folder(&self, folder: &str, pattern: &str) -> End {
        let mut end = self.csv("unused", true);
        let location = json!({ "type": "FileServerLocation", "folderPath": folder });
        end.dataset.insert("location".to_owned(), location);
        let settings = json!({ "type": "FileServerReadSettings", "recursive": true, "wildcardFileName": pattern });
        end.with("storeSettings", settings)
    }

    /// A folder that delimited texts are written into.
    pub(super) fn folder_sink(&self, folder: &str) -> End {
        let location = json!({ "type": "FileServerLocation", "folderPath": folder });
        self.csv("unused", true).dataset("location", location)
    }

    fn file(&self, dataset_kind: &'static str, dataset: Value, name: &str) -> End {
        let mut dataset = object(dataset);
        let location = json!({ "type": "FileServerLocation", "fileName": name });
        dataset.insert("location".to_owned(), location);
        End {
            connector: sluice_store_file::connector(),
            properties: properties("FileServer", json!({ "host": self.0.path() })),
            dataset_kind,
            dataset,
            activity: Object::new(),
        }
    }

    /// The rows of a query, every value as it lies there.
    pub(super) fn rows(&self, query: &str) -> Vec<Vec<Cell>> {
        let database = self.database();
        let mut statement = database.prepare(query).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|i| row.get(i)).collect());
        rows.unwrap().map(Result::unwrap).collect()
    }
}

impl End {
    /// Sets a member of the activity's `source` or `sink`.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.activity.insert(name.to_owned(), value);
        self
    }

    /// Sets a member of the dataset's `typeProperties`.
    pub(super) fn dataset(mut self, name: &str, value: Value) -> Self {
        self.dataset.insert(name.to_owned(), value);
        self
    }

    /// Puts something around its store.
    pub(super) fn through(mut self, wrap: impl Fn(Arc<dyn Connector>) -> Arc<dyn Connector>) -> Self {
        self.connector = wrap(self.connector);
        self
    }

    /// The names of its columns, as a source.
    pub(super) async fn columns(&self) -> Vec<String> {
        let connection = self.connector.connect(self.properties.clone()).await.unwrap();
        let mut request = self.source();
        (request.parallel, request.batch_bytes) = (1, 1 << 20);
        let schema = connection.source(request).await.unwrap().schema();
        schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    fn source(&self) -> SourceRequest {
        SourceRequest {
            dataset_kind: self.dataset_kind.to_owned(),
            dataset: self.dataset.clone(),
            activity: self.activity.clone(),
            ..SourceRequest::default()
        }
    }
}

fn properties(kind: &str, public: Value) -> StoreProperties {
    StoreProperties {
        kind: kind.to_owned(),
        public: object(public),
        ..StoreProperties::default()
    }
}

/// One copy with the activity's settings.
pub(super) async fn copy(source: &End, sink: &End, settings: Value) -> Result<CopyOutcome, Fault> {
    let job = CopyJob {
        key: CommitKey {
            job: JobId::generate(),
            attempt: 1,
            token: 1,
        },
        source: source.connector.connect(source.properties.clone()).await?,
        source_request: source.source(),
        sink: sink.connector.connect(sink.properties.clone()).await?,
        sink_request: SinkRequest {
            dataset_kind: sink.dataset_kind.to_owned(),
            dataset: sink.dataset.clone(),
            activity: sink.activity.clone(),
            ..SinkRequest::default()
        },
        logs: sluice_copy::LogStores::default(),
        options: CopyOptions::from_settings(&object(settings), 64 << 20)?,
        continuation: Default::default(),
    };
    let (progress, _watching) = tokio::sync::watch::channel(CopyProgress::default());
    sluice_copy::run(job, &Always, progress, Default::default()).await
}

/// The settings that ask for the content to be compared.
pub(super) fn validated() -> Value {
    json!({ "validateDataConsistency": true })
}

/// A `translator` with mappings.
pub(super) fn mappings(list: Value) -> Value {
    json!({ "translator": { "type": "TabularTranslator", "mappings": list } })
}

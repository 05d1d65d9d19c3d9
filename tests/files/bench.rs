//! One end or the other of a copy of files, and the copy.

use serde_json::{Value, json};
use sluice_contract::job::{CopyOutcome, CopyProgress};
use sluice_contract::{Fault, JobId, Object};
use sluice_copy::{Always, CommitGate, CopyJob, CopyOptions, LogStores};
use sluice_store_core::{CommitKey, Connector, SinkRequest, SourceRequest, StoreProperties};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A folder with everything in it.
pub(super) struct Folder(TempDir);

/// One end of a copy.
#[derive(Clone)]
pub(super) struct End {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) properties: StoreProperties,
    pub(super) dataset: Object,
    pub(super) activity: Object,
}

pub(super) fn object(value: Value) -> Object {
    value.as_object().cloned().expect("an object")
}

pub(super) fn properties(kind: &str, public: Value) -> StoreProperties {
    StoreProperties {
        kind: kind.to_owned(),
        public: object(public),
        ..StoreProperties::default()
    }
}

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// All files below a folder.
    pub(super) fn all(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(folder);
        let (mut found, mut folders) = (BTreeMap::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for item in std::fs::read_dir(folder).into_iter().flatten() {
                let path = item.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, std::fs::read(&path).unwrap());
                }
            }
        }
        found
    }

    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        self.all(folder).into_keys().collect()
    }

    /// A folder of it as an end.
    pub(super) fn end(&self, folder: &str) -> End {
        end_in(self.0.path(), folder)
    }
}

fn end_in(root: &Path, folder: &str) -> End {
    End {
        connector: sluice_store_file::connector(),
        properties: properties("FileServer", json!({ "host": root })),
        dataset: object(json!({ "location": { "type": "FileServerLocation", "folderPath": folder } })),
        activity: Object::new(),
    }
}

impl End {
    /// Sets members of the activity's `storeSettings`.
    pub(super) fn with(mut self, settings: Value) -> Self {
        let all = self.activity.entry("storeSettings").or_insert_with(|| json!({}));
        all.as_object_mut().unwrap().extend(object(settings));
        self
    }

    /// Sets members of the dataset.
    pub(super) fn dataset(mut self, members: Value) -> Self {
        self.dataset.extend(object(members));
        self
    }

    /// Sets the dataset's `fileName`.
    pub(super) fn file(mut self, name: &str) -> Self {
        self.dataset["location"]["fileName"] = name.into();
        self
    }

    /// Sets members of the activity's `source` or `sink`.
    pub(super) fn activity(mut self, members: Value) -> Self {
        self.activity.extend(object(members));
        self
    }
}

/// One copy.
pub(super) struct Copy {
    pub(super) source: End,
    pub(super) sink: End,
    pub(super) settings: Value,
    pub(super) key: CommitKey,
    pub(super) memory: usize,
    pub(super) kinds: (&'static str, &'static str),
    pub(super) cancel: CancellationToken,
    /// The folder of the session log's store.
    pub(super) log: Option<End>,
}

impl Copy {
    pub(super) fn new(source: &End, sink: &End) -> Self {
        Self {
            source: source.clone(),
            sink: sink.clone(),
            settings: json!({}),
            key: CommitKey {
                job: JobId::generate(),
                attempt: 1,
                token: 1,
            },
            memory: 64 << 20,
            kinds: ("Binary", "Binary"),
            cancel: CancellationToken::new(),
            log: None,
        }
    }

    pub(super) fn settings(mut self, settings: Value) -> Self {
        self.settings = settings;
        self
    }

    pub(super) async fn run(&self) -> Result<CopyOutcome, Fault> {
        self.run_past(&Always).await
    }

    pub(super) async fn run_past(&self, gate: &dyn CommitGate) -> Result<CopyOutcome, Fault> {
        sluice_tests::init_tls();
        let (source, sink) = (&self.source, &self.sink);
        let job = CopyJob {
            key: self.key.clone(),
            source: source.connector.connect(source.properties.clone()).await?,
            source_request: SourceRequest {
                dataset_kind: self.kinds.0.to_owned(),
                dataset: source.dataset.clone(),
                activity: source.activity.clone(),
                ..SourceRequest::default()
            },
            sink: sink.connector.connect(sink.properties.clone()).await?,
            sink_request: SinkRequest {
                dataset_kind: self.kinds.1.to_owned(),
                dataset: sink.dataset.clone(),
                activity: sink.activity.clone(),
                default_name: format!("data_{}", self.key.job),
                ..SinkRequest::default()
            },
            logs: LogStores {
                session: match &self.log {
                    Some(log) => Some(log.connector.connect(log.properties.clone()).await?),
                    None => None,
                },
                activity: "Copy".to_owned(),
                run: "run".to_owned(),
                ..LogStores::default()
            },
            options: CopyOptions::from_settings(&object(self.settings.clone()), self.memory)?,
            continuation: Default::default(),
        };
        let (progress, _watching) = tokio::sync::watch::channel(CopyProgress::default());
        sluice_copy::run(job, gate, progress, self.cancel.clone()).await
    }
}

/// A copy between two ends, with nothing else said.
pub(super) async fn copy(source: &End, sink: &End) -> Result<CopyOutcome, Fault> {
    Copy::new(source, sink).run().await
}

/// Bytes that are not all the same.
pub(super) fn noise(length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}

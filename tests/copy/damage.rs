//! Files that are damaged behind the sink's back, between writing and reading back.

use super::bench::{Folder, copy, validated};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use serde_json::json;
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault};
use sluice_store_core::{
    CommitKey, Committed, Connection, Connector, Network, ReadBack, Sink, SinkRequest, Source, SourceRequest, Staged,
    StoreKind, StoreProperties, Writer, Written,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SHOP: &str = "CREATE TABLE t (id INTEGER, name TEXT, price DECIMAL(10,2), share DOUBLE);
    WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000)
    INSERT INTO t SELECT x, 'row ' || x || '.', x / 100.0, x / 7.0 FROM c;";

/// A store of files in a folder, one byte of whose staged file changes before it is read back.
struct Damaging {
    inner: Arc<dyn Connector>,
    folder: PathBuf,
}

struct Damaged<T> {
    inner: T,
    folder: PathBuf,
}

#[async_trait]
impl Connector for Damaging {
    fn kinds(&self) -> &'static [StoreKind] {
        self.inner.kinds()
    }

    async fn connect_over(&self, properties: StoreProperties, network: Network) -> Result<Arc<dyn Connection>, Fault> {
        Ok(Arc::new(Damaged {
            inner: self.inner.connect_over(properties, network).await?,
            folder: self.folder.clone(),
        }))
    }
}

#[async_trait]
impl Connection for Damaged<Arc<dyn Connection>> {
    async fn probe(&self) -> Vec<ProbeStage> {
        self.inner.probe().await
    }

    async fn source(&self, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
        self.inner.source(request).await
    }

    async fn sink(&self, request: SinkRequest) -> Result<Box<dyn Sink>, Fault> {
        Ok(Box::new(Damaged {
            inner: self.inner.sink(request).await?,
            folder: self.folder.clone(),
        }))
    }
}

#[async_trait]
impl Sink for Damaged<Box<dyn Sink>> {
    async fn prepare(&mut self, schema: SchemaRef, key: &CommitKey) -> Result<(), Fault> {
        self.inner.prepare(schema, key).await
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        self.inner.writer().await
    }

    async fn verify(&mut self) -> Result<Staged, Fault> {
        self.inner.verify().await
    }

    async fn read_back(&mut self, what: Written) -> Result<ReadBack, Fault> {
        damage(&self.folder);
        self.inner.read_back(what).await
    }

    async fn commit(&mut self) -> Result<Committed, Fault> {
        self.inner.commit().await
    }

    async fn abort(&mut self) {
        self.inner.abort().await;
    }

    fn bytes_written(&self) -> u64 {
        self.inner.bytes_written()
    }
}

/// One letter of one name becomes another, in the first staged file that has it.
fn damage(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if !entry.file_name().to_string_lossy().ends_with(".sluice-part") {
            continue;
        }
        let mut bytes = std::fs::read(entry.path()).unwrap();
        if let Some(at) = bytes.windows(9).position(|part| part == b"row 1234.") {
            bytes[at] = b'R';
            std::fs::write(entry.path(), bytes).unwrap();
            return;
        }
    }
    panic!("no staged file has the name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staged_file_that_was_damaged_names_its_column_and_is_not_published() {
    let folder = Folder::new();
    folder.database().execute_batch(SHOP).unwrap();
    let several = json!({ "maxRowsPerFile": 1000 });
    let place = json!({ "type": "FileServerLocation" });
    for sink in [
        folder.csv("t.csv", true),
        folder.json("t.json"),
        folder.parquet("t.parquet").dataset("compressionCodec", json!("none")),
        folder.avro("t.avro").dataset("avroCompressionCodec", json!("none")),
        folder
            .csv("", true)
            .dataset("location", place)
            .with("formatSettings", several),
    ] {
        let damaging = |inner| -> Arc<dyn Connector> {
            let folder = folder.path("");
            Arc::new(Damaging { inner, folder })
        };
        let fault = copy(&folder.table("t"), &sink.clone().through(damaging), validated())
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::VerificationFailed, "{fault}");
        assert!(
            fault.message.contains("\"name\"") && !fault.message.contains("\"id\""),
            "{fault}"
        );
        assert!(fault.message.contains("nothing was committed"), "{fault}");
        let left = std::fs::read_dir(folder.path("")).unwrap().flatten();
        let left: Vec<_> = left
            .filter(|entry| !entry.file_name().to_string_lossy().starts_with("shop.db"))
            .collect();
        assert!(left.is_empty(), "{left:?}");

        let outcome = copy(&folder.table("t"), &sink, validated()).await.unwrap();
        let verified = &outcome.extra["dataConsistencyVerification"]["verified"];
        assert_eq!(verified, "rows and content", "{:?}", outcome.warnings);
        for entry in std::fs::read_dir(folder.path("")).unwrap().flatten() {
            if !entry.file_name().to_string_lossy().starts_with("shop.db") {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

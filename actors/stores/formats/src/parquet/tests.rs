use super::write::ParquetFormat;
use crate::encode::WriteFormat;
use crate::tests::memory::MemoryStore;
use crate::tests::sample::{dataset, many, open, rows};
use serde_json::json;
use sluice_store_core::SinkRequest;
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn row_groups_are_bounded_by_bytes_and_read_as_partitions() {
    let format = ParquetFormat::new(&SinkRequest::default())
        .unwrap()
        .with_row_groups_of(256 << 10);
    let out = Shared::default();
    let mut encoder = format.encoder(&many(1, 0).schema(), Box::new(out.clone())).unwrap();
    for index in 0..20 {
        encoder.write(&many(5_000, index * 5_000)).unwrap();
    }
    assert_eq!(encoder.finish().unwrap(), 100_000);
    let store = MemoryStore::default();
    store.put("x", out.0.lock().unwrap().clone());
    for parallel in [1, 3, 8] {
        let source = open(&store, "Parquet", dataset("x", json!({})), parallel)
            .await
            .unwrap();
        assert_eq!(source.partitions().len(), parallel.min(8));
        let labels: Vec<_> = source
            .partitions()
            .iter()
            .map(|partition| partition.label.clone())
            .collect();
        assert!(labels[0].starts_with("x#0-"), "{labels:?}");
        assert_eq!(rows(source.as_ref()).await.unwrap(), many(100_000, 0));
    }
}

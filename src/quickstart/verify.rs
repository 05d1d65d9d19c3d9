//! Reading the Parquet file back.

use super::sample::Facts;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use futures::StreamExt;
use serde_json::json;
use sluice_contract::{Code, Fault};
use sluice_store_core::{SourceRequest, StoreProperties};
use std::path::Path;

/// Counts the rows of a Parquet file and sums `total_cents`.
pub(super) async fn read_back(folder: &Path, file: &str) -> Result<Facts, Fault> {
    let object = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    let store = StoreProperties {
        kind: "FileServer".to_owned(),
        public: object(json!({ "host": folder })),
        ..Default::default()
    };
    let request = SourceRequest {
        dataset_kind: "Parquet".to_owned(),
        dataset: object(json!({ "location": { "type": "FileServerLocation", "fileName": file } })),
        activity: object(json!({ "type": "ParquetSource" })),
        parallel: 1,
        batch_bytes: 8 * 1024 * 1024,
        ..SourceRequest::default()
    };
    let connection = crate::registry::stores().connector(&store.kind)?.connect(store).await?;
    let source = connection.source(request).await?;
    let mut facts = Facts { rows: 0, sum: 0 };
    for partition in source.partitions() {
        let mut batches = source.read(partition).await?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let column = batch
                .column_by_name("total_cents")
                .and_then(|column| column.as_primitive_opt::<Int64Type>())
                .ok_or_else(|| {
                    Fault::new(
                        Code::VerificationFailed,
                        "the Parquet file has no 64-bit column total_cents",
                    )
                })?;
            facts.rows += batch.num_rows() as u64;
            facts.sum += arrow::compute::sum(column).unwrap_or(0);
        }
    }
    Ok(facts)
}

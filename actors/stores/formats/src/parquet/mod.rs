//! Parquet.

mod coded;
mod dictionary;
mod footer;
mod group;
mod int96;
mod plan;
pub(crate) mod source;
mod types;
mod window;
pub(crate) mod write;

#[cfg(test)]
mod tests;

use crate::encode::WriteFormat;
use crate::fault;
use crate::format::Format;
use async_trait::async_trait;
use parquet::errors::ParquetError;
use sluice_contract::Fault;
use sluice_store_core::files::ByteStore;
use sluice_store_core::{SinkRequest, Source, SourceRequest};
use std::sync::Arc;

/// The format.
pub(crate) struct Parquet;

#[async_trait]
impl Format for Parquet {
    async fn source(&self, store: Arc<dyn ByteStore>, request: &SourceRequest) -> Result<Box<dyn Source>, Fault> {
        source::open(store, request).await
    }

    fn write(&self, request: &SinkRequest) -> Result<Arc<dyn WriteFormat>, Fault> {
        Ok(Arc::new(write::ParquetFormat::new(request)?))
    }
}

/// A decoder's error: the store's fault where reading failed, else a damaged file.
fn damaged(file: &str, error: &ParquetError) -> Fault {
    if let ParquetError::External(inner) = error
        && let Some(fault) = inner.downcast_ref::<Fault>()
    {
        return fault.clone();
    }
    fault::data(file, format!("not a readable Parquet file: {error}"))
}

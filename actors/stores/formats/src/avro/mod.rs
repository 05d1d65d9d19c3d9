//! Avro's container files.

mod container;
mod read;
mod types;
mod write;

#[cfg(test)]
mod tests;

use crate::encode::WriteFormat;
use crate::format::Format;
use crate::rows;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::files::ByteStore;
use sluice_store_core::{SinkRequest, Source, SourceRequest};
use std::sync::Arc;

/// The format.
pub(crate) struct Avro;

#[async_trait]
impl Format for Avro {
    async fn source(&self, store: Arc<dyn ByteStore>, request: &SourceRequest) -> Result<Box<dyn Source>, Fault> {
        rows::open(store, request, read::AvroFiles::new(request)?).await
    }

    fn write(&self, request: &SinkRequest) -> Result<Arc<dyn WriteFormat>, Fault> {
        Ok(Arc::new(write::AvroFormat::new(request)?))
    }
}

//! JSON: lines of objects, an array of objects, or one document.
//!
//! Every member is a column, and NULL where it is missing; or the columns are the paths of the activity's mappings. Numbers are
//! never read through a double that has not all their digits.

mod back;
mod build;
mod node;
mod number;
mod options;
mod path;
mod read;
mod scan;
mod shape;
mod value;
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
pub(crate) struct Json;

#[async_trait]
impl Format for Json {
    async fn source(&self, store: Arc<dyn ByteStore>, request: &SourceRequest) -> Result<Box<dyn Source>, Fault> {
        rows::open(store, request, read::JsonFiles::new(request)?).await
    }

    fn write(&self, request: &SinkRequest) -> Result<Arc<dyn WriteFormat>, Fault> {
        Ok(Arc::new(write::JsonFormat::new(request)?))
    }
}

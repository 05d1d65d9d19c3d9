//! Delimited text, with ADF's options.
//!
//! NULL and the empty string stay apart in what Sluice itself writes and reads: a field that equals `nullValue` (empty, unless
//! the dataset says otherwise) is NULL only where it is not quoted, and texts that equal it are written quoted.

mod count;
mod dialect;
mod form;
#[cfg(fuzzing)]
pub(crate) mod fuzz;
mod headed;
mod lines;
mod parse;
mod read;
mod records;
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
pub(crate) struct DelimitedText;

#[async_trait]
impl Format for DelimitedText {
    async fn source(&self, store: Arc<dyn ByteStore>, request: &SourceRequest) -> Result<Box<dyn Source>, Fault> {
        rows::open(store, request, read::DelimitedFiles::new(request)?).await
    }

    fn write(&self, request: &SinkRequest) -> Result<Arc<dyn WriteFormat>, Fault> {
        Ok(Arc::new(write::DelimitedFormat::new(request)?))
    }
}

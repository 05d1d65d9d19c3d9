//! Delimited text, with ADF's options.
//!
//! NULL and the empty string stay apart in what Sluice itself writes and reads: a field that equals `nullValue` (empty, unless
//! the dataset says otherwise) is NULL only where it is not quoted, and texts that equal it are written quoted.

mod dialect;
mod headed;
mod parse;
mod read;
mod records;
mod write;

#[cfg(test)]
mod tests;

use crate::encode::WriteFormat;
use crate::format::{Format, ReadFormat};
use sluice_contract::Fault;
use sluice_store_core::{SinkRequest, SourceRequest};
use std::sync::Arc;

/// The format.
pub(crate) struct DelimitedText;

impl Format for DelimitedText {
    fn read(&self, request: &SourceRequest) -> Result<Arc<dyn ReadFormat>, Fault> {
        Ok(Arc::new(read::DelimitedFiles::new(request)?))
    }

    fn write(&self, request: &SinkRequest) -> Result<Arc<dyn WriteFormat>, Fault> {
        Ok(Arc::new(write::DelimitedFormat::new(request)?))
    }
}

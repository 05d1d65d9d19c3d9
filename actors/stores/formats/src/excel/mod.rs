//! Excel's workbooks, read: `.xlsx` and `.xls`.
//!
//! Every column is a text, but for the types of the dataset's `schema`: a cell has a type of its own, and a column has none.
//! Numbers are written with the fewest digits that mean the same double, dates and times as ISO 8601, whole days without a
//! time, booleans as `true` and `false`. Empty rows are left out. A cell with an error is a fault that names it.

mod options;
mod parts;
mod place;
mod read;
mod sheet;
mod value;

#[cfg(test)]
mod tests;

use crate::encode::WriteFormat;
use crate::format::Format;
use crate::{fault, rows};
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::files::ByteStore;
use sluice_store_core::{SinkRequest, Source, SourceRequest};
use std::sync::Arc;

/// The format.
pub(crate) struct Excel;

#[async_trait]
impl Format for Excel {
    async fn source(&self, store: Arc<dyn ByteStore>, request: &SourceRequest) -> Result<Box<dyn Source>, Fault> {
        rows::open(store, request, read::ExcelFiles::new(request)?).await
    }

    fn write(&self, _request: &SinkRequest) -> Result<Arc<dyn WriteFormat>, Fault> {
        Err(fault::property("a dataset of type Excel is read and not written"))
    }
}

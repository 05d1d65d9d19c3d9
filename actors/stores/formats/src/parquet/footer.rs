//! A file's footer: schema, rows and row groups.

use super::{damaged, int96};
use crate::bytes::ByteReader;
use crate::fault;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::MetadataFetch;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use sluice_contract::Fault;
use std::ops::Range;
use std::sync::Arc;

/// Read at once from the end of a file; most footers fit.
const FOOTER_GUESS: usize = 64 << 10;

struct Fetch(Arc<dyn ByteReader>);

impl MetadataFetch for Fetch {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move {
            if range.start > range.end || range.end > self.0.size() {
                return Err(ParquetError::EOF("a range lies outside of the file".to_owned()));
            }
            let read = self.0.read(range).await;
            read.map_err(|fault| ParquetError::External(Box::new(fault)))
        }
        .boxed()
    }
}

/// Reads the footer.
///
/// # Errors
/// `SL6011` naming the file when it is damaged, and what the store reports.
pub(super) async fn load(file: Arc<dyn ByteReader>) -> Result<ArrowReaderMetadata, Fault> {
    let label = file.label().to_owned();
    if file.size() < 12 {
        return Err(fault::data(&label, "too short for a Parquet file"));
    }
    // On a task of its own: a decoder that panics on a damaged file takes nothing with it.
    let task = tokio::spawn(async move {
        let size = file.size();
        let metadata = ParquetMetaDataReader::new()
            .with_prefetch_hint(Some(FOOTER_GUESS))
            .load_and_finish(Fetch(file), size)
            .await?;
        int96::in_microseconds(ArrowReaderMetadata::try_new(
            Arc::new(metadata),
            ArrowReaderOptions::new(),
        )?)
    });
    match task.await {
        Ok(Ok(footer)) => Ok(footer),
        Ok(Err(error)) => Err(damaged(&label, &error)),
        Err(_) => Err(fault::data(&label, "its footer is damaged")),
    }
}

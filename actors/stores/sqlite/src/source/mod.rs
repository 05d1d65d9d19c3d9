//! Reading a table or a query.

mod column;
mod layout;
mod partition;
mod read;
mod snapshot;
mod survey;

use crate::database::{Shared, blocking};
use crate::names;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use layout::Layout;
use partition::Slice;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault};
use sluice_store_core::{BatchStream, Partition, Source, SourceRequest};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A table or query, ready to be read in one snapshot.
pub(crate) struct SqliteSource {
    layout: Arc<Layout>,
    partitions: Vec<Partition>,
    /// Behind each partition, its rows and a connection whose transaction holds the snapshot.
    slices: Vec<(Slice, Shared)>,
    rows_expected: Option<u64>,
    batch_bytes: usize,
    bytes_read: Arc<AtomicU64>,
}

impl SqliteSource {
    /// Takes the snapshot, and finds out columns and partitions in it.
    ///
    /// # Errors
    /// `SL6004`, `SL6005`, `SL6007`, `SL6010`, `SL6013`, `SL6014`; other `SL60xx`.
    pub(crate) async fn open(path: PathBuf, request: SourceRequest) -> Result<Self, Fault> {
        blocking(move || Self::open_now(&path, &request)).await
    }

    fn open_now(path: &Path, request: &SourceRequest) -> Result<Self, Fault> {
        let query = query(request)?;
        let parallel = if query.is_some() { 1 } else { request.parallel.max(1) };
        let mut connections = snapshot::take(path, parallel)?;
        let Some(first) = connections.first() else {
            return Err(Fault::new(Code::Internal, "a snapshot without a connection"));
        };
        let (layout, slices, rows_expected) = match query {
            Some(query) => (Layout::of_query(first, &query)?, vec![Slice::whole("the query")], None),
            None => {
                let table = names::table_of(&request.dataset).ok_or_else(|| {
                    let text = "the dataset names no table, and the source has no query";
                    Fault::new(Code::PropertyMissing, text)
                })?;
                let layout = Layout::of_table(first, &table)?;
                let (slices, rows) = partition::by_row(first, &layout, connections.len())?;
                (layout, slices, rows)
            }
        };
        connections.truncate(slices.len());
        let partition = |(index, slice): (usize, &Slice)| Partition {
            index,
            label: slice.label.clone(),
        };
        Ok(Self {
            layout: Arc::new(layout),
            partitions: slices.iter().enumerate().map(partition).collect(),
            slices: slices
                .into_iter()
                .zip(connections.into_iter().map(Shared::new))
                .collect(),
            rows_expected,
            batch_bytes: request.batch_bytes,
            bytes_read: Arc::new(AtomicU64::new(0)),
        })
    }
}

/// The activity's query, if it has one.
fn query(request: &SourceRequest) -> Result<Option<String>, Fault> {
    if member(&request.activity, "query").is_some_and(|value| !value.is_string() && !value.is_null()) {
        return Err(Fault::new(Code::PropertyMissing, "the source's `query` is not a text"));
    }
    let query = text(&request.activity, "query").map(|query| query.trim().trim_end_matches(';').trim_end());
    Ok(query.filter(|query| !query.is_empty()).map(str::to_owned))
}

#[async_trait]
impl Source for SqliteSource {
    fn schema(&self) -> SchemaRef {
        self.layout.schema.clone()
    }

    fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    fn rows_expected(&self) -> Option<u64> {
        self.rows_expected
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    async fn read(&self, partition: &Partition) -> Result<BatchStream, Fault> {
        let (slice, connection) = self.slices.get(partition.index).ok_or_else(|| {
            let text = format!("the source has no partition {}", partition.index);
            Fault::new(Code::Internal, text)
        })?;
        Ok(read::stream(
            connection.lock().await,
            self.layout.clone(),
            slice.clone(),
            self.batch_bytes,
            self.bytes_read.clone(),
        ))
    }

    fn warnings(&self) -> Vec<String> {
        self.layout.warnings.clone()
    }
}

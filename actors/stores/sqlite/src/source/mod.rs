//! Reading a table or a query.

mod column;
pub(crate) mod layout;
pub(crate) mod partition;
pub(crate) mod read;
mod snapshot;
mod survey;

use crate::database::{Shared, blocking};
use crate::names;
use crate::reading::Reading;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use layout::Layout;
use partition::Slice;
use sluice_contract::{Code, Fault};
use sluice_store_core::statements::{Dialect, single};
use sluice_store_core::{BatchStream, Partition, Read, Rejects, Source, SourceRequest, Split, TableSource};
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
    rejects: Option<Rejects>,
    _reading: Reading,
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
        let asked = TableSource::of(&request.activity)?;
        let query = match asked.read {
            Read::Table => None,
            Read::Query(query) => Some(single(&query, Dialect::Sqlite).to_owned()),
            Read::Procedure { .. } => return Err(property("SQLite has no stored procedures")),
        };
        let parallel = match (&asked.split, &query) {
            (Split::Physical { .. }, _) => return Err(property("SQLite's tables have no partitions of their own")),
            (Split::Whole, _) | (Split::Automatic | Split::Range { column: None, .. }, Some(_)) => 1,
            _ => request.parallel.max(1),
        };
        let mut connections = snapshot::take(path, parallel)?;
        let Some(first) = connections.first() else {
            return Err(Fault::new(Code::Internal, "a snapshot without a connection"));
        };
        let layout = match &query {
            Some(query) => Layout::of_query(first, query)?,
            None => {
                let table = names::table_of(&request.dataset).ok_or_else(|| {
                    let text = "the dataset names no table, and the source has no query";
                    Fault::new(Code::PropertyMissing, text)
                })?;
                Layout::of_table(first, &table)?
            }
        };
        let (slices, rows_expected) = match &asked.split {
            Split::Range {
                column: Some(column),
                lower,
                upper,
            } => {
                let range = (column.as_str(), lower.as_deref(), upper.as_deref());
                (partition::by_column(first, &layout, range, connections.len())?, None)
            }
            Split::Range { column: None, .. } if query.is_some() => {
                return Err(property(
                    "a query is split by a column, and `partitionColumnName` names none",
                ));
            }
            // The row number is the primary key, or as good as that.
            _ => partition::by_row(first, &layout, connections.len())?,
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
            rejects: request.rejects.clone().filter(Rejects::allows_rows),
            _reading: Reading::of(path),
        })
    }
}

fn property(text: &str) -> Fault {
    Fault::new(Code::PropertyMissing, text)
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
            self.rejects.clone(),
        ))
    }

    fn warnings(&self) -> Vec<String> {
        self.layout.warnings.clone()
    }
}

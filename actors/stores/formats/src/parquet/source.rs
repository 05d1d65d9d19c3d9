//! Reading Parquet files as one source.

use super::int96::{self, Shadow};
use super::{damaged, footer, plan, window::WindowReader};
use crate::bytes::{ByteReader, ByteStore, Entry};
use crate::pull::{self, Counted};
use crate::{fault, select};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use sluice_contract::Fault;
use sluice_store_core::{BatchStream, Partition, Source, SourceRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Handle;

/// Footers that are read at the same time.
const FOOTERS_AT_ONCE: usize = 8;
/// Rows of one batch at most.
const BATCH_ROWS: usize = 16 << 10;

struct ParquetSource {
    store: Arc<dyn ByteStore>,
    files: Vec<(Entry, ArrowReaderMetadata)>,
    schema: SchemaRef,
    slices: Vec<plan::Slice>,
    partitions: Vec<Partition>,
    batch_bytes: usize,
    bytes: Arc<AtomicU64>,
}

pub(crate) async fn open(store: Arc<dyn ByteStore>, request: &SourceRequest) -> Result<Box<dyn Source>, Fault> {
    let entries = select::files(store.as_ref(), &request.dataset, &request.activity).await?;
    let bytes = Arc::new(AtomicU64::new(0));
    let load = |entry: Entry| {
        let (store, bytes) = (Arc::clone(&store), Arc::clone(&bytes));
        async move {
            let inner = store.open(&entry).await?;
            let footer = footer::load(Arc::new(Counted { inner, bytes })).await?;
            Ok::<_, Fault>((entry, footer))
        }
    };
    let files: Vec<_> = futures::stream::iter(entries.into_iter().map(load))
        .buffered(FOOTERS_AT_ONCE)
        .try_collect()
        .await?;
    let schema = one_schema(&files)?;
    let weights: Vec<_> = files
        .iter()
        .map(|(_, footer)| plan::weights(footer.metadata()))
        .collect();
    let slices = plan::slices(&weights, request.parallel);
    let partitions = slices
        .iter()
        .enumerate()
        .map(|(index, slice)| Partition {
            index,
            label: format!(
                "{}#{}-{}",
                files[slice.file].0.label(),
                slice.groups.start,
                slice.groups.end
            ),
        })
        .collect();
    Ok(Box::new(ParquetSource {
        store,
        files,
        schema,
        slices,
        partitions,
        batch_bytes: request.batch_bytes.max(1),
        bytes,
    }))
}

/// The schema of all files: the same columns of the same types; a column that may be NULL in one file may be in all.
fn one_schema(files: &[(Entry, ArrowReaderMetadata)]) -> Result<SchemaRef, Fault> {
    let (first, footer) = files.first().ok_or_else(|| fault::internal("a source without files"))?;
    let mut fields: Vec<Field> = footer
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    for (entry, footer) in &files[1..] {
        let others = footer.schema().fields();
        if others.len() != fields.len() {
            return Err(fault::mismatch(format!(
                "{} has {} columns, and {} has {}",
                first.label(),
                fields.len(),
                entry.label(),
                others.len()
            )));
        }
        for (field, other) in fields.iter_mut().zip(others) {
            if field.name() != other.name() || field.data_type() != other.data_type() {
                return Err(fault::mismatch(format!(
                    "{} has a column {:?} of type {}, where {} has {:?} of type {}",
                    first.label(),
                    field.name(),
                    field.data_type(),
                    entry.label(),
                    other.name(),
                    other.data_type()
                )));
            }
            field.set_nullable(field.is_nullable() || other.is_nullable());
        }
    }
    // File-wide metadata of one file says nothing about the others.
    Ok(Arc::new(Schema::new(fields)))
}

/// Rows whose Arrow form should stay under so many bytes, by what the footer says of sizes.
fn batch_rows(footer: &ArrowReaderMetadata, batch_bytes: usize) -> usize {
    let groups = footer.metadata().row_groups();
    let bytes: u64 = groups
        .iter()
        .map(|group| u64::try_from(group.total_byte_size()).unwrap_or(0))
        .sum();
    let rows: u64 = groups
        .iter()
        .map(|group| u64::try_from(group.num_rows()).unwrap_or(0))
        .sum();
    // Dictionaries make encoded values smaller than Arrow's: count at least a word for each column.
    let least = footer.schema().fields().len() as u64 * 8;
    let row = bytes.checked_div(rows).unwrap_or(0).max(least).max(1);
    usize::try_from(batch_bytes as u64 / row)
        .unwrap_or(BATCH_ROWS)
        .clamp(64, BATCH_ROWS)
}

/// All rows of one file, in the file's own columns.
pub(super) fn whole(file: Arc<dyn ByteReader>, footer: ArrowReaderMetadata, batch_bytes: usize) -> BatchStream {
    let (label, schema) = (file.label().to_owned(), Arc::clone(footer.schema()));
    let groups = (0..footer.metadata().num_row_groups()).collect();
    batches(file, label, footer, schema, groups, batch_bytes)
}

fn batches(
    file: Arc<dyn ByteReader>,
    label: String,
    footer: ArrowReaderMetadata,
    schema: SchemaRef,
    groups: Vec<usize>,
    batch_bytes: usize,
) -> BatchStream {
    let (handle, rows) = (Handle::current(), batch_rows(&footer, batch_bytes));
    pull::stream(label.clone(), move |batches| {
        let reader = WindowReader::new(file, footer.metadata(), handle);
        let store_fault = reader.store_fault();
        let beside = reader.clone();
        let failed = |error: ParquetError| store_fault.get().cloned().unwrap_or_else(|| damaged(&label, &error));
        let reads = |footer, reader, columns| {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader, footer)
                .with_row_groups(groups.clone())
                .with_batch_size(rows)
                .with_projection(columns);
            builder.build().map_err(failed)
        };
        let shadow = int96::shadow(&footer).map_err(failed)?;
        let mut shadow = match shadow {
            None => None,
            Some(Shadow { footer, columns }) => {
                let wanted = ProjectionMask::roots(footer.parquet_schema(), columns.clone());
                Some((columns, reads(footer, beside, wanted)?))
            }
        };
        let damaged_batch = |error: ArrowError| failed(ParquetError::ArrowError(error.to_string()));
        for batch in reads(footer, reader, ProjectionMask::all())? {
            let batch = batch.map_err(damaged_batch)?;
            if let Some((columns, shadow)) = &mut shadow {
                let beside = shadow.next().transpose().map_err(damaged_batch)?;
                let beside = beside.filter(|beside| beside.num_rows() == batch.num_rows());
                let beside = beside.ok_or_else(|| fault::internal("columns of one file have different rows"))?;
                for (index, shadow) in columns.iter().zip(beside.columns()) {
                    if !int96::agree(batch.column(*index), shadow) {
                        let name = schema.field(*index).name();
                        return Err(fault::data(&label, int96::lost(name, batch.column(*index).data_type())));
                    }
                }
            }
            let batch = RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()).map_err(damaged_batch)?;
            if !batches.push(batch) {
                break;
            }
        }
        Ok(())
    })
}

#[async_trait]
impl Source for ParquetSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    fn rows_expected(&self) -> Option<u64> {
        let rows = self
            .files
            .iter()
            .map(|(_, footer)| footer.metadata().file_metadata().num_rows());
        u64::try_from(rows.sum::<i64>()).ok()
    }

    fn bytes_read(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn file(&self, partition: &Partition) -> Option<&Entry> {
        let slice = self.slices.get(partition.index)?;
        self.files.get(slice.file).map(|(entry, _)| entry)
    }

    async fn read(&self, partition: &Partition) -> Result<BatchStream, Fault> {
        let slice = self
            .slices
            .get(partition.index)
            .ok_or_else(|| fault::internal(format!("there is no partition {}", partition.index)))?;
        let (entry, footer) = &self.files[slice.file];
        let inner = self.store.open(entry).await?;
        let file = Arc::new(Counted {
            inner,
            bytes: Arc::clone(&self.bytes),
        });
        let groups = slice.groups.clone().collect();
        Ok(batches(
            file,
            entry.label(),
            footer.clone(),
            self.schema(),
            groups,
            self.batch_bytes,
        ))
    }
}

//! What every source of files does around its format: it keeps to a number of requests, makes columns of folders, and deletes
//! what was read when the copy is committed.

use crate::fault;
use crate::format::Format;
use arrow::array::{ArrayRef, RecordBatchOptions, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::StreamExt;
use sluice_contract::{Code, Fault};
use sluice_store_core::files::partition::columns;
use sluice_store_core::files::{ByteStore, Column, Entry, Guarded, Selection};
use sluice_store_core::{BatchStream, NativeFormat, NativeStream, Partition, Rejects, Source, SourceRequest};
use std::sync::Arc;

struct SelectedSource {
    inner: Box<dyn Source>,
    store: Arc<Guarded>,
    selection: Selection,
    schema: SchemaRef,
    /// How many columns at the end of the schema are of folders.
    of_folders: usize,
    rejects: Option<Rejects>,
}

pub(crate) async fn source(
    store: Arc<dyn ByteStore>,
    request: SourceRequest,
    format: &dyn Format,
) -> Result<Box<dyn Source>, Fault> {
    let types = store.location_types();
    let selection = Selection::read(&request.dataset, &request.activity, types, store.has_containers())?;
    let store = Arc::new(Guarded::new(store, selection.connections));
    let inner = format
        .source(Arc::clone(&store) as Arc<dyn ByteStore>, &request)
        .await?;
    if selection.partition_root.is_none() && !selection.delete_read {
        return Ok(inner);
    }
    // Of files that say nothing of their columns the folders are no structure either.
    let names = match inner.schema().fields().is_empty() {
        true => Vec::new(),
        false => names(inner.as_ref(), &selection)?,
    };
    Ok(Box::new(SelectedSource {
        schema: with_columns(&inner.schema(), &names)?,
        of_folders: names.len(),
        inner,
        store,
        selection,
        rejects: request.rejects,
    }))
}

fn columns_of(entry: Option<&Entry>, selection: &Selection) -> Vec<Column> {
    match (entry, &selection.partition_root) {
        (Some(entry), Some(root)) => columns(&entry.path, root),
        _ => Vec::new(),
    }
}

/// The names of the columns that folders make: the same for all files.
fn names(source: &dyn Source, selection: &Selection) -> Result<Vec<String>, Fault> {
    let mut known: Option<(&str, Vec<String>)> = None;
    for partition in source.partitions() {
        let columns = columns_of(source.file(partition), selection);
        let names: Vec<String> = columns.into_iter().map(|column| column.name).collect();
        match &known {
            None => known = Some((&partition.label, names)),
            Some((first, others)) if *others != names => {
                let (ours, theirs) = (names.join(", "), others.join(", "));
                let label = &partition.label;
                return Err(fault::mismatch(format!(
                    "the folders of {label} make the columns [{ours}], and those of {first} [{theirs}]"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(known.map(|(_, names)| names).unwrap_or_default())
}

fn with_columns(schema: &Schema, names: &[String]) -> Result<SchemaRef, Fault> {
    let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    for name in names {
        if fields.iter().any(|field| field.name() == name) {
            return Err(fault::mismatch(format!(
                "a folder and the files both have a column {name:?}"
            )));
        }
        fields.push(Field::new(name, DataType::Utf8, true));
    }
    Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

fn constant(value: Option<&str>, rows: usize) -> ArrayRef {
    match value {
        Some(value) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, rows))),
        None => new_null_array(&DataType::Utf8, rows),
    }
}

#[async_trait]
impl Source for SelectedSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn partitions(&self) -> &[Partition] {
        self.inner.partitions()
    }

    fn rows_expected(&self) -> Option<u64> {
        self.inner.rows_expected()
    }

    fn bytes_read(&self) -> u64 {
        self.inner.bytes_read()
    }

    async fn read(&self, partition: &Partition) -> Result<BatchStream, Fault> {
        let batches = self.inner.read(partition).await?;
        if self.of_folders == 0 {
            return Ok(batches);
        }
        let (columns, schema) = (columns_of(self.inner.file(partition), &self.selection), self.schema());
        let add = move |batch: RecordBatch| {
            let rows = batch.num_rows();
            let mut arrays = batch.columns().to_vec();
            arrays.extend(columns.iter().map(|column| constant(column.value.as_deref(), rows)));
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(fault::internal)
        };
        Ok(batches.map(move |batch| batch.and_then(&add)).boxed())
    }

    fn native(&self) -> Option<NativeFormat> {
        self.inner.native().filter(|_| self.of_folders == 0)
    }

    async fn read_native(&self, partition: &Partition) -> Result<NativeStream, Fault> {
        self.inner.read_native(partition).await
    }

    fn file(&self, partition: &Partition) -> Option<&Entry> {
        self.inner.file(partition)
    }

    async fn completed(&self) -> Result<(), Fault> {
        self.inner.completed().await?;
        if !self.selection.delete_read {
            return Ok(());
        }
        if self.rejects.as_ref().is_some_and(|rejects| rejects.files() > 0) {
            let text = "files were left out of the copy, so that none of the source's files was deleted";
            return Err(Fault::new(Code::DataInvalid, text));
        }
        self.store.delete_opened(self.selection.list.as_ref()).await
    }

    fn warnings(&self) -> Vec<String> {
        self.inner.warnings()
    }
}

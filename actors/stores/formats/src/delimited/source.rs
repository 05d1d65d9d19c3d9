//! Reading delimited text files as one source: each file is a partition, since only from its beginning can be told what is
//! quoted.

use super::convert::Builder;
use super::dialect::Dialect;
use super::headed;
use super::parse::Record;
use super::records::Records;
use crate::bytes::{ByteReader, ByteStore, Entry};
use crate::pull::{self, Counted, Pushed};
use crate::{fault, select};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use sluice_contract::Fault;
use sluice_store_core::{BatchStream, Partition, Source, SourceRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Handle;

/// Files whose first records are read at the same time.
const FIRSTS_AT_ONCE: usize = 8;
/// Rows of one batch at most.
const BATCH_ROWS: usize = 16 << 10;

struct DelimitedSource {
    store: Arc<dyn ByteStore>,
    dialect: Arc<Dialect>,
    files: Vec<Entry>,
    schema: SchemaRef,
    partitions: Vec<Partition>,
    batch_bytes: usize,
    bytes: Arc<AtomicU64>,
}

pub(crate) async fn open(store: Arc<dyn ByteStore>, request: &SourceRequest) -> Result<Box<dyn Source>, Fault> {
    let dialect = Arc::new(Dialect::read(&request.dataset, &request.activity)?);
    let files = select::files(store.as_ref(), &request.dataset, &request.activity).await?;
    let first = |entry: Entry| {
        let (store, dialect) = (Arc::clone(&store), Arc::clone(&dialect));
        async move {
            let file = store.open(&entry).await?;
            let handle = Handle::current();
            let columns = tokio::task::spawn_blocking(move || headed::columns(file, &dialect, handle))
                .await
                .map_err(|ended| fault::internal(format!("reading a first row ended: {ended}")))??;
            Ok::<_, Fault>((entry, columns))
        }
    };
    let firsts: Vec<_> = futures::stream::iter(files.into_iter().map(first))
        .buffered(FIRSTS_AT_ONCE)
        .try_collect()
        .await?;
    let schema = one_schema(&firsts, &dialect)?;
    let files: Vec<Entry> = firsts.into_iter().map(|(entry, _)| entry).collect();
    let partition = |(index, entry): (usize, &Entry)| Partition {
        index,
        label: entry.label(),
    };
    Ok(Box::new(DelimitedSource {
        partitions: files.iter().enumerate().map(partition).collect(),
        store,
        dialect,
        files,
        schema,
        batch_bytes: request.batch_bytes.max(1),
        bytes: Arc::default(),
    }))
}

/// The schema of all files. Files that hold nothing have no say.
fn one_schema(files: &[(Entry, Option<Vec<String>>)], dialect: &Dialect) -> Result<SchemaRef, Fault> {
    let mut known: Option<(&Entry, &Vec<String>)> = None;
    for (entry, columns) in files {
        let Some(columns) = columns else { continue };
        match known {
            None => known = Some((entry, columns)),
            Some((first, others)) if others != columns => {
                return Err(fault::mismatch(format!(
                    "{} has the columns {}, and {} has {}",
                    first.label(),
                    others.join(", "),
                    entry.label(),
                    columns.join(", ")
                )));
            }
            Some(_) => {}
        }
    }
    match (known, headed::listed(dialect), files.first()) {
        (Some((entry, columns)), _, _) => headed::schema(columns, dialect, &entry.label()).map(Arc::new),
        (None, Some(listed), _) if !dialect.header => Ok(Arc::new(listed)),
        (None, _, Some((entry, _))) => Err(fault::data(
            &entry.label(),
            "the file is empty, so that its columns are not known; name them in the dataset's `schema`, or write a header",
        )),
        (None, _, None) => Err(fault::internal("a source without files")),
    }
}

#[async_trait]
impl Source for DelimitedSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    fn rows_expected(&self) -> Option<u64> {
        None
    }

    fn bytes_read(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    async fn read(&self, partition: &Partition) -> Result<BatchStream, Fault> {
        let entry = self
            .files
            .get(partition.index)
            .ok_or_else(|| fault::internal(format!("there is no partition {}", partition.index)))?;
        let inner = self.store.open(entry).await?;
        let file = Arc::new(Counted {
            inner,
            bytes: Arc::clone(&self.bytes),
        });
        let (schema, dialect, handle) = (self.schema(), Arc::clone(&self.dialect), Handle::current());
        let batch_bytes = self.batch_bytes;
        Ok(pull::stream(entry.label(), move |batches| {
            read_file(file, &schema, &dialect, handle, batch_bytes, batches)
        }))
    }
}

fn read_file(
    file: Arc<dyn ByteReader>,
    schema: &SchemaRef,
    dialect: &Arc<Dialect>,
    handle: Handle,
    batch_bytes: usize,
    batches: &Pushed,
) -> Result<(), Fault> {
    let mut records = Records::begin(file, Arc::clone(dialect), handle)?;
    let mut record = Record::default();
    if dialect.header {
        records.next(&mut record)?;
    }
    let fields = schema.fields();
    let mut builders: Vec<Builder> = fields.iter().map(|field| Builder::new(field.data_type())).collect();
    let (mut rows, mut bytes) = (0, 0);
    loop {
        let more = records.next(&mut record)?;
        if rows > 0 && (!more || rows >= BATCH_ROWS || bytes >= batch_bytes) {
            let columns = builders.iter_mut().map(Builder::finish).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
                .map_err(|error| records.fault(error))?;
            if !batches.push(batch) {
                return Ok(());
            }
            (rows, bytes) = (0, 0);
        }
        if !more {
            return Ok(());
        }
        if fields.len() > 1 && record.is_blank() {
            // An empty line is no row of several columns; of one column it is a NULL.
            continue;
        }
        if record.len() != fields.len() {
            return Err(records.fault(format!("{} columns, where there are {}", record.len(), fields.len())));
        }
        for (index, builder) in builders.iter_mut().enumerate() {
            let (text, quoted) = record.field(index);
            if !quoted && text == dialect.null {
                builder.append_null();
            } else if let Err(why) = builder.append(text) {
                return Err(records.fault(format!("column {:?}: {why}", fields[index].name())));
            }
        }
        rows += 1;
        bytes += record.size() + fields.len() * 8;
    }
}

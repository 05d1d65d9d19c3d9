//! Files of a format that is read from its beginning, as one source: each file is a partition.

use crate::back::BATCH_BYTES;
use crate::bytes::{ByteReader, ByteStore, Entry};
use crate::codec;
use crate::format::ReadFormat;
use crate::pull::{self, Counted, Pushed};
use crate::text::back::Plan;
use crate::{fault, select};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use sluice_contract::Fault;
use sluice_store_core::{BatchStream, Partition, Rejected, Rejects, Side, Source, SourceRequest};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Handle;

/// Files whose beginnings are read at the same time.
const LOOKS_AT_ONCE: usize = 8;

/// Where a format's rows go.
pub(crate) struct Rows<'a> {
    pushed: &'a Pushed,
    handle: &'a Handle,
    rejects: Option<&'a Rejects>,
    /// Bytes of Arrow memory that a batch should stay under.
    pub(crate) batch_bytes: usize,
}

impl Rows<'_> {
    /// Waits until there is room; false when nobody wants more.
    pub(crate) fn push(&self, batch: RecordBatch) -> bool {
        self.pushed.push(batch)
    }

    /// Leaves out a row where that is allowed.
    ///
    /// # Errors
    /// The row's own fault where it is not, or that of the log.
    pub(crate) fn reject(&self, place: String, record: impl FnOnce() -> String, fault: Fault) -> Result<(), Fault> {
        let Some(rejects) = self.rejects else {
            return Err(fault);
        };
        self.handle.block_on(rejects.row(Rejected {
            side: Side::Source,
            place,
            record: record(),
            fault,
        }))
    }
}

/// The rows of one file that was written, in batches of `schema`.
pub(crate) fn reread<F: ReadFormat>(file: Arc<dyn ByteReader>, format: F, schema: SchemaRef) -> BatchStream {
    let handle = Handle::current();
    pull::stream(file.label().to_owned(), move |pushed| {
        let rows = Rows {
            pushed,
            handle: &handle,
            rejects: None,
            batch_bytes: BATCH_BYTES,
        };
        all(file, &format, &schema, &rows)
    })
}

/// The same for texts, whose types are the plan's.
pub(crate) fn reread_text<F: ReadFormat>(file: Arc<dyn ByteReader>, format: F, plan: Plan) -> BatchStream {
    let read = reread(file, format, Arc::clone(&plan.read));
    read.map(move |batch| plan.convert(&batch?)).boxed()
}

fn all<F: ReadFormat>(file: Arc<dyn ByteReader>, format: &F, schema: &SchemaRef, rows: &Rows<'_>) -> Result<(), Fault> {
    codec::each(file, format.compression(), rows.handle, &mut |input| {
        Ok(match format.rows(input, schema, rows)? {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
    })
}

struct RowSource<F> {
    store: Arc<dyn ByteStore>,
    format: Arc<F>,
    files: Vec<Entry>,
    schema: SchemaRef,
    partitions: Vec<Partition>,
    batch_bytes: usize,
    rejects: Option<Rejects>,
    bytes: Arc<AtomicU64>,
}

pub(crate) async fn open<F: ReadFormat>(
    store: Arc<dyn ByteStore>,
    request: &SourceRequest,
    format: F,
) -> Result<Box<dyn Source>, Fault> {
    let format = Arc::new(format);
    let files = select::files(store.as_ref(), &request.dataset, &request.activity).await?;
    let look = |entry: Entry| {
        let (store, format) = (Arc::clone(&store), Arc::clone(&format));
        async move {
            let file = store.open(&entry).await?;
            let handle = Handle::current();
            let columns = tokio::task::spawn_blocking(move || look(file, format.as_ref(), &handle))
                .await
                // A panic: a decoder met bytes that it did not expect.
                .map_err(|_| fault::data(&entry.label(), "the reader met bytes that it cannot understand"))??;
            Ok::<_, Fault>((entry, columns))
        }
    };
    let looks: Vec<_> = futures::stream::iter(files.into_iter().map(look))
        .buffered(LOOKS_AT_ONCE)
        .try_collect()
        .await?;
    let (files, columns): (Vec<Entry>, Vec<_>) = looks
        .into_iter()
        .map(|(entry, columns)| {
            let label = entry.label();
            (entry, (label, columns))
        })
        .unzip();
    let schema = format.schema(columns)?;
    let partition = |(index, entry): (usize, &Entry)| Partition {
        index,
        label: entry.label(),
    };
    Ok(Box::new(RowSource {
        partitions: files.iter().enumerate().map(partition).collect(),
        store,
        format,
        files,
        schema,
        batch_bytes: request.batch_bytes.max(1),
        rejects: request.rejects.clone(),
        bytes: Arc::default(),
    }))
}

/// The columns of the first part of a file that has any.
pub(crate) fn look<F: ReadFormat>(
    file: Arc<dyn ByteReader>,
    format: &F,
    handle: &Handle,
) -> Result<Option<F::Look>, Fault> {
    let mut found = None;
    codec::each(file, format.compression(), handle, &mut |input| {
        found = format.look(input)?;
        Ok(match found {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        })
    })?;
    Ok(found)
}

#[async_trait]
impl<F: ReadFormat> Source for RowSource<F> {
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

    fn file(&self, partition: &Partition) -> Option<&Entry> {
        self.files.get(partition.index)
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
        let (schema, format, handle) = (self.schema(), Arc::clone(&self.format), Handle::current());
        let (batch_bytes, rejects) = (self.batch_bytes, self.rejects.clone());
        Ok(pull::stream(entry.label(), move |pushed| {
            let rows = Rows {
                pushed,
                handle: &handle,
                rejects: rejects.as_ref(),
                batch_bytes,
            };
            all(file, format.as_ref(), &schema, &rows)
        }))
    }
}

//! The stream of batches of one partition, read on a blocking thread.

use super::column::Column;
use super::layout::Layout;
use super::partition::Slice;
use crate::errors;
use crate::record;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, stream};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, InterruptHandle};
use sluice_contract::{Code, Fault};
use sluice_store_core::{BatchStream, Rejected, Rejects, Side};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::OwnedMutexGuard;
use tokio::sync::mpsc;

/// Rows that a batch holds at most.
const MAX_ROWS: usize = 64 * 1024;

/// Arrow's 32-bit offsets end at 2 GiB; a value may bring 1 GiB at once.
const MAX_BATCH_BYTES: usize = 512 << 20;

/// What the reading thread says.
enum Message {
    Batch(RecordBatch),
    Failed(Fault),
    /// Said last, so that a thread that dies does not look like one that is done.
    Done,
}

/// Stops the statement when the stream is dropped.
struct Stop(InterruptHandle, bool);

impl Drop for Stop {
    fn drop(&mut self) {
        if !self.1 {
            self.0.interrupt();
        }
    }
}

/// Starts reading. The connection is free again when the stream has ended or was dropped.
pub(crate) fn stream(
    connection: OwnedMutexGuard<Connection>,
    layout: Arc<Layout>,
    slice: Slice,
    batch_bytes: usize,
    bytes_read: Arc<AtomicU64>,
    rejects: Option<Rejects>,
) -> BatchStream {
    let stop = Stop(connection.get_interrupt_handle(), false);
    let (sender, receiver) = mpsc::channel(1);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let send = |batch| {
            // A closed channel means that nobody wants more.
            sender.blocking_send(Message::Batch(batch)).is_ok()
        };
        // This thread may wait: it is there for that.
        let leave_out = rejects.map(|rejects| move |rejected| runtime.block_on(rejects.row(rejected)));
        let last = match read(&connection, &layout, &slice, batch_bytes, &bytes_read, send, leave_out) {
            Ok(()) => {
                // Nothing is read in this snapshot any more; without a write-ahead log somebody may wait for its end.
                if !connection.is_autocommit()
                    && let Err(error) = connection.execute_batch("COMMIT")
                {
                    tracing::debug!(%error, "A snapshot was not ended");
                }
                Message::Done
            }
            Err(fault) => Message::Failed(fault),
        };
        drop(connection);
        let _ = sender.blocking_send(last);
    });
    let batches = stream::unfold(Some((receiver, stop)), |state| async move {
        let (mut receiver, mut stop) = state?;
        match receiver.recv().await {
            Some(Message::Batch(batch)) => Some((Ok(batch), Some((receiver, stop)))),
            Some(Message::Done) => {
                stop.1 = true;
                None
            }
            Some(Message::Failed(fault)) => {
                stop.1 = true;
                Some((Err(fault), None))
            }
            None => {
                let text = "the thread that read the database ended unexpectedly";
                Some((Err(Fault::new(Code::Internal, text)), None))
            }
        }
    });
    batches.boxed()
}

fn read(
    connection: &Connection,
    layout: &Layout,
    slice: &Slice,
    batch_bytes: usize,
    bytes_read: &AtomicU64,
    mut send: impl FnMut(RecordBatch) -> bool,
    leave_out: Option<impl Fn(Rejected) -> Result<(), Fault>>,
) -> Result<(), Fault> {
    let failed = |error| errors::fault(&format!("reading {}", slice.label), &error);
    // The row number comes first, where there is one, to be named in errors.
    let rowid = layout.rowid.as_deref();
    let number = rowid.map_or(String::new(), |rowid| format!("{rowid}, "));
    let filter = slice.condition.as_ref();
    let filter = filter.map_or(String::new(), |condition| format!(" WHERE {condition}"));
    let query = format!("SELECT {number}{} FROM {}{filter}", layout.list, layout.from);
    let mut statement = connection.prepare(&query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut batch = Batch::new(layout, batch_bytes)?;
    let offset = usize::from(rowid.is_some());
    let mut count = 0_u64;
    let mut hand_out = |batch: &mut Batch<'_>| -> Result<bool, Fault> {
        bytes_read.fetch_add(std::mem::take(&mut batch.read), Ordering::Relaxed);
        batch.take().map(&mut send)
    };
    while let Some(row) = rows.next().map_err(failed)? {
        count += 1;
        // Counted before, so that a long row starts a batch of its own instead of overfilling one.
        let added = batch.measure(row, offset).map_err(failed)?;
        if batch.rows > 0 && batch.bytes + added > batch.limit && !hand_out(&mut batch)? {
            return Ok(());
        }
        if let Some((index, why)) = batch.append(row, offset).map_err(failed)? {
            let place = match row.get_ref(0) {
                Ok(ValueRef::Integer(number)) if rowid.is_some() => format!("rowid {number}"),
                _ => format!("row {count}"),
            };
            let column = layout.schema.field(index).name();
            let text = format!("column {column:?} of {} holds {why} ({place})", layout.name);
            let fault = Fault::new(Code::DataInvalid, text);
            let Some(leave_out) = &leave_out else { return Err(fault) };
            leave_out(Rejected {
                side: Side::Source,
                place: format!("{} ({place})", layout.name),
                record: record::of_values(row, offset).map_err(failed)?,
                fault,
            })?;
        }
        batch.rows += 1;
        batch.bytes += added;
        if (batch.rows == MAX_ROWS || batch.bytes >= batch.limit) && !hand_out(&mut batch)? {
            return Ok(());
        }
    }
    if batch.rows > 0 {
        hand_out(&mut batch)?;
    }
    Ok(())
}

/// The batch being filled.
struct Batch<'a> {
    layout: &'a Layout,
    columns: Vec<Column>,
    row_bytes: usize,
    limit: usize,
    rows: usize,
    /// Those that are left out: what is in their columns is no row.
    left_out: Vec<usize>,
    bytes: usize,
    read: u64,
}

impl<'a> Batch<'a> {
    fn new(layout: &'a Layout, batch_bytes: usize) -> Result<Self, Fault> {
        let columns: Result<Vec<Column>, _> = layout.carriers.iter().map(|carrier| Column::new(*carrier)).collect();
        let columns = columns.map_err(|error| Fault::new(Code::TypeUnsupported, error.to_string()))?;
        Ok(Self {
            layout,
            // Validity is a bit per value.
            row_bytes: columns.iter().map(Column::fixed_bytes).sum::<usize>() + columns.len().div_ceil(8),
            columns,
            limit: batch_bytes.clamp(1, MAX_BATCH_BYTES),
            rows: 0,
            left_out: Vec::new(),
            bytes: 0,
            read: 0,
        })
    }

    /// Bytes of Arrow memory that a row will take.
    fn measure(&mut self, row: &rusqlite::Row<'_>, offset: usize) -> rusqlite::Result<usize> {
        let mut bytes = self.row_bytes;
        for (index, column) in self.columns.iter().enumerate() {
            if matches!(column, Column::Utf8(_) | Column::Binary(_))
                && let ValueRef::Text(value) | ValueRef::Blob(value) = row.get_ref(index + offset)?
            {
                bytes += value.len();
            }
        }
        self.read += bytes as u64;
        Ok(bytes)
    }

    /// Appends a row. When a value is not what its column holds, says which and why; the row is not in the batch then.
    fn append(&mut self, row: &rusqlite::Row<'_>, offset: usize) -> rusqlite::Result<Option<(usize, String)>> {
        let mut wrong = None;
        for (index, column) in self.columns.iter_mut().enumerate() {
            let value = match wrong {
                None => row.get_ref(index + offset)?,
                // The columns stay of one length.
                Some(_) => ValueRef::Null,
            };
            if let Err(why) = column.append(value) {
                wrong = Some((index, why));
                self.left_out.push(self.rows);
                // Nothing goes wrong with NULL.
                let _ = column.append(ValueRef::Null);
            }
        }
        Ok(wrong)
    }

    fn take(&mut self) -> Result<RecordBatch, Fault> {
        let arrays = self.columns.iter_mut().map(Column::take).collect();
        let mut kept = vec![true; self.rows];
        for row in self.left_out.drain(..) {
            kept[row] = false;
        }
        self.rows = 0;
        self.bytes = 0;
        let batch = RecordBatch::try_new(self.layout.schema.clone(), arrays);
        let batch = batch.and_then(|batch| match kept.contains(&false) {
            true => filter_record_batch(&batch, &kept.into()),
            false => Ok(batch),
        });
        batch.map_err(|error| Fault::new(Code::Internal, format!("putting a batch together: {error}")))
    }
}

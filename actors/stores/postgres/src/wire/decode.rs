//! From the pieces of a COPY stream to Arrow batches.

use super::column::{Column, Rows as Slice, Wrong};
use super::frame::{Frames, Grid};
use super::message::Messages;
use super::record;
use crate::types::Wire;
use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use sluice_contract::{Code, Fault};
use sluice_store_core::{Rejected, Side};
use std::collections::VecDeque;
use std::ops::Range;

/// Rows that a batch holds at most.
const MAX_ROWS: usize = 64 * 1024;

/// Arrow's 32-bit offsets end at 2 GiB; a field may bring 1 GiB at once.
const MAX_BATCH_BYTES: usize = 512 << 20;

/// Makes batches of a stream.
pub(crate) struct Decoder {
    messages: Messages,
    frames: Frames,
    rows: Rows,
}

/// A row that Arrow cannot hold.
pub(crate) struct Bad {
    /// Its values as delimited text, as far as they are known.
    record: String,
    fault: Fault,
}

impl Bad {
    /// For the log of what is left out.
    pub(crate) fn rejected(self, place: &str) -> Rejected {
        Rejected {
            side: Side::Source,
            place: place.to_owned(),
            record: self.record,
            fault: self.fault,
        }
    }
}

impl Decoder {
    /// For a stream of these columns; batches stay under `batch_bytes` of Arrow memory, or hold one row. With `lenient`, rows
    /// that Arrow cannot hold are put aside.
    ///
    /// # Errors
    /// `SL6007` when Arrow does not take a column's type.
    pub(crate) fn new(schema: SchemaRef, wires: &[Wire], batch_bytes: usize, lenient: bool) -> Result<Self, Fault> {
        let mut columns: Vec<Column> = wires.iter().map(|wire| Column::new(*wire)).collect();
        let rows = Rows::batch(&schema, &mut columns, 0);
        rows.map_err(|error| Fault::new(Code::TypeUnsupported, error.to_string()))?;
        // Validity is a bit per value.
        let row_bytes = columns.iter().map(Column::fixed_bytes).sum::<usize>() + columns.len().div_ceil(8);
        Ok(Self {
            messages: Messages::default(),
            frames: Frames::new(columns.len()),
            rows: Rows {
                schema,
                columns,
                row_bytes,
                limit: batch_bytes.clamp(1, MAX_BATCH_BYTES),
                count: 0,
                total: 0,
                ready: VecDeque::new(),
                lenient,
                bad: Vec::new(),
            },
        })
    }

    /// Takes the next piece of the stream: `CopyData` messages, cut anywhere.
    ///
    /// # Errors
    /// `SL6011`, naming the column where one is at fault.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Fault> {
        let Self { messages, frames, rows } = self;
        let mut take = |buffer: &[u8], grid: &Grid| rows.append(buffer, grid);
        messages.push(piece, |buffer, content| match content {
            Some(content) => frames.push(buffer, content, &mut take),
            None => frames.flush(buffer, &mut take),
        })
    }

    /// The stream is over: what is left becomes the last batch.
    ///
    /// # Errors
    /// `SL6011` when it broke off.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.frames.finish()?;
        self.messages.finish()?;
        self.rows.flush()
    }

    /// The next finished batch.
    pub(crate) fn next(&mut self) -> Option<RecordBatch> {
        self.rows.ready.pop_front()
    }

    /// The rows put aside since the last call.
    pub(crate) fn bad(&mut self) -> Vec<Bad> {
        std::mem::take(&mut self.rows.bad)
    }
}

/// The batch being filled, and those that are full.
struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    row_bytes: usize,
    limit: usize,
    count: usize,
    total: u64,
    ready: VecDeque<RecordBatch>,
    lenient: bool,
    bad: Vec<Bad>,
}

impl Rows {
    fn append(&mut self, buffer: &[u8], grid: &Grid) -> Result<(), Fault> {
        let mut from = 0;
        while from < grid.rows() {
            let room = self.limit.saturating_sub(self.bytes());
            let mut to = from;
            let mut needed = 0;
            // A row's bytes in the stream are more than what its texts bring: a bound that costs nothing.
            while to < grid.rows() && self.count + to - from < MAX_ROWS {
                needed += self.row_bytes + grid.bytes()[to];
                if needed > room {
                    break;
                }
                to += 1;
            }
            // Where only little fits any more, the batch is done. A long row starts one of its own.
            let done = to < grid.rows() && (to - from) * 16 < self.count;
            if self.count > 0 && (to == from || done) {
                self.flush()?;
                continue;
            }
            let to = to.max(from + 1);
            self.part(buffer, grid, from..to)?;
            from = to;
        }
        if self.count >= MAX_ROWS || self.bytes() >= self.limit {
            self.flush()?;
        }
        Ok(())
    }

    /// Bytes of Arrow memory so far.
    fn bytes(&self) -> usize {
        self.count * self.row_bytes + self.columns.iter().map(Column::data_len).sum::<usize>()
    }

    fn part(&mut self, buffer: &[u8], grid: &Grid, range: Range<usize>) -> Result<(), Fault> {
        let before: Vec<usize> = self.columns.iter().map(Column::data_len).collect();
        let rows = range.len();
        for index in 0..self.columns.len() {
            let slice = Slice {
                buffer,
                grid,
                range: range.clone(),
                column: index,
            };
            let Err((row, why)) = self.columns[index].append(&slice) else {
                continue;
            };
            for (column, bytes) in self.columns.iter_mut().zip(&before) {
                column.truncate(self.count, *bytes);
            }
            if rows > 1 && (self.lenient || row > range.start) {
                // One by one: which rows are wrong is not known yet, nor whether one before this has another wrong column.
                return range
                    .into_iter()
                    .try_for_each(|row| self.part(buffer, grid, row..row + 1));
            }
            let fault = self.wrong(index, (row - range.start, why));
            if !self.lenient {
                return Err(fault);
            }
            self.total += 1;
            let record = record::of(&self.schema, buffer, grid, row, &self.columns);
            self.bad.push(Bad { record, fault });
            return Ok(());
        }
        self.count += rows;
        self.total += rows as u64;
        Ok(())
    }

    fn wrong(&self, column: usize, (row, why): Wrong) -> Fault {
        let name = self.schema.field(column).name();
        let row = self.total + row as u64 + 1;
        Fault::new(
            Code::DataInvalid,
            format!("column {name:?} holds {why} (row {row} of its partition)"),
        )
    }

    fn flush(&mut self) -> Result<(), Fault> {
        if self.count == 0 {
            return Ok(());
        }
        let batch = Self::batch(&self.schema, &mut self.columns, self.count)
            .map_err(|error| Fault::new(Code::Internal, format!("putting a batch together: {error}")))?;
        self.ready.push_back(batch);
        self.count = 0;
        Ok(())
    }

    fn batch(schema: &SchemaRef, columns: &mut [Column], rows: usize) -> Result<RecordBatch, ArrowError> {
        let arrays: Vec<ArrayRef> = columns.iter_mut().map(Column::take).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema.clone(), arrays, &options)
    }
}

//! From the pieces of a COPY stream to Arrow batches.

use super::column::Column;
use super::frame::{Frames, fields};
use crate::types::Wire;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use sluice_contract::{Code, Fault};
use std::collections::VecDeque;

/// Rows that a batch holds at most.
const MAX_ROWS: usize = 64 * 1024;

/// Arrow's 32-bit offsets end at 2 GiB; a field may bring 1 GiB at once.
const MAX_BATCH_BYTES: usize = 512 << 20;

/// Makes batches of a stream.
pub(crate) struct Decoder {
    frames: Frames,
    rows: Rows,
}

impl Decoder {
    /// For a stream of these columns; batches stay under `batch_bytes` of Arrow memory, or hold one row.
    ///
    /// # Errors
    /// `SL6007` when Arrow does not take a column's type.
    pub(crate) fn new(schema: SchemaRef, wires: &[Wire], batch_bytes: usize) -> Result<Self, Fault> {
        let columns: Result<Vec<Column>, _> = wires.iter().map(|wire| Column::new(*wire)).collect();
        let columns = columns.map_err(|error| Fault::new(Code::TypeUnsupported, error.to_string()))?;
        // Validity is a bit per value.
        let row_bytes = columns.iter().map(Column::fixed_bytes).sum::<usize>() + columns.len().div_ceil(8);
        Ok(Self {
            frames: Frames::new(columns.len()),
            rows: Rows {
                schema,
                columns,
                row_bytes,
                limit: batch_bytes.clamp(1, MAX_BATCH_BYTES),
                count: 0,
                bytes: 0,
                total: 0,
                ready: VecDeque::new(),
            },
        })
    }

    /// Takes the next piece of the stream.
    ///
    /// # Errors
    /// `SL6011`, naming the column where one is at fault.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Fault> {
        self.frames.push(chunk, |row| self.rows.append(row))
    }

    /// The stream is over: what is left becomes the last batch.
    ///
    /// # Errors
    /// `SL6011` when it broke off.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.frames.finish()?;
        self.rows.flush()
    }

    /// The next finished batch.
    pub(crate) fn next(&mut self) -> Option<RecordBatch> {
        self.rows.ready.pop_front()
    }
}

/// The batch being filled, and those that are full.
struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    row_bytes: usize,
    limit: usize,
    count: usize,
    bytes: usize,
    total: u64,
    ready: VecDeque<RecordBatch>,
}

impl Rows {
    fn append(&mut self, row: &[u8]) -> Result<(), Fault> {
        // Counted before, so that a long row starts a batch of its own instead of overfilling one.
        let added = self.row_bytes + self.variable_bytes(row);
        if self.count > 0 && self.bytes + added > self.limit {
            self.flush()?;
        }
        self.total += 1;
        for (index, (column, field)) in self.columns.iter_mut().zip(fields(row)).enumerate() {
            match field {
                None => column.null(),
                Some(field) => column.append(field).map_err(|why| {
                    let name = self.schema.field(index).name();
                    Fault::new(
                        Code::DataInvalid,
                        format!("column {name:?} holds {why} (row {} of its partition)", self.total),
                    )
                })?,
            }
        }
        self.count += 1;
        self.bytes += added;
        if self.count == MAX_ROWS || self.bytes >= self.limit {
            self.flush()?;
        }
        Ok(())
    }

    fn variable_bytes(&self, row: &[u8]) -> usize {
        // Without texts there is nothing to count; walking the fields costs as much as decoding them.
        if !self.columns.iter().any(Column::varies) {
            return 0;
        }
        let fields = self.columns.iter().zip(fields(row));
        fields
            .filter(|(column, _)| column.varies())
            .map(|(_, field)| field.map_or(0, <[u8]>::len))
            .sum()
    }

    fn flush(&mut self) -> Result<(), Fault> {
        if self.count == 0 {
            return Ok(());
        }
        let arrays = self.columns.iter_mut().map(Column::take).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.count));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
            .map_err(|error| Fault::new(Code::Internal, format!("putting a batch together: {error}")))?;
        self.ready.push_back(batch);
        self.count = 0;
        self.bytes = 0;
        Ok(())
    }
}

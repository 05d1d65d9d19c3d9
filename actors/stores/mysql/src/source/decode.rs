//! From the rows of a result to Arrow batches.

use super::column::{Column, Wrong};
use super::field::{Fields, is_null};
use crate::types::Wire;
use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use sluice_contract::{Code, Fault};

/// Rows that a batch holds at most.
const MAX_ROWS: usize = 64 * 1024;

/// Arrow's 32-bit offsets end at 2 GiB; a field may bring 1 GiB at once.
const MAX_BATCH_BYTES: usize = 512 << 20;

/// Makes batches of rows.
pub(super) struct Decoder {
    schema: SchemaRef,
    columns: Vec<Column>,
    row_bytes: usize,
    limit: usize,
    count: usize,
    bytes: usize,
    total: u64,
    /// Rows of the batch that are left out, and why.
    bad: Vec<(usize, Fault)>,
    /// Whether rows may be left out.
    lenient: bool,
}

impl Decoder {
    /// For rows of these columns; batches stay near `batch_bytes` of Arrow memory, or hold one row.
    ///
    /// # Errors
    /// `SL6007` when Arrow does not take a column's type.
    pub(super) fn new(
        schema: SchemaRef,
        wires: &[Wire],
        batch_bytes: usize,
        zero_is_null: bool,
        lenient: bool,
    ) -> Result<Self, Fault> {
        let columns: Result<Vec<Column>, _> = wires.iter().map(|wire| Column::new(*wire, zero_is_null)).collect();
        let columns = columns.map_err(|error| Fault::new(Code::TypeUnsupported, error.to_string()))?;
        // Validity is a bit per value.
        let row_bytes = columns.iter().map(Column::fixed_bytes).sum::<usize>() + columns.len().div_ceil(8);
        Ok(Self {
            schema,
            columns,
            row_bytes,
            limit: batch_bytes.clamp(1, MAX_BATCH_BYTES),
            count: 0,
            bytes: 0,
            total: 0,
            bad: Vec::new(),
            lenient,
        })
    }

    /// Whether the batch has to be [taken](Self::take) before the next row, which has so many bytes.
    #[inline]
    pub(super) fn is_full_for(&self, packet: usize) -> bool {
        // A packet is a bit shorter than its row in Arrow's memory where texts are many, longer where numbers are.
        self.count >= MAX_ROWS || (self.count > 0 && self.bytes + packet > self.limit)
    }

    /// Takes a row.
    ///
    /// # Errors
    /// `SL6011`, naming the column where one is at fault.
    pub(super) fn push(&mut self, packet: &[u8]) -> Result<(), Fault> {
        let malformed = || Fault::new(Code::StoreFailed, "the server sent a row that ends too early");
        let bitmap_bytes = (self.columns.len() + 9) / 8;
        let (bitmap, rest) = packet
            .get(1..)
            .and_then(|row| row.split_at_checked(bitmap_bytes))
            .ok_or_else(malformed)?;
        let mut fields = Fields(rest);
        self.total += 1;
        let mut bytes = self.row_bytes;
        let mut left_out = None;
        for (index, column) in self.columns.iter_mut().enumerate() {
            if is_null(bitmap, index) {
                column.null();
                continue;
            }
            match column.append(&mut fields) {
                Ok(more) => bytes += more,
                Err(Wrong::Row(why)) => return Err(Fault::new(Code::StoreFailed, format!("the server sent {why}"))),
                Err(Wrong::Value(why)) => {
                    column.null();
                    let name = self.schema.field(index).name();
                    let text = format!("column {name:?} holds {why} (row {} of its partition)", self.total);
                    let fault = Fault::new(Code::DataInvalid, text);
                    if !self.lenient {
                        return Err(fault);
                    }
                    left_out.get_or_insert(fault);
                }
            }
        }
        if let Some(fault) = left_out {
            self.bad.push((self.count, fault));
        }
        self.count += 1;
        self.bytes += bytes;
        Ok(())
    }

    /// The batch so far, and the rows that it leaves out: as a batch, each with its fault. None when there is nothing.
    ///
    /// # Errors
    /// `SL6011` when a text is not UTF-8.
    pub(super) fn take(&mut self) -> Result<Option<(RecordBatch, LeftOut)>, Fault> {
        if self.count == 0 {
            return Ok(None);
        }
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter_mut().enumerate() {
            arrays.push(column.take().map_err(|error| {
                let name = self.schema.field(index).name();
                Fault::new(
                    Code::DataInvalid,
                    format!("column {name:?} holds text that is not UTF-8: {error}"),
                )
            })?);
        }
        let broken = |error| Fault::new(Code::Internal, format!("putting a batch together: {error}"));
        let options = RecordBatchOptions::new().with_row_count(Some(self.count));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(broken)?;
        (self.count, self.bytes) = (0, 0);
        let bad = std::mem::take(&mut self.bad);
        if bad.is_empty() {
            return Ok(Some((batch, LeftOut::default())));
        }
        let mut keep = vec![true; batch.num_rows()];
        for (row, _) in &bad {
            keep[*row] = false;
        }
        let kept = filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(broken)?;
        Ok(Some((
            kept,
            LeftOut {
                rows: bad,
                batch: Some(batch),
            },
        )))
    }
}

/// Rows that are left out of a batch.
#[derive(Default)]
pub(super) struct LeftOut {
    /// Their places in the batch, and what is wrong with each.
    pub(super) rows: Vec<(usize, Fault)>,
    /// All rows, with NULL for what could not be carried.
    pub(super) batch: Option<RecordBatch>,
}

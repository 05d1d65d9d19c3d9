//! From Arrow batches to the pieces of a COPY stream.

use super::SIGNATURE;
use super::cells::Cells;
use super::output::Output;
use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use sluice_contract::{Code, Fault};

/// A piece is sent when it has grown to this.
const PIECE: usize = 256 * 1024;

/// How one column is written.
#[derive(Clone, Debug)]
pub(crate) struct Encoding {
    /// The name in the source, for errors.
    pub(crate) name: String,
    pub(crate) output: Output,
}

/// Writes batches.
pub(crate) struct Encoder {
    columns: Vec<Encoding>,
    rows: u64,
}

/// A batch of which some rows are written.
pub(crate) struct Rows {
    arrays: Vec<ArrayRef>,
    next: usize,
    count: usize,
}

impl Encoder {
    /// For batches of these columns.
    pub(crate) fn new(columns: Vec<Encoding>) -> Self {
        Self { columns, rows: 0 }
    }

    /// The same behind so many rows that others have written.
    pub(crate) fn behind(columns: Vec<Encoding>, rows: u64) -> Self {
        Self { columns, rows }
    }

    /// What the stream begins with.
    pub(crate) fn header() -> Bytes {
        let mut header = SIGNATURE.to_vec();
        header.extend_from_slice(&[0; 8]);
        Bytes::from(header)
    }

    /// What the stream ends with.
    pub(crate) fn trailer() -> Bytes {
        Bytes::from_static(&[0xff, 0xff])
    }

    /// Starts on a batch.
    ///
    /// # Errors
    /// `SL6012` when it has other columns than planned.
    pub(crate) fn start(&self, batch: &RecordBatch) -> Result<Rows, Fault> {
        if batch.num_columns() != self.columns.len() {
            return Err(Fault::new(
                Code::SchemaMismatch,
                format!(
                    "a batch has {} columns instead of {}",
                    batch.num_columns(),
                    self.columns.len()
                ),
            ));
        }
        let unpacked = batch.columns().iter().map(|array| match array.data_type() {
            DataType::Dictionary(_, value) => cast(array, value),
            _ => Ok(array.clone()),
        });
        let arrays: Result<Vec<_>, _> = unpacked.collect();
        Ok(Rows {
            arrays: arrays.map_err(|error| Fault::new(Code::DataInvalid, error.to_string()))?,
            next: 0,
            count: batch.num_rows(),
        })
    }

    /// The next piece of a batch; none when it is done.
    ///
    /// # Errors
    /// `SL6011`, naming the column.
    pub(crate) fn piece(&mut self, rows: &mut Rows) -> Result<Option<Bytes>, Fault> {
        if rows.next == rows.count {
            return Ok(None);
        }
        let cells = rows.arrays.iter().zip(&self.columns).map(|(array, column)| {
            Cells::of(array.as_ref(), column).ok_or_else(|| {
                let (name, kind) = (&column.name, array.data_type());
                Fault::new(
                    Code::TypeUnsupported,
                    format!("column {name:?} is of type {kind}, which is not carried"),
                )
            })
        });
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        let count = i16::try_from(cells.len())
            .map_err(|_| Fault::new(Code::SchemaMismatch, "more columns than PostgreSQL takes"))?;
        let mut out = Vec::with_capacity(PIECE + PIECE / 8);
        while rows.next < rows.count && out.len() < PIECE {
            out.extend_from_slice(&count.to_be_bytes());
            for column in &cells {
                column.write(rows.next, &mut out).map_err(|why| {
                    let (name, row) = (column.name(), self.rows + 1);
                    let text = format!("column {name:?} holds {why} (row {row} of its writer)");
                    Fault::new(Code::DataInvalid, text)
                })?;
            }
            rows.next += 1;
            self.rows += 1;
        }
        Ok(Some(Bytes::from(out)))
    }
}

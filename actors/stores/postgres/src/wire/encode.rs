//! From Arrow batches to the pieces of a COPY stream.

use super::SIGNATURE;
use super::output::Output;
use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use sluice_contract::{Code, Fault};
use sluice_store_wire::cell::Input;

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
        let mut inputs = Vec::with_capacity(self.columns.len());
        for (array, column) in rows.arrays.iter().zip(&self.columns) {
            let input = Input::of(array.as_ref()).ok_or_else(|| {
                Fault::new(
                    Code::TypeUnsupported,
                    format!(
                        "column {:?} is of type {}, which is not carried",
                        column.name,
                        array.data_type()
                    ),
                )
            })?;
            // Logical nulls: an array of type Null has no validity of its own.
            let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
            inputs.push((input, nulls, column));
        }
        let count = i16::try_from(inputs.len())
            .map_err(|_| Fault::new(Code::SchemaMismatch, "more columns than PostgreSQL takes"))?;
        let mut out = Vec::with_capacity(PIECE + PIECE / 8);
        while rows.next < rows.count && out.len() < PIECE {
            out.extend_from_slice(&count.to_be_bytes());
            for (input, nulls, column) in &inputs {
                if nulls.as_ref().is_some_and(|nulls| nulls.is_null(rows.next)) {
                    out.extend_from_slice(&(-1_i32).to_be_bytes());
                    continue;
                }
                let at = out.len();
                out.extend_from_slice(&[0; 4]);
                let wrong = |why: String| {
                    let row = self.rows + 1;
                    let text = format!("column {:?} holds {why} (row {row} of its writer)", column.name);
                    Fault::new(Code::DataInvalid, text)
                };
                let value = input.value(rows.next).map_err(wrong)?;
                column.output.write(value, &mut out).map_err(wrong)?;
                let length = i32::try_from(out.len() - at - 4).map_err(|_| wrong("more than 2 GiB".into()))?;
                out[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
            rows.next += 1;
            self.rows += 1;
        }
        Ok(Some(Bytes::from(out)))
    }
}

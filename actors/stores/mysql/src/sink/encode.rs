//! From Arrow batches to the rows of a `LOAD DATA` file, or of an `INSERT`.

use super::fit::Output;
use super::output::Style;
use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use sluice_contract::{Code, Fault};
use sluice_store_wire::cell::Input;

/// How one column is written.
#[derive(Clone, Debug)]
pub(super) struct Encoding {
    /// The name in the source, for errors.
    pub(super) name: String,
    pub(super) output: Output,
    /// The target takes no NULL.
    pub(super) required: bool,
}

/// A batch's columns, of types that are written.
pub(super) struct Unpacked {
    arrays: Vec<ArrayRef>,
    rows: usize,
}

impl Unpacked {
    /// Unpacks dictionaries and the like.
    ///
    /// # Errors
    /// `SL6012` when the batch has other columns than planned.
    pub(super) fn of(batch: &RecordBatch, columns: usize) -> Result<Self, Fault> {
        if batch.num_columns() != columns {
            let text = format!("a batch has {} columns instead of {columns}", batch.num_columns());
            return Err(Fault::new(Code::SchemaMismatch, text));
        }
        let unpacked = batch.columns().iter().map(|array| match array.data_type() {
            DataType::Dictionary(_, value) => cast(array, value),
            DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => cast(array, &DataType::Decimal128(*p, *s)),
            _ => Ok(array.clone()),
        });
        let arrays: Result<Vec<_>, _> = unpacked.collect();
        Ok(Self {
            arrays: arrays.map_err(|error| Fault::new(Code::DataInvalid, error.to_string()))?,
            rows: batch.num_rows(),
        })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }
}

/// Writes a batch's rows.
pub(super) struct Rows<'a> {
    columns: Vec<(Input<'a>, Option<NullBuffer>, &'a Encoding)>,
    style: Style,
}

impl<'a> Rows<'a> {
    /// For a batch's columns.
    ///
    /// # Errors
    /// `SL6007` for a type that is not written.
    pub(super) fn new(unpacked: &'a Unpacked, encodings: &'a [Encoding], style: Style) -> Result<Self, Fault> {
        let mut columns = Vec::with_capacity(encodings.len());
        for (array, encoding) in unpacked.arrays.iter().zip(encodings) {
            let input = Input::of(array.as_ref()).ok_or_else(|| {
                let text = format!(
                    "column {:?} is of type {}, which is not carried",
                    encoding.name,
                    array.data_type()
                );
                Fault::new(Code::TypeUnsupported, text)
            })?;
            // Logical nulls: an array of type Null has no validity of its own.
            columns.push((input, array.logical_nulls(), encoding));
        }
        Ok(Self { columns, style })
    }

    /// Appends a row; what it appended is taken back when it fails.
    ///
    /// # Errors
    /// `SL6011`, naming the column.
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        let start = out.len();
        self.style.begin(out);
        for (index, (input, nulls, encoding)) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push(self.style.between());
            }
            let wrong = |why: String| {
                let text = format!("column {:?} holds {why}", encoding.name);
                Fault::new(Code::DataInvalid, text)
            };
            let written = if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                match encoding.required {
                    true => Err("NULL, which the sink's column does not take".to_owned()),
                    false => {
                        self.style.null(out);
                        Ok(())
                    }
                }
            } else {
                input
                    .value(row)
                    .and_then(|value| encoding.output.write(value, self.style, out))
            };
            if let Err(why) = written {
                out.truncate(start);
                return Err(wrong(why));
            }
        }
        self.style.end(out);
        Ok(())
    }
}

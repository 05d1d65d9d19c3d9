//! Rows of texts on their way into a batch.

use super::convert::Column;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use std::sync::Arc;

/// Rows of one batch at most.
const BATCH_ROWS: usize = 16 << 10;

/// A batch being filled.
pub(crate) struct Batch {
    schema: SchemaRef,
    columns: Vec<Column>,
    /// Whether a column is of texts, which are UTF-8 or refused.
    texts: Vec<bool>,
    rows: usize,
    bytes: usize,
}

impl Batch {
    pub(crate) fn new(schema: &SchemaRef) -> Self {
        let types = schema.fields().iter().map(|field| field.data_type());
        Self {
            schema: Arc::clone(schema),
            texts: types.clone().map(|of| *of == DataType::Utf8).collect(),
            columns: types.map(Column::new).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Columns of a row.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Appends a row of as many fields as there are columns, none of which is NULL; or nothing, and says why. `checked`: the
    /// fields are known to be UTF-8.
    #[inline]
    pub(crate) fn append<'a>(
        &mut self,
        fields: impl Iterator<Item = Option<&'a [u8]>>,
        checked: bool,
    ) -> Result<(), String> {
        let mut bytes = 0;
        for (index, (column, field)) in self.columns.iter_mut().zip(fields).enumerate() {
            let Some(text) = field else {
                column.append_null();
                continue;
            };
            let appended = match !checked && self.texts[index] && std::str::from_utf8(text).is_err() {
                true => Err("not UTF-8"),
                false => column.append(text),
            };
            if let Err(why) = appended {
                let name = self.schema.field(index).name();
                for column in &mut self.columns {
                    column.truncate(self.rows);
                }
                return Err(format!("column {name:?}: {why}"));
            }
            bytes += text.len();
        }
        self.rows += 1;
        self.bytes += bytes + self.columns.len() * 8;
        Ok(())
    }

    /// Whether it should be handed on.
    pub(crate) fn is_full(&self, batch_bytes: usize) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= batch_bytes
    }

    /// Whether it holds no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Gives the batch and begins another.
    ///
    /// # Errors
    /// When the columns do not make a batch.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(Column::finish).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}

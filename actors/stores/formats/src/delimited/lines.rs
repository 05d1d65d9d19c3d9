//! Rows of a batch as lines of text.

use super::dialect::Dialect;
use crate::fault;
use crate::text::cell::Cells;
use arrow::array::Array;
use arrow::buffer::NullBuffer;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use sluice_contract::Fault;

/// The rows of one batch.
pub(super) struct Lines<'a> {
    dialect: &'a Dialect,
    columns: Vec<Column>,
    /// A value that may have to be quoted.
    value: Vec<u8>,
}

struct Column {
    cells: Cells,
    /// None when there is no NULL among them.
    nulls: Option<NullBuffer>,
}

impl<'a> Lines<'a> {
    /// # Errors
    /// `SL6007` for a type that text does not carry; when the batch is not of these columns.
    pub(super) fn new(dialect: &'a Dialect, schema: &SchemaRef, batch: &RecordBatch) -> Result<Self, Fault> {
        if batch.num_columns() != schema.fields().len() {
            return Err(fault::mismatch("a batch does not fit the prepared columns"));
        }
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
            let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
            let cells = Cells::new(field, array)?;
            Ok(Column { cells, nulls })
        });
        Ok(Self {
            dialect,
            columns: columns.collect::<Result<_, Fault>>()?,
            value: Vec::new(),
        })
    }

    /// Appends a row, which is the file's so many and first.
    ///
    /// # Errors
    /// The column whose value cannot be written, and why.
    pub(super) fn put(&mut self, row: usize, text: &mut Vec<u8>, rows: u64) -> Result<(), (usize, &'static str)> {
        let dialect = self.dialect;
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                match dialect.delimiter[..] {
                    [one] => text.push(one),
                    _ => text.extend_from_slice(&dialect.delimiter),
                }
            }
            if column.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                text.extend_from_slice(&dialect.null);
            } else if let Some(value) = column.cells.text(row) {
                let value = value.unwrap_or_default().as_bytes();
                put_value(dialect, value, text, rows).map_err(|why| (index, why))?;
            } else if dialect.plain {
                column.cells.write_valid(row, text);
            } else {
                self.value.clear();
                column.cells.write_valid(row, &mut self.value);
                put_value(dialect, &self.value, text, rows).map_err(|why| (index, why))?;
            }
        }
        text.extend_from_slice(dialect.row_end_to_write());
        Ok(())
    }
}

/// Appends `value` as a field, quoted or escaped as it needs.
pub(super) fn put_value(dialect: &Dialect, value: &[u8], text: &mut Vec<u8>, rows: u64) -> Result<(), &'static str> {
    let null = value == dialect.null;
    let mark = |byte: &u8| dialect.marks[usize::from(*byte)];
    let marked = |value: &[u8]| match dialect.few_marks {
        // All bytes are looked at, many at a time.
        Some([a, b, c, d]) => value.iter().fold(false, |found, byte| {
            found | (*byte == a) | (*byte == b) | (*byte == c) | (*byte == d)
        }),
        None => value.iter().any(mark),
    };
    match (dialect.quote, dialect.escape) {
        (Some(quote), escape) => {
            let needs = dialect.quote_all
                || null
                || marked(value)
                // At the beginning of a file it would be taken for a byte order mark.
                || value.starts_with("\u{feff}".as_bytes());
            if !needs {
                text.extend_from_slice(value);
                return Ok(());
            }
            text.push(quote);
            put_quoted(text, value, quote, escape.unwrap_or(quote));
            text.push(quote);
        }
        (None, _) if null => {
            return Err("a text equals `nullValue`, and without `quoteChar` it would be read as NULL");
        }
        (None, Some(escape)) => {
            if rows == 0 && text.is_empty() && value.starts_with("\u{feff}".as_bytes()) {
                return Err("the first text begins with a byte order mark, and there is no `quoteChar`");
            }
            for byte in value {
                if *byte == escape || mark(byte) {
                    text.push(escape);
                }
                text.push(*byte);
            }
        }
        (None, None) => {
            if marked(value) {
                return Err("a text holds a delimiter, and there is neither `quoteChar` nor `escapeChar`");
            }
            text.extend_from_slice(value);
        }
    }
    Ok(())
}

/// Escapes quotes, and an escape only where it would be taken for one: before a quote, before another, and at the end.
fn put_quoted(text: &mut Vec<u8>, value: &[u8], quote: u8, escape: u8) {
    for (at, byte) in value.iter().enumerate() {
        let special = |next: Option<&u8>| next.is_none_or(|next| *next == quote || *next == escape);
        if *byte == quote || (*byte == escape && special(value.get(at + 1))) {
            text.push(escape);
        }
        text.push(*byte);
    }
}

//! A row as delimited text, for whoever looks at what was left out.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rusqlite::types::ValueRef;

/// A batch's row as delimited text.
pub(crate) fn of_row(batch: &RecordBatch, row: usize) -> String {
    let options = FormatOptions::default();
    let cell = |array: &ArrayRef| match ArrayFormatter::try_new(array.as_ref(), &options) {
        Ok(text) => quoted(&text.value(row).to_string()),
        Err(_) => String::new(),
    };
    batch.columns().iter().map(cell).collect::<Vec<_>>().join(",")
}

/// A row of a statement as delimited text, but for its first columns.
///
/// # Errors
/// SQLite's.
pub(crate) fn of_values(row: &rusqlite::Row<'_>, from: usize) -> rusqlite::Result<String> {
    let mut cells = Vec::new();
    for column in from..row.as_ref().column_count() {
        cells.push(match row.get_ref(column)? {
            ValueRef::Null => String::new(),
            ValueRef::Integer(value) => value.to_string(),
            ValueRef::Real(value) => value.to_string(),
            ValueRef::Text(text) => quoted(&String::from_utf8_lossy(text)),
            ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
    }
    Ok(cells.join(","))
}

fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

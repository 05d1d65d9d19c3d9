//! A row of the stream as delimited text, for people.

use super::column::{Column, Rows};
use super::frame::Grid;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;

/// The values that can be shown; the others are left empty.
pub(super) fn of(schema: &SchemaRef, buffer: &[u8], grid: &Grid, row: usize, like: &[Column]) -> String {
    let value = |index: usize| {
        let mut column = like[index].empty();
        let range = row..row + 1;
        let slice = Rows {
            buffer,
            grid,
            range,
            column: index,
        };
        column.append(&slice).ok()?;
        let array = column.take().ok()?;
        array_value_to_string(array.as_ref(), 0).ok()
    };
    let fields = (0..schema.fields().len()).map(|index| quoted(&value(index).unwrap_or_default()));
    fields.collect::<Vec<_>>().join(",")
}

/// A row of a batch as the same text.
pub(crate) fn of_batch(batch: &RecordBatch, row: usize) -> String {
    let value = |array| array_value_to_string(array, row).unwrap_or_default();
    let fields = batch.columns().iter().map(|array| quoted(&value(array.as_ref())));
    fields.collect::<Vec<_>>().join(",")
}

fn quoted(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

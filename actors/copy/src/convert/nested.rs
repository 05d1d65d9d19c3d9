//! Nested values as JSON texts.

use super::{Converted, lost};
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use arrow_json::WriterBuilder;
use arrow_json::writer::LineDelimited;
use sluice_contract::{Code, Fault};
use std::sync::Arc;

pub(super) fn write(column: &ArrayRef) -> Result<Converted, Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::new(Code::DataInvalid, format!("a nested value: {error}"));
    let schema = Schema::new(vec![Field::new("v", column.data_type().clone(), true)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![column.clone()]).map_err(|error| failed(&error))?;
    let mut lines = Vec::new();
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, LineDelimited>(&mut lines);
    writer
        .write(&batch)
        .and_then(|()| writer.finish())
        .map_err(|error| failed(&error))?;
    let lines = String::from_utf8(lines).map_err(|error| failed(&error))?;
    // A line is {"v":VALUE}, and a line break within a text is escaped.
    let value = |line: &str| line.get(5..line.len().saturating_sub(1)).map(str::to_owned);
    let texts = lines.lines().enumerate().map(|(row, line)| match column.is_null(row) {
        true => None,
        false => value(line),
    });
    let texts: StringArray = texts.collect();
    if texts.len() != column.len() {
        return Err(failed(&"its lines are not its rows"));
    }
    Ok(Converted {
        bad: lost(column.as_ref(), &texts),
        column: Arc::new(texts),
    })
}

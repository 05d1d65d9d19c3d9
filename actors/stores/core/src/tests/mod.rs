//! Tests of what all stores share.

mod hash_columns;
mod hash_nested;
mod hash_rows;
mod hash_values;
mod rejects;
mod table_source;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use std::sync::Arc;

/// Rows of a number and a text that is sometimes NULL.
fn batch(from: usize, to: usize) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
    ]);
    let ids = Int64Array::from_iter_values((from..to).map(|i| i as i64));
    let names: StringArray = (from..to).map(|i| (i % 7 != 0).then(|| format!("row {i}"))).collect();
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(names)]).unwrap()
}

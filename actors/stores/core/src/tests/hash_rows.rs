//! Values that are hashed one by one.

use crate::ContentHash;
use crate::hash::{Cell, ValueHasher};
use arrow::array::*;
use arrow::datatypes::{Field, Schema};
use std::sync::Arc;

/// Hashes cells, row by row, beside the same as a batch.
fn same(columns: Vec<(ArrayRef, Vec<Cell>)>) {
    let fields = columns
        .iter()
        .map(|(array, _)| Field::new("c", array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.iter().map(|(array, _)| array.clone()).collect();
    let batch = RecordBatch::try_new(schema, arrays).unwrap();
    let mut hasher = ValueHasher::new(columns.len());
    // Twice, with what was before taken away.
    for _ in 0..2 {
        for row in 0..batch.num_rows() {
            columns.iter().for_each(|(_, cells)| hasher.cell(cells[row]));
            hasher.end_row();
        }
        assert_eq!(hasher.take(), ContentHash::of(&batch));
    }
}

#[test]
fn rows_have_the_hash_of_their_batch() {
    let ints = [i64::MIN, -1, 0, i64::MAX];
    let decimals = [i128::MIN, -1, 0, 10_i128.pow(37)];
    let floats = [f64::NAN, -0.0, 0.0, f64::INFINITY];
    let texts = [
        "",
        "a",
        "seventeen letters",
        "äöü\u{1f600} and more than two blocks of it",
    ];
    let micros = [-210_000_000_000_000_000, -1, 0, 9_000_000_000_000_000];
    let decimal = Decimal128Array::from(decimals.to_vec())
        .with_precision_and_scale(38, 2)
        .unwrap();
    let stamps = |zone: Option<&str>| TimestampMicrosecondArray::from(micros.to_vec()).with_timezone_opt(zone);
    let of = |cell: fn(i64) -> Cell| ints.map(cell).to_vec();
    same(vec![
        (Arc::new(Int64Array::from(ints.to_vec())), of(Cell::integer)),
        (
            Arc::new(Int16Array::from(vec![Some(-3), None, Some(0), Some(9)])),
            vec![Cell::integer(-3), Cell::NULL, Cell::integer(0), Cell::integer(9)],
        ),
        (
            Arc::new(decimal),
            decimals.map(|value| Cell::decimal(value, 2)).to_vec(),
        ),
        (
            Arc::new(Float64Array::from(floats.to_vec())),
            floats.map(Cell::float).to_vec(),
        ),
        (
            Arc::new(Float32Array::from(vec![1.5_f32, f32::NAN, -0.0, f32::MIN])),
            [1.5_f32, f32::NAN, -0.0, f32::MIN]
                .map(|value| Cell::float(value.into()))
                .to_vec(),
        ),
        (
            Arc::new(BooleanArray::from(vec![true, false, true, false])),
            [true, false, true, false].map(Cell::boolean).to_vec(),
        ),
        (
            Arc::new(StringArray::from(texts.to_vec())),
            texts.map(|text| Cell::text(text.as_bytes())).to_vec(),
        ),
        (
            Arc::new(Date32Array::from(vec![i32::MIN, -1, 0, 20_000])),
            [i32::MIN, -1, 0, 20_000].map(|days| Cell::date(days.into())).to_vec(),
        ),
        (
            Arc::new(Time64MicrosecondArray::from(vec![0, 1, 86_399_999_999, 5])),
            [0, 1, 86_399_999_999, 5].map(Cell::time).to_vec(),
        ),
        (
            Arc::new(stamps(None)),
            micros.map(|value| Cell::timestamp(value, false)).to_vec(),
        ),
        (
            Arc::new(stamps(Some("UTC"))),
            micros.map(|value| Cell::timestamp(value, true)).to_vec(),
        ),
    ]);
}

//! Rows with every kind of value that copies have lost before, and how to compare them.

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array,
    Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema};
use std::sync::Arc;

/// Texts that break naive quoting, escaping and NULL handling.
const TEXTS: [Option<&str>; 12] = [
    None,
    Some(""),
    Some("O'Brien said \"no\""),
    Some("line one\nline two\r\nline three\rfour"),
    Some("commas, semicolons; tabs\tand | pipes"),
    Some("Ünïcødé 漢字 🦀 e\u{301}"),
    Some("NULL"),
    Some("\\N"),
    Some("\\"),
    Some("\""),
    Some(" leading and trailing "),
    Some("\u{feff}byte order mark"),
];

/// The largest unscaled value of 38 digits.
const DIGITS_38: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

/// Every column that some store carries exactly; a store takes those that it does.
pub(super) fn edge_values() -> RecordBatch {
    let n = TEXTS.len();
    let cycle = |i: usize, len: usize| i % len;
    fn column<T, A: From<Vec<Option<T>>>>(n: usize, value: impl Fn(usize) -> Option<T>) -> A {
        // The first row is NULL everywhere but in the key.
        A::from((0..n).map(|i| if i == 0 { None } else { value(i) }).collect::<Vec<_>>())
    }
    let big = [0, 1, -1, i64::MAX, i64::MIN];
    let decimals = [0, 1, -1, DIGITS_38, -DIGITS_38, 12_345_678_900_000_000];
    let floats = [
        0.0,
        -0.0,
        0.1,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    // Years 1 to 9999, with microseconds, before and after 1970.
    let moments = [
        0,
        1,
        -1,
        -62_135_596_800_000_000,
        253_402_300_799_999_999,
        1_709_208_000_500_000,
    ];
    let days = [0, -1, 1, -719_162, 2_932_896, 19_782];
    let times = [0, 1, 86_399_999_999, 43_200_000_000];
    let bytes: [&[u8]; 4] = [b"", b"\x00", b"\xff\x00\n\r\"\\,", &[7; 5000]];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..n as i64))),
        ("text", Arc::new(StringArray::from(TEXTS.to_vec()))),
        ("flag", Arc::new(column::<_, BooleanArray>(n, |i| Some(i % 2 == 0)))),
        (
            "small",
            Arc::new(column::<_, Int16Array>(n, |i| {
                Some([0, 1, i16::MAX, i16::MIN][cycle(i, 4)])
            })),
        ),
        (
            "mid",
            Arc::new(column::<_, Int32Array>(n, |i| {
                Some([0, 1, i32::MAX, i32::MIN][cycle(i, 4)])
            })),
        ),
        ("big", Arc::new(column::<_, Int64Array>(n, |i| Some(big[cycle(i, 5)])))),
        (
            "real",
            Arc::new(column::<_, Float32Array>(n, |i| {
                Some([0.0, -0.5, f32::MAX, f32::NAN, f32::INFINITY, 0.1][cycle(i, 6)])
            })),
        ),
        (
            "double",
            Arc::new(column::<_, Float64Array>(n, |i| Some(floats[cycle(i, 9)]))),
        ),
        (
            "finite",
            Arc::new(column::<_, Float64Array>(n, |i| {
                // SQLite has no NaN and no sign of zero.
                Some(floats[cycle(i, 9)]).filter(|value| !value.is_nan() && value.to_bits() != (-0.0_f64).to_bits())
            })),
        ),
        (
            "amount",
            Arc::new(
                column::<_, Decimal128Array>(n, |i| Some(decimals[cycle(i, 6)]))
                    .with_precision_and_scale(38, 10)
                    .unwrap(),
            ),
        ),
        (
            "day",
            Arc::new(column::<_, Date32Array>(n, |i| Some(days[cycle(i, 6)]))),
        ),
        (
            "clock",
            Arc::new(column::<_, Time64MicrosecondArray>(n, |i| Some(times[cycle(i, 4)]))),
        ),
        (
            "local",
            Arc::new(column::<_, TimestampMicrosecondArray>(n, |i| {
                Some(moments[cycle(i, 6)])
            })),
        ),
        (
            "moment",
            Arc::new(
                column::<_, TimestampMicrosecondArray>(n, |i| Some(moments[cycle(i + 1, 6)])).with_timezone("UTC"),
            ),
        ),
        (
            "raw",
            Arc::new(BinaryArray::from(
                (0..n).map(|i| (i > 0).then(|| bytes[cycle(i, 4)])).collect::<Vec<_>>(),
            )),
        ),
    ];
    batch(columns)
}

/// The same without some columns.
pub(super) fn edge_values_without(names: &[&str]) -> RecordBatch {
    let all = edge_values();
    let schema = all.schema();
    let kept = (0..all.num_columns()).filter(|i| !names.contains(&schema.field(*i).name().as_str()));
    all.project(&kept.collect::<Vec<_>>()).unwrap()
}

/// The same without some columns and with a list and a struct, for formats that nest.
pub(super) fn nested_edge_values(without: &[&str]) -> RecordBatch {
    let flat = edge_values_without(without);
    let rows = flat.num_rows();
    let lists = (0..rows).map(|row| match row % 4 {
        0 => None,
        1 => Some(vec![]),
        2 => Some(vec![Some(i64::MIN), None]),
        _ => Some(vec![Some(row as i64); 3]),
    });
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
    let members = Fields::from(vec![
        Field::new("city", DataType::Utf8, true),
        Field::new("codes", list.data_type().clone(), true),
    ]);
    let valid: Vec<bool> = (0..rows).map(|row| row % 3 != 0).collect();
    let of = StructArray::new(
        members,
        vec![Arc::clone(flat.column(1)), Arc::clone(&list)],
        Some(NullBuffer::from(valid)),
    );
    let schema = flat.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let mut columns: Vec<(&str, ArrayRef)> = names.zip(flat.columns().iter().cloned()).collect();
    columns.extend([("codes", list), ("place", Arc::new(of) as ArrayRef)]);
    batch(columns)
}

/// Many plain rows with keys from `from`, with the schema of `like`: its rows again and again.
pub(super) fn repeated(like: &RecordBatch, from: i64, rows: usize) -> RecordBatch {
    let indices = arrow::array::UInt32Array::from_iter_values((0..rows).map(|i| (i % like.num_rows()) as u32));
    let taken = take_record_batch(like, &indices).unwrap();
    let mut columns = taken.columns().to_vec();
    columns[0] = Arc::new(Int64Array::from_iter_values(from..from + rows as i64));
    RecordBatch::try_new(like.schema(), columns).unwrap()
}

/// A batch of a type that no store here carries.
pub(super) fn unsupported_schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new(
            "span",
            DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano),
            true,
        ),
    ]))
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// Panics unless both hold the same rows, in any order, bit by bit (so NaN equals NaN).
#[track_caller]
pub(super) fn assert_same(written: &[RecordBatch], read: &[RecordBatch]) {
    let (written, read) = (sorted(written), sorted(read));
    assert_eq!(written.num_rows(), read.num_rows(), "rows");
    let names = |batch: &RecordBatch| -> Vec<String> {
        let schema = batch.schema();
        schema.fields().iter().map(|field| field.name().clone()).collect()
    };
    assert_eq!(names(&written), names(&read), "columns");
    for (i, name) in names(&written).iter().enumerate() {
        let (from, to) = (written.column(i), read.column(i));
        assert!(
            same_type(from.data_type(), to.data_type()),
            "{name} was {} and came back as {}",
            from.data_type(),
            to.data_type()
        );
        let to = cast(to, from.data_type()).unwrap();
        for row in 0..from.len() {
            assert!(
                from.slice(row, 1).to_data() == to.slice(row, 1).to_data(),
                "{name} of row {row} was {:?} and came back as {:?}",
                from.slice(row, 1),
                to.slice(row, 1)
            );
        }
    }
}

/// UTC has several spellings; nothing else may differ.
fn same_type(a: &DataType, b: &DataType) -> bool {
    let utc = |zone: &str| matches!(zone, "UTC" | "+00:00" | "Z");
    match (a, b) {
        (DataType::Timestamp(x, Some(from)), DataType::Timestamp(y, Some(to))) => x == y && utc(from) && utc(to),
        _ => a == b,
    }
}

/// One batch of all rows by their key, the first column.
fn sorted(batches: &[RecordBatch]) -> RecordBatch {
    let schema = batches.first().expect("a batch, if an empty one").schema();
    // Metadata may differ from batch to batch, types may not.
    let plain = Arc::new(Schema::new(
        schema
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), field.data_type().clone(), true))
            .collect::<Vec<_>>(),
    ));
    let plainly = |batch: &RecordBatch| RecordBatch::try_new(plain.clone(), batch.columns().to_vec()).unwrap();
    let all: Vec<RecordBatch> = batches.iter().map(plainly).collect();
    let all = concat_batches(&plain, &all).unwrap();
    let order = sort_to_indices(all.column(0), None, None).unwrap();
    take_record_batch(&all, &order).unwrap()
}

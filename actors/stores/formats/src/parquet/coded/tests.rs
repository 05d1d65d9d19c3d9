//! Files with columns encoded here, beside the library's own, read by the library.

use super::super::group::{Groups, Limits};
use arrow::array::{Array, ArrayRef, Date32Array, Decimal128Array, Int16Array, Int32Array, Int64Array, RecordBatch};
use arrow::array::{StringArray, Time64MicrosecondArray, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::WriterProperties;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::sync::Arc;

const LIMITS: Limits = Limits {
    rows: 1 << 20,
    bytes: 64 << 20,
    dictionary: 1 << 20,
};

fn properties(compression: Compression) -> WriterProperties {
    WriterProperties::builder().set_compression(compression).build()
}

/// A file of these batches, with all columns encoded here that can be.
fn write(batches: &[RecordBatch], compression: Compression, limits: Limits) -> Bytes {
    let schema = batches[0].schema();
    let mut out = Vec::new();
    let repeats = vec![true; schema.fields().len()];
    let mut groups = Groups::new(
        &mut out,
        &schema,
        properties(compression),
        compression,
        limits,
        &repeats,
    )
    .unwrap();
    for batch in batches {
        groups.write(batch).unwrap();
    }
    groups.close().unwrap();
    out.into()
}

/// The same by the library alone.
fn of_the_library(batches: &[RecordBatch]) -> Bytes {
    let mut out = Vec::new();
    let properties = properties(Compression::SNAPPY);
    let mut writer = ArrowWriter::try_new(&mut out, batches[0].schema(), Some(properties)).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
    out.into()
}

fn read(file: &Bytes) -> (RecordBatch, Arc<ParquetMetaData>) {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).unwrap();
    let (schema, metadata) = (Arc::clone(builder.schema()), Arc::clone(builder.metadata()));
    let batches: Vec<RecordBatch> = builder.build().unwrap().collect::<Result<_, _>>().unwrap();
    (concat_batches(&schema, &batches).unwrap(), metadata)
}

/// One column of each type that is encoded here.
fn batch(rows: &[Option<i64>], texts: &[Option<String>]) -> RecordBatch {
    let numbers = || rows.iter().copied();
    let small = || numbers().map(|number| number.map(|number| (number % 1000) as i16));
    let decimal = |digits: u8| {
        let largest = 10_i128.pow(digits.into());
        let values = numbers().map(|number| number.map(|number| i128::from(number) % largest));
        values
            .collect::<Decimal128Array>()
            .with_precision_and_scale(digits, 2)
            .unwrap()
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("int2", Arc::new(small().collect::<Int16Array>())),
        (
            "int4",
            Arc::new(numbers().map(|n| n.map(|n| n as i32)).collect::<Int32Array>()),
        ),
        ("int8", Arc::new(numbers().collect::<Int64Array>())),
        (
            "day",
            Arc::new(numbers().map(|n| n.map(|n| n as i32)).collect::<Date32Array>()),
        ),
        (
            "time",
            Arc::new(
                numbers()
                    .map(|n| n.map(|n| n & 0xf_ffff))
                    .collect::<Time64MicrosecondArray>(),
            ),
        ),
        (
            "moment",
            Arc::new(numbers().collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        ),
        ("money", Arc::new(decimal(15))),
        ("cents", Arc::new(decimal(9))),
        (
            "text",
            Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>()),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

/// The same without NULL.
fn required(batch: &RecordBatch) -> RecordBatch {
    let fields = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(false))
        .collect::<Vec<Field>>();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), batch.columns().to_vec()).unwrap()
}

fn encodings(metadata: &ParquetMetaData, group: usize, column: usize) -> Vec<Encoding> {
    metadata.row_group(group).column(column).encodings().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_written_is_read_and_described_as_the_library_does(
        rows in vec((
            option::weighted(0.9, prop_oneof![0_i64..100, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]),
            option::weighted(0.9, "[a-c]{0,3}|\\PC{0,10}"),
        ), 1..400),
        cut in 0_usize..400,
        nulls in any::<bool>(),
    ) {
        let (numbers, texts): (Vec<_>, Vec<_>) = rows.into_iter()
            .map(|(number, text)| match nulls {
                true => (number, text),
                false => (number.or(Some(0)), text.or(Some(String::new()))),
            })
            .unzip();
        let whole = batch(&numbers, &texts);
        let whole = if nulls { whole } else { required(&whole) };
        let cut = cut.min(whole.num_rows());
        let batches = [whole.slice(0, cut), whole.slice(cut, whole.num_rows() - cut)];
        for compression in [Compression::SNAPPY, Compression::UNCOMPRESSED] {
            let (found, metadata) = read(&write(&batches, compression, LIMITS));
            prop_assert_eq!(&found, &whole);
            let (_, expected) = read(&of_the_library(&batches));
            for column in 0..whole.num_columns() {
                let (ours, theirs) = (metadata.row_group(0).column(column), expected.row_group(0).column(column));
                prop_assert_eq!(ours.statistics(), theirs.statistics());
                prop_assert_eq!(ours.num_values(), theirs.num_values());
                prop_assert_eq!(ours.unencoded_byte_array_data_bytes(), theirs.unencoded_byte_array_data_bytes());
                prop_assert_eq!(ours.definition_level_histogram(), theirs.definition_level_histogram());
                prop_assert_eq!(ours.page_encoding_stats_mask(), theirs.page_encoding_stats_mask());
                // One page each: the same bounds.
                let index = |metadata: &ParquetMetaData| {
                    metadata.page_index_for_row_group(0).column_index(column).cloned().unwrap()
                };
                prop_assert_eq!(index(&metadata), index(&expected));
            }
        }
    }
}

/// Rows that repeat, `from` on.
fn repeating(rows: i64, from: i64) -> RecordBatch {
    let numbers: Vec<_> = (from..from + rows)
        .map(|row| (row % 11 != 3).then_some(row / 1000 * 7))
        .collect();
    let texts: Vec<_> = (from..from + rows)
        .map(|row| Some(format!("{} and so on", row % 5)))
        .collect();
    batch(&numbers, &texts)
}

#[test]
fn pages_are_cut_and_each_has_its_bounds() {
    let batches: Vec<_> = (0..13).map(|index| repeating(7_000, index * 7_000)).collect();
    let (found, metadata) = read(&write(&batches, Compression::SNAPPY, LIMITS));
    assert_eq!(found, concat_batches(&batches[0].schema(), &batches).unwrap());
    assert_eq!(metadata.num_row_groups(), 1);
    let index = metadata.page_index_for_row_group(0);
    let pages = index.page_locations(2).unwrap();
    assert_eq!(pages.len(), 5);
    let Some(ColumnIndexMetaData::INT64(bounds)) = index.column_index(2) else {
        panic!("{index:?}")
    };
    let values = found.column(2).as_any().downcast_ref::<Int64Array>().unwrap();
    for (page, location) in pages.iter().enumerate() {
        let from = usize::try_from(location.first_row_index).unwrap();
        let to = pages
            .get(page + 1)
            .map_or(values.len(), |next| usize::try_from(next.first_row_index).unwrap());
        let slice = values.slice(from, to - from);
        assert_eq!(
            bounds.min_value(page).copied(),
            arrow::compute::min(&slice),
            "page {page}"
        );
        assert_eq!(
            bounds.max_value(page).copied(),
            arrow::compute::max(&slice),
            "page {page}"
        );
        assert_eq!(bounds.null_count(page), Some(slice.null_count() as i64), "page {page}");
    }
    for column in 0..found.num_columns() {
        let encodings = encodings(&metadata, 0, column);
        assert!(
            encodings.contains(&Encoding::RLE_DICTIONARY),
            "column {column}: {encodings:?}"
        );
    }
}

#[test]
fn a_column_whose_dictionary_is_full_goes_on_without_and_nothing_is_lost() {
    let mut batches: Vec<_> = (0..4).map(|index| repeating(7_000, index * 7_000)).collect();
    // From here on, no number comes twice.
    let texts = vec![Some("x".to_owned()); 7_000];
    batches.extend((0..4).map(|index| {
        let numbers: Vec<_> = (0..7_000).map(|row| Some(1_000_000 + index * 7_000 + row)).collect();
        batch(&numbers, &texts)
    }));
    let limits = Limits {
        dictionary: 40_000,
        ..LIMITS
    };
    let (found, metadata) = read(&write(&batches, Compression::SNAPPY, limits));
    assert_eq!(found, concat_batches(&batches[0].schema(), &batches).unwrap());
    // 5,000 numbers of eight bytes fit, and 10,000 of four: all end together.
    assert_eq!(metadata.num_row_groups(), 2, "{metadata:?}");
    assert_eq!(metadata.row_group(0).num_rows(), 28_000);
}

#[test]
fn row_groups_end_by_rows_and_by_bytes() {
    let batches: Vec<_> = (0..10).map(|index| repeating(7_000, index * 7_000)).collect();
    let rows = |limits| {
        let (found, metadata) = read(&write(&batches, Compression::SNAPPY, limits));
        assert_eq!(found, concat_batches(&batches[0].schema(), &batches).unwrap());
        metadata
            .row_groups()
            .iter()
            .map(|group| group.num_rows())
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(Limits { rows: 30_000, ..LIMITS }), [30_000, 30_000, 10_000]);
    let by_bytes = rows(Limits {
        bytes: 64 << 10,
        ..LIMITS
    });
    assert!(
        by_bytes.len() > 2 && by_bytes.iter().sum::<i64>() == 70_000,
        "{by_bytes:?}"
    );
}

#[test]
fn columns_that_are_not_encoded_here_lie_between_those_that_are() {
    use arrow::array::{Float64Array, ListArray, StructArray};
    use arrow::datatypes::Int32Type;
    let rows = 5_000;
    let repeating: ArrayRef = Arc::new((0..rows).map(|row| row % 7).collect::<Int32Array>());
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..rows).map(|row| (row % 3 > 0).then(|| vec![Some(row), None])),
    );
    let parts = vec![
        (Arc::new(Field::new("a", DataType::Int32, true)), Arc::clone(&repeating)),
        (
            Arc::new(Field::new("b", DataType::Float64, true)),
            Arc::new(Float64Array::from_iter_values((0..rows).map(f64::from))) as ArrayRef,
        ),
    ];
    let batch = RecordBatch::try_from_iter(vec![
        ("list", Arc::new(list) as ArrayRef),
        ("first", Arc::clone(&repeating)),
        ("struct", Arc::new(StructArray::from(parts))),
        ("second", repeating),
    ])
    .unwrap();
    let schema: SchemaRef = batch.schema();
    let (found, _) = read(&write(std::slice::from_ref(&batch), Compression::SNAPPY, LIMITS));
    assert_eq!(found.schema(), schema);
    assert_eq!(found, batch);
}

#[test]
fn long_texts_are_no_bounds() {
    let texts: Vec<_> = (0..2_000)
        .map(|row| Some(["x".repeat(100), "y".repeat(3)][row % 2].clone()))
        .collect();
    let numbers: Vec<_> = (0..2_000).map(|row| Some(row % 3)).collect();
    let batch = batch(&numbers, &texts);
    let (found, metadata) = read(&write(std::slice::from_ref(&batch), Compression::SNAPPY, LIMITS));
    assert_eq!(found, batch);
    let statistics = metadata.row_group(0).column(8).statistics().unwrap();
    assert_eq!(
        (statistics.min_bytes_opt(), statistics.null_count_opt()),
        (None, Some(0))
    );
}

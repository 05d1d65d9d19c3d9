use super::*;
use crate::text::cell::Cells;
use arrow::array::{
    Date64Array, Int8Array, PrimitiveArray, Time64NanosecondArray, TimestampNanosecondArray, TimestampSecondArray,
    UInt64Array, new_null_array,
};
use arrow::datatypes::{ArrowPrimitiveType, Time64MicrosecondType};
use sluice_store_core::source::ORIGINAL_TYPE;

/// Writes every value as text and takes the texts back by the plan.
fn back(field: Field, array: ArrayRef) -> ArrayRef {
    let plan = Plan::new(&Schema::new(vec![field.clone()]), |of| Err(of.to_string())).unwrap();
    let cells = Cells::new(&field, &array).unwrap();
    let mut batch = crate::text::batch::Batch::new(&plan.read);
    for row in 0..array.len() {
        let mut text = Vec::new();
        let valid = cells.write(row, &mut text);
        batch.append(std::iter::once(valid.then_some(&text[..])), true).unwrap();
    }
    let found = plan.convert(&batch.finish().unwrap()).unwrap();
    cast(found.column(0), array.data_type()).unwrap()
}

fn comes_back(array: impl Array + 'static) {
    let array: ArrayRef = Arc::new(array);
    let field = Field::new("c", array.data_type().clone(), true);
    assert_eq!(back(field, Arc::clone(&array)).to_data(), array.to_data());
}

fn ends<T: ArrowPrimitiveType<Native = i64>>() -> PrimitiveArray<T> {
    PrimitiveArray::from_iter([Some(i64::MIN), Some(-1), None, Some(0), Some(1), Some(i64::MAX)])
}

#[test]
fn values_at_the_ends_of_their_types_come_back() {
    comes_back(TimestampSecondArray::from_iter([
        Some(-100_000_000_000),
        None,
        Some(0),
        Some(1 << 41),
    ]));
    comes_back(ends::<arrow::datatypes::TimestampMillisecondType>());
    comes_back(ends::<arrow::datatypes::TimestampMicrosecondType>());
    comes_back(
        TimestampNanosecondArray::from_iter([Some(i64::MIN), Some(1), None, Some(i64::MAX)]).with_timezone("UTC"),
    );
    comes_back(ends::<arrow::datatypes::TimestampMicrosecondType>().with_timezone("UTC"));
    // PostgreSQL's last time of a day is its end.
    comes_back(PrimitiveArray::<Time64MicrosecondType>::from_iter([
        Some(86_400_000_000),
        Some(1),
        None,
    ]));
    comes_back(Time64NanosecondArray::from_iter([
        Some(1),
        Some(86_399_999_999_999),
        None,
    ]));
    comes_back(Date64Array::from_iter([Some(86_400_000), Some(-1), None, Some(1)]));
    comes_back(arrow::array::Date32Array::from_iter([
        Some(i32::MIN),
        Some(i32::MAX),
        None,
    ]));
    comes_back(Int8Array::from_iter([Some(i8::MIN), None, Some(i8::MAX)]));
    comes_back(UInt64Array::from_iter([Some(u64::MAX), None, Some(0)]));
    comes_back(
        arrow::array::Decimal128Array::from_iter([Some(-1200), None, Some(0)])
            .with_precision_and_scale(9, -2)
            .unwrap(),
    );
    let large =
        i256::from_string("1234567890123456789012345678901234567890123456789012345678901234567890123456").unwrap();
    let decimals = Decimal256Array::from_iter([Some(large), Some(i256::from_i128(-5)), None, Some(i256::ZERO)]);
    for scale in [-3, 0, 5, 76] {
        comes_back(decimals.clone().with_precision_and_scale(76, scale).unwrap());
    }
    let null = back(
        Field::new("c", DataType::Utf8, true),
        new_null_array(&DataType::Utf8, 2),
    );
    assert_eq!(null.null_count(), 2);
}

#[test]
fn uuids_and_dictionaries_come_back() {
    let uuid = Field::new("c", DataType::FixedSizeBinary(16), true)
        .with_metadata([(ORIGINAL_TYPE.to_owned(), "uuid".to_owned())]);
    let mut values = FixedSizeBinaryBuilder::new(16);
    values.append_value([0x0f; 16]).unwrap();
    values.append_null();
    let values: ArrayRef = Arc::new(values.finish());
    assert_eq!(back(uuid, Arc::clone(&values)).to_data(), values.to_data());

    let texts: arrow::array::DictionaryArray<arrow::datatypes::Int32Type> = ["a", "b", "a"].into_iter().collect();
    comes_back(texts);
    let small: arrow::array::DictionaryArray<arrow::datatypes::Int8Type> = ["a", "b"].into_iter().collect();
    let schema = Schema::new(vec![Field::new("few", small.data_type().clone(), true)]);
    let why = Plan::new(&schema, |of| Err(of.to_string())).err().unwrap();
    assert!(why.contains("\"few\""), "{why}");
}

#[test]
fn a_text_that_was_not_written_names_its_column() {
    let field = Field::new("clock", DataType::Time64(TimeUnit::Microsecond), true);
    let plan = Plan::new(&Schema::new(vec![field]), |of| Err(of.to_string())).unwrap();
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["12:00:00", "12-00-00"]));
    let batch = RecordBatch::try_new(Arc::clone(&plan.read), vec![texts]).unwrap();
    let fault = plan.convert(&batch).unwrap_err();
    assert_eq!(fault.code, Code::VerificationFailed);
    assert!(
        fault.message.contains("\"clock\"") && !fault.message.contains("12-00"),
        "{fault}"
    );
}

//! Arrow's batches as rows of JSON.

use super::value::{binary, decimal, float, moment};
use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type, TimeUnit, TimestampSecondType, UInt64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::DateTime;
use serde_json::Value;
use sluice_contract::{Code, Fault, Object};

/// Every row of a batch, as an object.
///
/// # Errors
/// `SL6007` for a column that cannot be shown.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Object>, Fault> {
    let mut rows = vec![Object::new(); batch.num_rows()];
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let values = values(array).map_err(|error| {
            let text = format!("column {:?} cannot be shown: {error}", field.name());
            Fault::new(Code::TypeUnsupported, text)
        })?;
        for (row, value) in rows.iter_mut().zip(values) {
            row.insert(field.name().clone(), value);
        }
    }
    Ok(rows)
}

fn values(array: &ArrayRef) -> Result<Vec<Value>, ArrowError> {
    let each = |show: &dyn Fn(usize) -> Result<Value, ArrowError>| -> Result<Vec<Value>, ArrowError> {
        (0..array.len())
            .map(|row| match array.is_null(row) {
                true => Ok(Value::Null),
                false => show(row),
            })
            .collect()
    };
    match array.data_type() {
        DataType::Null => Ok(vec![Value::Null; array.len()]),
        DataType::Boolean => {
            let flags = array.as_boolean();
            each(&|row| Ok(Value::from(flags.value(row))))
        }
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            let numbers = cast(array, &DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            each(&|row| Ok(Value::from(numbers.value(row))))
        }
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
            let numbers = cast(array, &DataType::UInt64)?;
            let numbers = numbers.as_primitive::<UInt64Type>();
            each(&|row| Ok(Value::from(numbers.value(row))))
        }
        // As many digits as the number has, and not those of its neighbour among the doubles.
        DataType::Float32 => {
            let numbers = array.as_primitive::<Float32Type>();
            each(&|row| {
                let number = numbers.value(row);
                let shown = number.to_string().parse().unwrap_or_else(|_| f64::from(number));
                Ok(float(shown))
            })
        }
        DataType::Float64 => {
            let numbers = array.as_primitive::<Float64Type>();
            each(&|row| Ok(float(numbers.value(row))))
        }
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            let text = cast(array, &DataType::Utf8)?;
            let text = text.as_string::<i32>();
            each(&|row| Ok(decimal(text.value(row))))
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = cast(array, &DataType::LargeUtf8)?;
            let text = text.as_string::<i64>();
            each(&|row| Ok(Value::from(text.value(row))))
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let bytes = cast(array, &DataType::LargeBinary)?;
            let bytes = bytes.as_binary::<i64>();
            each(&|row| Ok(binary(bytes.value(row))))
        }
        DataType::Date32 | DataType::Date64 => {
            let seconds = cast(array, &DataType::Timestamp(TimeUnit::Second, None))?;
            let seconds = seconds.as_primitive::<TimestampSecondType>();
            each(&|row| at(seconds.value(row), 0))
        }
        DataType::Timestamp(TimeUnit::Second, _) => {
            let seconds = cast(array, &DataType::Int64)?;
            let seconds = seconds.as_primitive::<Int64Type>();
            each(&|row| at(seconds.value(row), 0))
        }
        DataType::Timestamp(unit, _) => {
            let per_second: i64 = match unit {
                TimeUnit::Second => 1,
                TimeUnit::Millisecond => 1_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000_000_000,
            };
            let ticks = cast(array, &DataType::Int64)?;
            let ticks = ticks.as_primitive::<Int64Type>();
            each(&|row| {
                let tick = ticks.value(row);
                let nanos = tick.rem_euclid(per_second) * (1_000_000_000 / per_second);
                at(tick.div_euclid(per_second), u32::try_from(nanos).unwrap_or_default())
            })
        }
        DataType::Dictionary(_, inner) => values(&cast(array, inner)?),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            let field = match array.data_type() {
                DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => field.clone(),
                _ => return Err(ArrowError::CastError("not a list".into())),
            };
            let lists = cast(array, &DataType::LargeList(field))?;
            let lists = lists.as_list::<i64>();
            each(&|row| Ok(Value::Array(values(&lists.value(row))?)))
        }
        DataType::Struct(_) => {
            let members: &StructArray = array.as_struct();
            let columns = members
                .fields()
                .iter()
                .zip(members.columns())
                .map(|(field, column)| Ok((field.name().clone(), values(column)?)))
                .collect::<Result<Vec<_>, ArrowError>>()?;
            each(&|row| {
                let object = columns.iter().map(|(name, values)| (name.clone(), values[row].clone()));
                Ok(Value::Object(object.collect()))
            })
        }
        // Times of day, intervals, maps: as people write them.
        _ => {
            let shown = ArrayFormatter::try_new(array, &FormatOptions::default())?;
            each(&|row| Ok(Value::from(shown.value(row).try_to_string()?)))
        }
    }
}

fn at(seconds: i64, nanos: u32) -> Result<Value, ArrowError> {
    DateTime::from_timestamp(seconds, nanos)
        .map(|found| moment(found.naive_utc()))
        .ok_or_else(|| ArrowError::CastError(format!("{seconds} seconds from 1970 are out of range")))
}

#[cfg(test)]
mod tests {
    use super::rows;
    use arrow::array::{
        ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float32Array, Int64Array, StringArray,
        TimestampMicrosecondArray, UInt64Array,
    };
    use arrow::record_batch::RecordBatch;
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn every_kind_of_value_is_shown_exactly() {
        let decimals = Decimal128Array::from(vec![Some(1210), None]).with_precision_and_scale(20, 2);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("big", Arc::new(Int64Array::from(vec![Some(i64::MAX), None]))),
            ("bigger", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
            ("price", Arc::new(decimals.unwrap())),
            ("small", Arc::new(Float32Array::from(vec![Some(0.1), None]))),
            ("text", Arc::new(StringArray::from(vec![Some("\u{e4}\""), None]))),
            ("bytes", Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None]))),
            ("day", Arc::new(Date32Array::from(vec![Some(19_844), None]))),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None]))),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap();
        let rows = rows(&batch).unwrap();
        assert_eq!(
            json!(rows[0]),
            json!({"big": i64::MAX, "bigger": u64::MAX, "price": 12.1, "small": 0.1, "text": "\u{e4}\"",
                "bytes": "AP8=", "day": "2024-05-01T00:00:00Z", "at": "1969-12-31T23:59:59.999999Z"})
        );
        assert!(rows[1].values().all(serde_json::Value::is_null));
    }
}

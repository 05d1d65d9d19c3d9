//! From texts to typed columns.

use super::{number, time};
use arrow::array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanArray, BooleanBufferBuilder, PrimitiveArray, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use std::sync::Arc;

/// One column being read. Rows that were appended last can be taken back.
pub(crate) struct Column {
    values: Values,
    valid: BooleanBufferBuilder,
    nulls: usize,
    data_type: DataType,
}

enum Values {
    Text {
        bytes: Vec<u8>,
        ends: Vec<i32>,
    },
    Bool(BooleanBufferBuilder),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Decimal(Vec<i128>, u8, i8),
    Date(Vec<i32>),
    Time(Vec<i64>),
    /// Whether values must have an offset, or must not.
    Timestamp(Vec<i64>, bool),
}

/// Runs the same for the values of all types but texts and booleans.
macro_rules! each {
    ($values:expr, $list:ident => $do:expr, $text:pat => $with_text:expr, $bool:pat => $with_bool:expr) => {
        match $values {
            $text => $with_text,
            $bool => $with_bool,
            Values::Int16($list) => $do,
            Values::Int32($list) | Values::Date($list) => $do,
            Values::Int64($list) | Values::Time($list) | Values::Timestamp($list, _) => $do,
            Values::Float32($list) => $do,
            Values::Float64($list) => $do,
            Values::Decimal($list, _, _) => $do,
        }
    };
}

impl Column {
    pub(crate) fn new(data_type: &DataType) -> Self {
        let values = match data_type {
            DataType::Boolean => Values::Bool(BooleanBufferBuilder::new(0)),
            DataType::Int16 => Values::Int16(Vec::new()),
            DataType::Int32 => Values::Int32(Vec::new()),
            DataType::Int64 => Values::Int64(Vec::new()),
            DataType::Float32 => Values::Float32(Vec::new()),
            DataType::Float64 => Values::Float64(Vec::new()),
            DataType::Decimal128(precision, scale) => Values::Decimal(Vec::new(), *precision, *scale),
            DataType::Date32 => Values::Date(Vec::new()),
            DataType::Time64(_) => Values::Time(Vec::new()),
            DataType::Timestamp(_, zone) => Values::Timestamp(Vec::new(), zone.is_some()),
            // The dataset's types are a closed list; see `types::columns`.
            _ => Values::Text {
                bytes: Vec::new(),
                ends: Vec::new(),
            },
        };
        Self {
            values,
            valid: BooleanBufferBuilder::new(0),
            nulls: 0,
            data_type: data_type.clone(),
        }
    }

    pub(crate) fn append_null(&mut self) {
        each!(&mut self.values, list => list.push(Default::default()),
            Values::Text { bytes, ends } => ends.push(i32::try_from(bytes.len()).unwrap_or(i32::MAX)),
            Values::Bool(bits) => bits.append(false));
        self.valid.append(false);
        self.nulls += 1;
    }

    /// Appends a text of a column of texts. Whoever calls has checked that it is UTF-8; else `finish` fails.
    ///
    /// # Errors
    /// What is wrong with the text, in words. The text itself is data, and stays out of messages.
    pub(crate) fn append(&mut self, text: &[u8]) -> Result<(), &'static str> {
        match &mut self.values {
            Values::Text { bytes, ends } => {
                let end =
                    i32::try_from(bytes.len() + text.len()).map_err(|_| "a batch holds more than 2 GiB of text")?;
                bytes.extend_from_slice(text);
                ends.push(end);
            }
            Values::Bool(bits) => bits.append(boolean(text).ok_or("neither true nor false")?),
            Values::Int16(list) => list.push(number::integer(text).ok_or("not an Int16")?),
            Values::Int32(list) => list.push(number::integer(text).ok_or("not an Int32")?),
            Values::Int64(list) => list.push(number::integer(text).ok_or("not an Int64")?),
            Values::Float32(list) => list.push(number::parse(text).ok_or("not a Single")?),
            Values::Float64(list) => list.push(number::parse(text).ok_or("not a Double")?),
            Values::Decimal(list, precision, scale) => {
                let value = number::decimal(text, *precision, *scale);
                list.push(value.ok_or("not a Decimal of the column's precision and scale")?);
            }
            Values::Date(list) => {
                let days = time::parse_date(text).and_then(|days| i32::try_from(days).ok());
                list.push(days.ok_or("not a date of the form 2024-02-29")?);
            }
            Values::Time(list) => list.push(time::parse_time(text, "not a time of the form 23:59:58.000001")?),
            Values::Timestamp(list, with_offset) => {
                let (micros, offset) = time::parse_timestamp(text)?;
                match (offset.is_some(), *with_offset) {
                    (true, false) => return Err("a DateTime with an offset; give the column the type DateTimeOffset"),
                    (false, true) => {
                        return Err("a DateTimeOffset without its offset; give the column the type DateTime");
                    }
                    _ => list.push(micros),
                }
            }
        }
        self.valid.append(true);
        Ok(())
    }

    /// Takes back what was appended behind the first rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        for row in rows..self.valid.len() {
            self.nulls -= usize::from(!self.valid.get_bit(row));
        }
        self.valid.truncate(rows);
        each!(&mut self.values, list => list.truncate(rows),
            Values::Text { bytes, ends } => {
                ends.truncate(rows);
                bytes.truncate(ends.last().map_or(0, |end| usize::try_from(*end).unwrap_or(0)));
            },
            Values::Bool(bits) => bits.truncate(rows));
    }

    /// Gives the column and begins another.
    ///
    /// # Errors
    /// For a text that is not UTF-8.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let valid = self.valid.finish();
        let nulls = (std::mem::take(&mut self.nulls) > 0).then(|| NullBuffer::new(valid));
        let data_type = self.data_type.clone();
        Ok(match &mut self.values {
            Values::Text { bytes, ends } => {
                let mut offsets = Vec::with_capacity(ends.len() + 1);
                offsets.push(0);
                offsets.append(ends);
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let capacity = bytes.len();
                let bytes = std::mem::replace(bytes, Vec::with_capacity(capacity));
                Arc::new(StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls)?)
            }
            Values::Bool(bits) => Arc::new(BooleanArray::new(bits.finish(), nulls)),
            Values::Int16(list) => primitive::<Int16Type>(list, nulls, data_type)?,
            Values::Int32(list) => primitive::<Int32Type>(list, nulls, data_type)?,
            Values::Int64(list) => primitive::<Int64Type>(list, nulls, data_type)?,
            Values::Float32(list) => primitive::<Float32Type>(list, nulls, data_type)?,
            Values::Float64(list) => primitive::<Float64Type>(list, nulls, data_type)?,
            Values::Decimal(list, _, _) => primitive::<Decimal128Type>(list, nulls, data_type)?,
            Values::Date(list) => primitive::<Date32Type>(list, nulls, data_type)?,
            Values::Time(list) => primitive::<Time64MicrosecondType>(list, nulls, data_type)?,
            Values::Timestamp(list, _) => primitive::<TimestampMicrosecondType>(list, nulls, data_type)?,
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(
    list: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
    data_type: DataType,
) -> Result<ArrayRef, ArrowError> {
    let capacity = list.len();
    let list = std::mem::replace(list, Vec::with_capacity(capacity));
    let array = PrimitiveArray::<T>::try_new(ScalarBuffer::from(list), nulls)?;
    Ok(Arc::new(array.with_data_type(data_type)))
}

fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"1" => Some(true),
        b"0" => Some(false),
        _ if text.eq_ignore_ascii_case(b"true") => Some(true),
        _ if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

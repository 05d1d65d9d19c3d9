//! Reading back what was written as text, in the types in which it was written.
//!
//! More than a dataset's types are written: what [`Batch`](super::batch::Batch) does not read is taken as text, and parsed
//! here as the exact reverse of [`Cells`](super::cell::Cells). A value that was written is never refused.

use super::{time, types};
use crate::back::{castable, small_keys};
use crate::fault;
use arrow::array::{
    Array, ArrayRef, AsArray, Decimal256Array, FixedSizeBinaryBuilder, Int32Array, Int64Array, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, i256};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// How columns of text come back.
pub(crate) struct Plan {
    /// As they are read.
    pub(crate) read: SchemaRef,
    /// What becomes of them; none where they are that already.
    becomes: Vec<Option<DataType>>,
}

impl Plan {
    /// `nested` says how a column that is no plain text is read: by its type, or why not.
    ///
    /// # Errors
    /// Why a column cannot be told, in words.
    pub(crate) fn new(
        written: &Schema,
        nested: impl Fn(&DataType) -> Result<DataType, String>,
    ) -> Result<Self, String> {
        let (mut fields, mut becomes) = (Vec::new(), Vec::new());
        for field in written.fields() {
            let column = |why| format!("column {:?}: {why}", field.name());
            if small_keys(field.data_type()) {
                return Err(column(
                    "a dictionary of so few keys may not hold a batch of them".to_owned(),
                ));
            }
            let plain = match field.data_type() {
                DataType::Dictionary(_, values) => values.as_ref(),
                other => other,
            };
            let (read, to) = match parsed(field, plain) {
                Some(to) => (DataType::Utf8, Some(to)),
                None => (direct(plain).map_or_else(|| nested(plain), Ok).map_err(column)?, None),
            };
            let back = to.as_ref().unwrap_or(&read);
            if *field.data_type() != DataType::Null && !castable(back, field.data_type()) {
                return Err(column(format!("{back} is not cast to {}", field.data_type())));
            }
            fields.push(Field::new(field.name(), read, true));
            becomes.push(to);
        }
        Ok(Self {
            read: Arc::new(Schema::new(fields)),
            becomes,
        })
    }

    /// A batch as it was read, in the types in which it was written.
    ///
    /// # Errors
    /// `SL7001` naming a column that holds a text which was not written for it.
    pub(crate) fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch, Fault> {
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for ((field, array), to) in self.read.fields().iter().zip(batch.columns()).zip(&self.becomes) {
            let array = match to {
                None => Arc::clone(array),
                Some(to) => parse(array.as_string(), to).ok_or_else(|| {
                    let text = format!("column {:?} was read back with a text that is no {to}", field.name());
                    Fault::new(Code::VerificationFailed, text)
                })?,
            };
            fields.push(Field::new(field.name(), array.data_type().clone(), true));
            columns.push(array);
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows).map_err(fault::internal)
    }
}

/// The type as which values are read, where the reader takes all that are written of it.
pub(crate) fn direct(written: &DataType) -> Option<DataType> {
    Some(match written {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Int8 | DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(_, _) => written.clone(),
        _ => return None,
    })
}

/// The type that texts are parsed to.
fn parsed(field: &Field, written: &DataType) -> Option<DataType> {
    match written {
        DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Decimal256(_, _) => Some(written.clone()),
        // Its zeros may be more digits than are read.
        DataType::Decimal128(_, scale) if *scale < 0 => Some(written.clone()),
        DataType::Timestamp(unit, zone) => Some(DataType::Timestamp(*unit, zone.as_ref().map(|_| "+00:00".into()))),
        DataType::FixedSizeBinary(16) if types::is_uuid(field) => Some(written.clone()),
        _ => None,
    }
}

fn parse(texts: &StringArray, to: &DataType) -> Option<ArrayRef> {
    let longs = |parse: &dyn Fn(&[u8]) -> Option<i64>| -> Option<Int64Array> {
        // None within: NULL; without: no such text.
        let values = texts.iter().map(|text| match text {
            None => Some(None),
            Some(text) => parse(text.as_bytes()).map(Some),
        });
        values.collect::<Option<Vec<_>>>().map(Int64Array::from)
    };
    let ints = |longs: Int64Array| -> Option<Int32Array> {
        let values = longs.iter().map(|value| match value {
            None => Some(None),
            Some(value) => i32::try_from(value).ok().map(Some),
        });
        values.collect::<Option<Vec<_>>>().map(Int32Array::from)
    };
    let found: ArrayRef = match to {
        DataType::Date32 => Arc::new(ints(longs(&time::parse_date)?)?),
        DataType::Date64 => Arc::new(longs(&|text| match text.contains(&b'T') {
            true => time::stamp(text, TimeUnit::Millisecond, false),
            false => time::parse_date(text)?.checked_mul(86_400_000),
        })?),
        DataType::Time32(unit) => Arc::new(ints(longs(&|text| time::clock(text, *unit))?)?),
        DataType::Time64(unit) => Arc::new(longs(&|text| time::clock(text, *unit))?),
        DataType::Timestamp(unit, zone) => Arc::new(longs(&|text| time::stamp(text, *unit, zone.is_some()))?),
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => {
            let values = texts.iter().map(|text| match text {
                None => Some(None),
                Some(text) => decimal(text, *scale).map(Some),
            });
            let values = Decimal256Array::from(values.collect::<Option<Vec<_>>>()?);
            Arc::new(values.with_precision_and_scale(76, *scale).ok()?)
        }
        DataType::FixedSizeBinary(16) => return uuids(texts),
        _ => return None,
    };
    cast(&found, to).ok()
}

/// The digits of a decimal, as [`write_digits`](super::number::write_digits) sets them.
fn decimal(text: &str, scale: i8) -> Option<i256> {
    let behind = usize::from(scale.unsigned_abs());
    if scale < 0 {
        return match text {
            "0" => Some(i256::ZERO),
            _ => i256::from_string(text.strip_suffix(&"0".repeat(behind))?),
        };
    }
    let found = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    (found == behind).then(|| i256::from_string(&text.replace('.', "")))?
}

fn uuids(texts: &StringArray) -> Option<ArrayRef> {
    let mut values = FixedSizeBinaryBuilder::with_capacity(texts.len(), 16);
    for text in texts.iter() {
        let Some(text) = text else {
            values.append_null();
            continue;
        };
        let digits = text.replace('-', "");
        let value = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32)?;
        values.append_value(value.to_be_bytes()).ok()?;
    }
    Some(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests;

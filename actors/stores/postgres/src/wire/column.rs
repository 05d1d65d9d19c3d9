//! One column's fields, on their way into an Arrow array.

use super::frame::Grid;
use super::value;
use crate::types::Wire;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, BooleanBufferBuilder, Decimal128Array, Decimal256Array, PrimitiveArray,
    StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, i256,
};
use arrow::error::ArrowError;
use std::ops::Range;
use std::sync::Arc;

/// A column being filled.
pub(crate) struct Column {
    wire: Wire,
    values: Values,
    nulls: Nulls,
}

enum Values {
    Bool(Vec<bool>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    I128(Vec<i128>),
    I256(Vec<i256>),
    /// Where every value ends, and all values.
    Bytes(Vec<i32>, Vec<u8>),
}

/// A field that is not what it should be: its row in the grid, and what it holds.
pub(crate) type Wrong = (usize, String);

impl Column {
    /// An empty column.
    pub(crate) fn new(wire: Wire) -> Self {
        let values = match wire {
            Wire::Bool => Values::Bool(Vec::new()),
            Wire::Int2 => Values::I16(Vec::new()),
            Wire::Int4 | Wire::Date => Values::I32(Vec::new()),
            Wire::Int8 | Wire::Oid | Wire::Time | Wire::Timestamp | Wire::TimestampTz => Values::I64(Vec::new()),
            Wire::Float4 => Values::F32(Vec::new()),
            Wire::Float8 => Values::F64(Vec::new()),
            Wire::Text | Wire::Jsonb | Wire::Uuid | Wire::Bytea => Values::Bytes(Vec::new(), Vec::new()),
            Wire::Decimal128 { .. } => Values::I128(Vec::new()),
            Wire::Decimal256 { .. } => Values::I256(Vec::new()),
        };
        Self {
            wire,
            values,
            nulls: Nulls::default(),
        }
    }

    /// An empty column of the same kind.
    pub(super) fn empty(&self) -> Self {
        Self::new(self.wire)
    }

    /// Bytes of Arrow memory of one value, without what a text or bytes hold.
    pub(crate) fn fixed_bytes(&self) -> usize {
        match (&self.values, self.wire) {
            (Values::Bool(_), _) => 1,
            (Values::I16(_), _) => 2,
            (Values::I64(_) | Values::F64(_), _) => 8,
            (Values::I128(_), _) => 16,
            (Values::I256(_), _) => 32,
            (_, Wire::Uuid) => 40,
            _ => 4,
        }
    }

    /// Appends the fields of some rows. When one is wrong, the column is as it was.
    ///
    /// # Errors
    /// The first wrong field.
    pub(crate) fn append(&mut self, rows: &Rows<'_>) -> Result<(), Wrong> {
        let (length, bytes) = (self.len(), self.data_len());
        let appended = self.extend(rows);
        if appended.is_err() {
            self.truncate(length, bytes);
        }
        appended
    }

    fn extend(&mut self, rows: &Rows<'_>) -> Result<(), Wrong> {
        let Self { wire, values, nulls } = self;
        match (values, *wire) {
            (Values::Bool(out), _) => rows.each(out, nulls, |f| Ok(value::fixed::<1>(f)?[0] != 0)),
            (Values::I16(out), _) => rows.each(out, nulls, |f| Ok(i16::from_be_bytes(value::fixed(f)?))),
            (Values::I32(out), Wire::Date) => rows.each(out, nulls, value::date),
            (Values::I32(out), _) => rows.each(out, nulls, |f| Ok(i32::from_be_bytes(value::fixed(f)?))),
            (Values::I64(out), Wire::Oid) => {
                rows.each(out, nulls, |f| Ok(i64::from(u32::from_be_bytes(value::fixed(f)?))))
            }
            (Values::I64(out), Wire::Time) => rows.each(out, nulls, value::time),
            (Values::I64(out), Wire::Int8) => rows.each(out, nulls, |f| Ok(i64::from_be_bytes(value::fixed(f)?))),
            (Values::I64(out), _) => rows.each(out, nulls, value::timestamp),
            (Values::F32(out), _) => rows.each(out, nulls, |f| Ok(f32::from_be_bytes(value::fixed(f)?))),
            (Values::F64(out), _) => rows.each(out, nulls, |f| Ok(f64::from_be_bytes(value::fixed(f)?))),
            (Values::I128(out), Wire::Decimal128 { precision, scale }) => {
                rows.each(out, nulls, |f| value::decimal128(f, precision, scale))
            }
            (Values::I256(out), Wire::Decimal256 { precision, scale }) => {
                rows.each(out, nulls, |f| value::decimal256(f, precision, scale))
            }
            (Values::Bytes(ends, data), Wire::Uuid) => rows.bytes(ends, data, nulls, |f, data| {
                data.extend_from_slice(value::uuid(&value::fixed(f)?, &mut [0; 36]));
                Ok(())
            }),
            (Values::Bytes(ends, data), Wire::Jsonb) => rows.bytes(ends, data, nulls, |f, data| {
                data.extend_from_slice(value::jsonb(f)?);
                Ok(())
            }),
            (Values::Bytes(ends, data), Wire::Bytea) => rows.bytes(ends, data, nulls, copy),
            (Values::Bytes(ends, data), _) => {
                let (first, from) = (ends.len(), data.len());
                rows.bytes(ends, data, nulls, copy)?;
                // All at once: most texts are too short to be worth a look of their own.
                text(&ends[first..], data, from).map_err(|row| (rows.range.start + row, value::NOT_UTF8.to_owned()))
            }
            (Values::I128(_) | Values::I256(_), _) => Err((rows.range.start, "a number of another form".into())),
        }
    }

    fn len(&self) -> usize {
        match &self.values {
            Values::Bool(values) => values.len(),
            Values::I16(values) => values.len(),
            Values::I32(values) => values.len(),
            Values::I64(values) => values.len(),
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
            Values::I128(values) => values.len(),
            Values::I256(values) => values.len(),
            Values::Bytes(ends, _) => ends.len(),
        }
    }

    /// Bytes of all texts or bytes.
    pub(crate) fn data_len(&self) -> usize {
        match &self.values {
            Values::Bytes(_, data) => data.len(),
            _ => 0,
        }
    }

    /// Forgets what was appended since the column had these lengths.
    pub(crate) fn truncate(&mut self, length: usize, bytes: usize) {
        self.nulls.truncate(length);
        match &mut self.values {
            Values::Bool(values) => values.truncate(length),
            Values::I16(values) => values.truncate(length),
            Values::I32(values) => values.truncate(length),
            Values::I64(values) => values.truncate(length),
            Values::F32(values) => values.truncate(length),
            Values::F64(values) => values.truncate(length),
            Values::I128(values) => values.truncate(length),
            Values::I256(values) => values.truncate(length),
            Values::Bytes(ends, data) => {
                ends.truncate(length);
                data.truncate(bytes);
            }
        }
    }

    /// The array so far; the column starts anew.
    ///
    /// # Errors
    /// When Arrow does not take it, which its values have been checked for.
    pub(crate) fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self.nulls.take(self.len());
        Ok(match &mut self.values {
            Values::Bool(values) => {
                let all = renew(values);
                Arc::new(BooleanArray::new(all.into(), nulls))
            }
            Values::I16(values) => primitive::<Int16Type>(values, nulls)?,
            Values::I32(values) => match self.wire {
                Wire::Date => primitive::<Date32Type>(values, nulls)?,
                _ => primitive::<Int32Type>(values, nulls)?,
            },
            Values::I64(values) => match self.wire {
                Wire::Time => primitive::<Time64MicrosecondType>(values, nulls)?,
                Wire::Timestamp | Wire::TimestampTz => {
                    let array = TimestampMicrosecondArray::try_new(renew(values).into(), nulls)?;
                    let zone = (self.wire == Wire::TimestampTz).then(|| Arc::from("UTC"));
                    Arc::new(array.with_timezone_opt(zone))
                }
                _ => primitive::<Int64Type>(values, nulls)?,
            },
            Values::F32(values) => primitive::<Float32Type>(values, nulls)?,
            Values::F64(values) => primitive::<Float64Type>(values, nulls)?,
            Values::I128(values) => {
                let array = Decimal128Array::try_new(renew(values).into(), nulls)?;
                Arc::new(array.with_data_type(self.wire.data_type()))
            }
            Values::I256(values) => {
                let array = Decimal256Array::try_new(renew(values).into(), nulls)?;
                Arc::new(array.with_data_type(self.wire.data_type()))
            }
            Values::Bytes(ends, data) => {
                let mut offsets = Vec::with_capacity(ends.len() + 1);
                offsets.push(0);
                offsets.append(ends);
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let data = renew(data).into();
                match self.wire.data_type() {
                    DataType::Binary => Arc::new(BinaryArray::try_new(offsets, data, nulls)?),
                    _ => Arc::new(StringArray::try_new(offsets, data, nulls)?),
                }
            }
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(PrimitiveArray::<T>::try_new(renew(values).into(), nulls)?))
}

/// The values so far, and an empty vector with room for as many in their place.
fn renew<T>(values: &mut Vec<T>) -> Vec<T> {
    let room = values.len();
    std::mem::replace(values, Vec::with_capacity(room))
}

fn copy(field: &[u8], data: &mut Vec<u8>) -> Result<(), String> {
    match field {
        // Flags and the like: not worth a call.
        [byte] => data.push(*byte),
        _ => data.extend_from_slice(field),
    }
    Ok(())
}

/// Checks that what lies behind `from` is text, and that no value ends within a character.
///
/// # Errors
/// The first row of which it is not so.
fn text(ends: &[i32], data: &[u8], from: usize) -> Result<(), usize> {
    let tail = &data[from..];
    if tail.is_ascii() {
        return Ok(());
    }
    let end = |end: &i32| usize::try_from(*end).unwrap_or(usize::MAX);
    let whole = std::str::from_utf8(tail);
    if whole.is_ok_and(|text| ends.iter().all(|at| text.is_char_boundary(end(at).wrapping_sub(from)))) {
        return Ok(());
    }
    let mut start = from;
    for (row, at) in ends.iter().enumerate() {
        let value = data.get(start..end(at)).unwrap_or_default();
        if std::str::from_utf8(value).is_err() {
            return Err(row);
        }
        start = end(at);
    }
    Ok(())
}

/// Some rows of a buffer, and one of their columns.
pub(crate) struct Rows<'a> {
    pub(crate) buffer: &'a [u8],
    pub(crate) grid: &'a Grid,
    pub(crate) range: Range<usize>,
    pub(crate) column: usize,
}

impl Rows<'_> {
    #[inline]
    fn each<T: Default>(
        &self,
        out: &mut Vec<T>,
        nulls: &mut Nulls,
        value: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<(), Wrong> {
        out.reserve(self.range.len());
        for row in self.range.clone() {
            match self.grid.field(self.buffer, row, self.column) {
                Some(field) => out.push(value(field).map_err(|why| (row, why))?),
                None => {
                    nulls.push(out.len());
                    out.push(T::default());
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn bytes(
        &self,
        ends: &mut Vec<i32>,
        data: &mut Vec<u8>,
        nulls: &mut Nulls,
        value: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), String>,
    ) -> Result<(), Wrong> {
        ends.reserve(self.range.len());
        for row in self.range.clone() {
            match self.grid.field(self.buffer, row, self.column) {
                Some(field) => value(field, data).map_err(|why| (row, why))?,
                None => nulls.push(ends.len()),
            }
            // Batches are kept far below this.
            ends.push(i32::try_from(data.len()).map_err(|_| (row, "more than 2 GiB in one batch".into()))?);
        }
        Ok(())
    }
}

/// The places of NULLs; costs nothing while there are none.
#[derive(Default)]
struct Nulls(Option<BooleanBufferBuilder>);

impl Nulls {
    /// The value at this place is NULL; those between the last one and this are not.
    fn push(&mut self, at: usize) {
        let bits = self.0.get_or_insert_with(|| BooleanBufferBuilder::new(at + 1));
        bits.append_n(at - bits.len(), true);
        bits.append(false);
    }

    fn truncate(&mut self, length: usize) {
        if let Some(bits) = &mut self.0 {
            bits.truncate(length.min(bits.len()));
        }
    }

    fn take(&mut self, length: usize) -> Option<NullBuffer> {
        let mut bits = self.0.take()?;
        bits.append_n(length - bits.len(), true);
        Some(NullBuffer::new(bits.finish()))
    }
}

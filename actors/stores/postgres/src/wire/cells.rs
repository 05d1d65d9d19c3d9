//! The cells of one column of a batch, as fields of a COPY stream.
//!
//! What most tables are made of goes straight from Arrow's memory into the stream; everything else goes value by value, by way of
//! [`Value`](sluice_store_wire::cell::Value).

use super::encode::Encoding;
use super::numeric;
use super::output::{self, Output};
use arrow::array::{Array, AsArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type};
use arrow::datatypes::{TimeUnit, TimestampMicrosecondType};
use sluice_store_wire::cell::Input;

/// A field's length when it is NULL.
const NULL: i32 = -1;

/// A column of a batch and its form.
pub(super) struct Cells<'a> {
    nulls: Option<NullBuffer>,
    kind: Kind<'a>,
    column: &'a Encoding,
}

enum Kind<'a> {
    Int4(&'a [i32]),
    Int8(&'a [i64]),
    Float8(&'a [f64]),
    Date(&'a [i32]),
    Timestamp(&'a [i64]),
    Numeric(&'a [i128], u8),
    Text(&'a StringArray),
    Other(Input<'a>),
}

impl<'a> Cells<'a> {
    /// The cells of an array; none where its type is not carried.
    pub(super) fn of(array: &'a dyn Array, column: &'a Encoding) -> Option<Self> {
        let kind = match (array.data_type(), column.output) {
            (DataType::Int32, Output::Int4) => Kind::Int4(array.as_primitive::<Int32Type>().values()),
            (DataType::Int64, Output::Int8) => Kind::Int8(array.as_primitive::<Int64Type>().values()),
            (DataType::Float64, Output::Float8) => Kind::Float8(array.as_primitive::<Float64Type>().values()),
            (DataType::Date32, Output::Date) => Kind::Date(array.as_primitive::<Date32Type>().values()),
            (DataType::Timestamp(TimeUnit::Microsecond, _), Output::Timestamp(1) | Output::TimestampTz(1)) => {
                Kind::Timestamp(array.as_primitive::<TimestampMicrosecondType>().values())
            }
            (DataType::Decimal128(_, scale @ 0..), Output::Numeric(_)) => {
                Kind::Numeric(array.as_primitive::<Decimal128Type>().values(), scale.unsigned_abs())
            }
            (DataType::Utf8, Output::Text) => Kind::Text(array.as_string()),
            _ => Kind::Other(Input::of(array)?),
        };
        // Logical nulls: an array of type Null has no validity of its own.
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        Some(Self { nulls, kind, column })
    }

    /// The column's name in the source.
    pub(super) fn name(&self) -> &str {
        &self.column.name
    }

    /// Writes the field of a row: its length and its content.
    ///
    /// # Errors
    /// What is wrong with the value, to be put behind the column's name.
    #[inline]
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<(), String> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.extend_from_slice(&NULL.to_be_bytes());
            return Ok(());
        }
        match &self.kind {
            Kind::Int4(values) => four(values[row].to_be_bytes(), out),
            Kind::Int8(values) => eight(values[row].to_be_bytes(), out),
            Kind::Float8(values) => eight(values[row].to_be_bytes(), out),
            Kind::Date(values) => four(output::date(values[row].into())?.to_be_bytes(), out),
            Kind::Timestamp(values) => eight(output::timestamp(values[row])?.to_be_bytes(), out),
            Kind::Numeric(values, scale) => {
                let value = values[row];
                if !numeric::encode_short(value, *scale, out) {
                    sized(out, |out| {
                        numeric::encode(value, *scale, out);
                        Ok(())
                    })?;
                }
            }
            Kind::Text(values) => {
                let text = values.value(row).as_bytes();
                out.extend_from_slice(&length(text.len())?.to_be_bytes());
                match text {
                    // Flags and the like: not worth a call.
                    [byte] => out.push(*byte),
                    _ => out.extend_from_slice(text),
                }
            }
            Kind::Other(input) => {
                let value = input.value(row)?;
                sized(out, |out| self.column.output.write(value, out))?;
            }
        }
        Ok(())
    }
}

/// A field of four bytes, in one piece.
#[inline]
fn four(content: [u8; 4], out: &mut Vec<u8>) {
    let [a, b, c, d] = content;
    out.extend_from_slice(&[0, 0, 0, 4, a, b, c, d]);
}

/// A field of eight bytes, in one piece.
#[inline]
fn eight(content: [u8; 8], out: &mut Vec<u8>) {
    let [a, b, c, d, e, f, g, h] = content;
    out.extend_from_slice(&[0, 0, 0, 8, a, b, c, d, e, f, g, h]);
}

/// A field whose length is known when it is written.
fn sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), String>) -> Result<(), String> {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out)?;
    let length = length(out.len() - at - 4)?;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

#[inline]
fn length(bytes: usize) -> Result<i32, String> {
    i32::try_from(bytes).map_err(|_| "more than 2 GiB".to_owned())
}

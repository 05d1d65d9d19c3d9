//! The JSON of one value.
//!
//! Numbers keep all their digits. What JSON has no form for is a text: dates and times as ISO 8601, bytes as base64, and the
//! doubles that are no numbers as `NaN`, `Infinity` and `-Infinity`.

use crate::fault;
use crate::text::cell::Cells;
use crate::text::types;
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, ListArray, MapArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sluice_contract::Fault;
use std::collections::HashSet;
use std::sync::Arc;

/// A column of a batch, its type found out once.
pub(super) enum Value {
    /// Written as it is: numbers and booleans.
    Bare(Cells),
    /// A number, or a text where it is none.
    Float(Cells),
    Quoted(Cells),
    Bytes(BinaryArray),
    List(ListArray, Box<Value>),
    Struct(Box<StructArray>, Vec<(Vec<u8>, Value)>),
    /// Its keys are texts.
    Map(Box<MapArray>, Box<Cells>, Box<Value>),
}

/// Refuses columns that JSON cannot carry exactly.
pub(super) fn check(schema: &Schema) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for field in schema.fields() {
        if !seen.insert(field.name()) {
            return Err(fault::mismatch(format!("two columns are named {:?}", field.name())));
        }
        if !carried(field, field.data_type()) {
            return Err(fault::unsupported(
                field.name(),
                format!(
                    "JSON does not carry type {}; cast it to text in the query, or write Parquet",
                    field.data_type()
                ),
            ));
        }
    }
    Ok(())
}

fn carried(field: &Field, data_type: &DataType) -> bool {
    match data_type {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => true,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            carried(item, item.data_type())
        }
        DataType::Struct(fields) => fields.iter().all(|field| carried(field, field.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                let key = pair.first().map(|key| key.data_type());
                key == Some(&DataType::Utf8) && pair.iter().all(|field| carried(field, field.data_type()))
            }
            _ => false,
        },
        DataType::Dictionary(_, values) => carried(field, values),
        other => types::carried(field, other),
    }
}

impl Value {
    /// # Errors
    /// `SL6007` for a type that [`check`] refuses.
    pub(super) fn new(field: &Field, array: &ArrayRef) -> Result<Self, Fault> {
        let as_type =
            |data_type: &DataType| cast(array, data_type).map_err(|error| fault::unsupported(field.name(), error));
        Ok(match array.data_type() {
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float(Cells::new(field, array)?),
            DataType::Null | DataType::Boolean | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Self::Bare(Cells::new(field, array)?)
            }
            other if other.is_integer() => Self::Bare(Cells::new(field, array)?),
            DataType::FixedSizeBinary(_) if types::is_uuid(field) => Self::Quoted(Cells::new(field, array)?),
            DataType::Binary => Self::Bytes(array.as_binary().clone()),
            DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Bytes(as_type(&DataType::Binary)?.as_binary().clone())
            }
            DataType::List(item) => {
                let list = array.as_list::<i32>().clone();
                let items = Self::new(item, list.values())?;
                Self::List(list, Box::new(items))
            }
            DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                Self::new(field, &as_type(&DataType::List(Arc::clone(item)))?)?
            }
            DataType::Struct(fields) => {
                let of = array.as_struct().clone();
                let member = |(field, array): (&Arc<Field>, &ArrayRef)| {
                    let mut name = Vec::new();
                    write_text(&mut name, field.name());
                    name.push(b':');
                    Ok((name, Self::new(field, array)?))
                };
                let members = fields
                    .iter()
                    .zip(of.columns())
                    .map(member)
                    .collect::<Result<_, Fault>>()?;
                Self::Struct(Box::new(of), members)
            }
            DataType::Map(entries, _) => {
                let map = array.as_map().clone();
                let DataType::Struct(pair) = entries.data_type() else {
                    return Err(fault::internal("a map without pairs"));
                };
                let keys = Cells::new(&pair[0], map.keys())?;
                let values = Self::new(&pair[1], map.values())?;
                Self::Map(Box::new(map), Box::new(keys), Box::new(values))
            }
            DataType::Dictionary(_, values) => Self::new(field, &as_type(values)?)?,
            _ => Self::Quoted(Cells::new(field, array)?),
        })
    }

    /// Appends a value.
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) {
        let start = out.len();
        let written = match self {
            Self::Bare(cells) => cells.write(row, out),
            Self::Float(cells) => {
                let written = cells.write(row, out);
                if written && out[start..].iter().any(|byte| matches!(byte, b'N' | b'I')) {
                    out.insert(start, b'"');
                    out.push(b'"');
                }
                written
            }
            Self::Quoted(cells) => match cells.text(row) {
                Some(None) => false,
                Some(Some(text)) => {
                    write_text(out, text);
                    true
                }
                // Dates, times and UUIDs need no escape.
                None => {
                    out.push(b'"');
                    let written = cells.write(row, out);
                    out.push(b'"');
                    written
                }
            },
            Self::Bytes(array) => {
                let valid = array.is_valid(row);
                if valid {
                    out.push(b'"');
                    out.extend_from_slice(STANDARD.encode(array.value(row)).as_bytes());
                    out.push(b'"');
                }
                valid
            }
            Self::List(array, items) => {
                let valid = array.is_valid(row);
                if valid {
                    out.push(b'[');
                    write_run(array.value_offsets(), row, out, |at, out| items.write(at, out));
                    out.push(b']');
                }
                valid
            }
            Self::Struct(array, members) => {
                let valid = array.is_valid(row);
                if valid {
                    out.push(b'{');
                    for (index, (name, value)) in members.iter().enumerate() {
                        if index > 0 {
                            out.push(b',');
                        }
                        out.extend_from_slice(name);
                        value.write(row, out);
                    }
                    out.push(b'}');
                }
                valid
            }
            Self::Map(array, keys, values) => {
                let valid = array.is_valid(row);
                if valid {
                    out.push(b'{');
                    write_run(array.value_offsets(), row, out, |at, out| {
                        write_text(out, keys.text(at).flatten().unwrap_or_default());
                        out.push(b':');
                        values.write(at, out);
                    });
                    out.push(b'}');
                }
                valid
            }
        };
        if !written {
            out.truncate(start);
            out.extend_from_slice(b"null");
        }
    }
}

/// The elements of a row, with commas between them.
fn write_run(offsets: &[i32], row: usize, out: &mut Vec<u8>, mut write: impl FnMut(usize, &mut Vec<u8>)) {
    let bound = |at: usize| usize::try_from(offsets[at]).unwrap_or(0);
    let (start, end) = (bound(row), bound(row + 1));
    for at in start..end {
        if at > start {
            out.push(b',');
        }
        write(at, out);
    }
}

/// Appends a text in quotes, with what must be escaped.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[start..at]);
        start = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

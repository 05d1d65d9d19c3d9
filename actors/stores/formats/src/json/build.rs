//! From values to columns.

use super::node::Node;
use super::number;
use crate::text::convert::Column;
use arrow::array::{ArrayRef, BinaryArray, BooleanBufferBuilder, ListArray, StructArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, FieldRef, Fields};
use arrow::error::ArrowError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

/// One column, or a part of one, being read.
pub(super) struct Builder {
    kind: Kind,
    /// Of lists, structs and bytes; a plain column has its own.
    valid: BooleanBufferBuilder,
}

enum Kind {
    Plain(Column, DataType),
    Bytes {
        bytes: Vec<u8>,
        ends: Vec<i32>,
    },
    List {
        field: FieldRef,
        item: Box<Builder>,
        ends: Vec<i32>,
        length: usize,
    },
    Struct {
        fields: Fields,
        members: Vec<Builder>,
    },
}

impl Builder {
    pub(super) fn new(data_type: &DataType) -> Self {
        let kind = match data_type {
            DataType::Binary => Kind::Bytes {
                bytes: Vec::new(),
                ends: Vec::new(),
            },
            DataType::List(field) => Kind::List {
                field: Arc::clone(field),
                item: Box::new(Self::new(field.data_type())),
                ends: Vec::new(),
                length: 0,
            },
            DataType::Struct(fields) => Kind::Struct {
                fields: fields.clone(),
                members: fields.iter().map(|field| Self::new(field.data_type())).collect(),
            },
            plain => Kind::Plain(Column::new(plain), plain.clone()),
        };
        Self {
            kind,
            valid: BooleanBufferBuilder::new(0),
        }
    }

    pub(super) fn append_null(&mut self) {
        match &mut self.kind {
            Kind::Plain(column, _) => return column.append_null(),
            Kind::Bytes { ends, .. } | Kind::List { ends, .. } => ends.push(ends.last().copied().unwrap_or(0)),
            Kind::Struct { members, .. } => members.iter_mut().for_each(Self::append_null),
        }
        self.valid.append(false);
    }

    /// Appends a value. After an error, rows must be taken back with [`truncate`](Self::truncate).
    ///
    /// # Errors
    /// What is wrong with the value, in words.
    pub(super) fn append(&mut self, node: &Node<'_>) -> Result<(), String> {
        if *node == Node::Null {
            self.append_null();
            return Ok(());
        }
        match (&mut self.kind, node) {
            (Kind::Plain(column, data_type), node) => return plain(column, data_type, node),
            (Kind::Bytes { bytes, ends }, Node::Text(text)) => {
                let value = STANDARD.decode(text.as_bytes()).map_err(|_| "not base64")?;
                bytes.extend_from_slice(&value);
                ends.push(end(bytes.len())?);
            }
            (Kind::List { item, ends, length, .. }, Node::Array(elements, _)) => {
                for element in elements {
                    item.append(element)?;
                }
                *length += elements.len();
                ends.push(end(*length)?);
            }
            (Kind::Struct { fields, members }, Node::Object(..)) => append_members(fields, members, node)?,
            (kind, node) => {
                let expected = match kind {
                    Kind::List { .. } => "an array",
                    Kind::Struct { .. } => "an object",
                    _ => "bytes as base64",
                };
                return Err(format!("{}, where {expected} was expected", node.kind()));
            }
        }
        self.valid.append(true);
        Ok(())
    }

    /// Takes back what was appended behind the first rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        let last = |ends: &Vec<i32>| ends.last().map_or(0, |end| usize::try_from(*end).unwrap_or(0));
        match &mut self.kind {
            Kind::Plain(column, _) => return column.truncate(rows),
            Kind::Bytes { bytes, ends } => {
                ends.truncate(rows);
                bytes.truncate(last(ends));
            }
            Kind::List { item, ends, length, .. } => {
                ends.truncate(rows);
                *length = last(ends);
                item.truncate(*length);
            }
            Kind::Struct { members, .. } => members.iter_mut().for_each(|member| member.truncate(rows)),
        }
        self.valid.truncate(rows);
    }

    /// Gives the column and begins another.
    ///
    /// # Errors
    /// When the parts do not make a column.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        if let Kind::Plain(column, _) = &mut self.kind {
            return column.finish();
        }
        let nulls = Some(NullBuffer::new(self.valid.finish())).filter(|nulls| nulls.null_count() > 0);
        Ok(match &mut self.kind {
            Kind::Plain(column, _) => column.finish()?,
            Kind::Bytes { bytes, ends } => Arc::new(BinaryArray::try_new(
                offsets(ends),
                Buffer::from_vec(std::mem::take(bytes)),
                nulls,
            )?),
            Kind::List {
                field,
                item,
                ends,
                length,
            } => {
                *length = 0;
                let item = item.finish()?;
                Arc::new(ListArray::try_new(Arc::clone(field), offsets(ends), item, nulls)?)
            }
            Kind::Struct { fields, members } => {
                let arrays = members.iter_mut().map(Self::finish).collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new(fields.clone(), arrays, nulls)?)
            }
        })
    }
}

fn end(length: usize) -> Result<i32, String> {
    i32::try_from(length).map_err(|_| "a batch holds more than 2 GiB of one column".to_owned())
}

fn offsets(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    offsets.append(ends);
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

/// Appends an object's members to the columns of the same names; a member that is missing is NULL.
///
/// # Errors
/// For a member with a value that no column takes, and for values that do not fit.
pub(super) fn append_members(fields: &Fields, columns: &mut [Builder], node: &Node<'_>) -> Result<(), String> {
    let Node::Object(members, _) = node else {
        return Err(format!("{}, where an object was expected", node.kind()));
    };
    let mut taken = 0;
    for (at, (field, column)) in fields.iter().zip(columns).enumerate() {
        let name = field.name();
        // Objects mostly have their members in the same order.
        let found = match members.get(at) {
            Some((key, value)) if key == name => Some(value),
            _ => node.member(name),
        };
        match found {
            Some(value) => {
                taken += 1;
                column.append(value).map_err(|why| format!("{name:?}: {why}"))?;
            }
            None => column.append_null(),
        }
    }
    if taken < members.len() {
        let known = |name: &str| fields.iter().any(|field| field.name() == name);
        let unknown = members
            .iter()
            .find(|(name, value)| !known(name) && *value != Node::Null);
        if let Some((name, _)) = unknown {
            return Err(format!(
                "the member {name:?} was not among those of the first documents; name it in the dataset's `schema`"
            ));
        }
    }
    Ok(())
}

fn plain(column: &mut Column, data_type: &DataType, node: &Node<'_>) -> Result<(), String> {
    let appended = match (data_type, node) {
        (DataType::Utf8, Node::Text(text)) => column.append(text.as_bytes()),
        (DataType::Utf8, Node::Number(text) | Node::Array(_, text) | Node::Object(_, text)) => {
            column.append(text.as_bytes())
        }
        (DataType::Utf8 | DataType::Boolean, Node::Bool(true)) => column.append(b"true"),
        (DataType::Utf8 | DataType::Boolean, Node::Bool(false)) => column.append(b"false"),
        (DataType::Float64, Node::Number(text)) if number::double(text).is_none() => Err(
            "a number with more digits than a Double holds; give the column the type Decimal or String in the dataset's \
             `schema`",
        ),
        (of, Node::Number(text)) if of.is_integer() && text.contains(['.', 'e', 'E']) => {
            column.append(number::whole(text).unwrap_or_default().as_bytes())
        }
        (of, Node::Number(text)) if of.is_numeric() => column.append(text.as_bytes()),
        (_, Node::Text(text)) => column.append(text.as_bytes()),
        (of, node) => return Err(format!("{}, where {of} was expected", node.kind())),
    };
    appended.map_err(str::to_owned)
}

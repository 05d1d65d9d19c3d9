//! How what is no plain text in JSON is read back.

use crate::text::back::direct;
use arrow::datatypes::{DataType, Field, Fields};
use std::collections::HashSet;
use std::sync::Arc;

/// The type as which bytes, lists and objects are read back.
///
/// # Errors
/// Why they are not, in words.
pub(super) fn nested(written: &DataType) -> Result<DataType, String> {
    match written {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            Ok(DataType::Binary)
        }
        DataType::List(item) | DataType::LargeList(item) => Ok(DataType::List(part(item)?)),
        DataType::Struct(fields) => {
            let mut seen = HashSet::new();
            if let Some(twice) = fields.iter().find(|field| !seen.insert(field.name())) {
                return Err(format!("two members of an object are named {:?}", twice.name()));
            }
            fields
                .iter()
                .map(part)
                .collect::<Result<Fields, _>>()
                .map(DataType::Struct)
        }
        other => Err(format!("{other} is not read back from JSON")),
    }
}

fn part(field: &Arc<Field>) -> Result<Arc<Field>, String> {
    let written = field.data_type();
    // A decimal with zeros for a negative scale may have more digits than are read.
    let found = match direct(written).filter(|_| !matches!(written, DataType::Decimal128(_, ..0))) {
        Some(found) => found,
        None if matches!(written, DataType::FixedSizeBinary(_)) => {
            return Err(format!("{written} within another value is not read back from JSON"));
        }
        None => nested(written)?,
    };
    Ok(Arc::new(field.as_ref().clone().with_data_type(found)))
}

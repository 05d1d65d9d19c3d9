//! Which Arrow types an Avro file carries exactly.

use crate::fault;
use crate::text::types::is_uuid;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use sluice_contract::Fault;
use std::collections::HashSet;

/// Whether Avro takes this as a name: letters, digits and `_`, and no digit first.
pub(super) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Refuses what the encoder would round, or could not give back.
pub(super) fn check(schema: &Schema) -> Result<(), Fault> {
    if schema.fields().is_empty() {
        return Err(fault::columnless("an Avro file"));
    }
    let mut seen = HashSet::new();
    for field in schema.fields() {
        if !seen.insert(field.name()) {
            return Err(fault::mismatch(format!("two columns are named {:?}", field.name())));
        }
        check_field(field.name(), field)?;
    }
    Ok(())
}

fn check_field(column: &str, field: &Field) -> Result<(), Fault> {
    if !is_name(field.name()) {
        return Err(fault::unsupported(
            column,
            format!(
                "{:?} is no name in Avro, which takes letters, digits and `_`; give the column another name in the mapping",
                field.name()
            ),
        ));
    }
    check_type(column, field.data_type())
}

fn check_type(column: &str, data_type: &DataType) -> Result<(), Fault> {
    let refused = |why: &str| {
        let text = format!("Avro does not carry {data_type}{why}; cast it in the query, or write Parquet");
        Err(fault::unsupported(column, text))
    };
    match data_type {
        DataType::UInt64 => refused(", whose numbers may be beyond its long"),
        DataType::Time64(TimeUnit::Nanosecond) => refused(" finer than microseconds"),
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) if *scale < 0 => refused(" without a point"),
        DataType::Duration(_) | DataType::Interval(_) | DataType::Union(..) | DataType::RunEndEncoded(..) => {
            refused("")
        }
        DataType::Struct(fields) if fields.is_empty() => refused(" without members"),
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check_field(column, field)),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => check_type(column, item.data_type()),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) if pair.len() == 2 && *pair[0].data_type() == DataType::Utf8 => {
                check_type(column, pair[1].data_type())
            }
            _ => refused(" whose keys are no texts"),
        },
        DataType::Dictionary(_, values) => check_type(column, values),
        _ => Ok(()),
    }
}

/// The columns as they are written: their names and types alone, dictionaries as their values.
pub(super) fn written(schema: &Schema) -> Schema {
    let column = |field: &Field| {
        let data_type = match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref().clone(),
            other => other.clone(),
        };
        let uuid = data_type == DataType::FixedSizeBinary(16) && is_uuid(field);
        let column = Field::new(field.name(), data_type, field.is_nullable());
        match uuid {
            true => column.with_metadata([("logicalType".to_owned(), "uuid".to_owned())]),
            false => column,
        }
    };
    Schema::new(schema.fields().iter().map(|field| column(field)).collect::<Vec<_>>())
}

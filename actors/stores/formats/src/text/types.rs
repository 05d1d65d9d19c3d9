//! The types that a dataset may give its columns, and the Arrow types that a file carries.

use super::header;
use crate::fault;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Fault, Object};
use sluice_store_core::source::ORIGINAL_TYPE;

/// One column of a dataset's `schema`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
}

/// Reads the array `schema`: `{"name", "type", "precision", "scale"}`. A column without a name has its number, as ADF imports files
/// without a header.
///
/// # Errors
/// `SL6013` when it is malformed, `SL6007` for a type that is not served.
pub(crate) fn columns(dataset: &Object) -> Result<Vec<Column>, Fault> {
    let listed = match member(dataset, "schema") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(fault::property("`schema` is not an array of columns")),
    };
    listed
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let column = column
                .as_object()
                .ok_or_else(|| fault::property("`schema` holds something that is not a column"))?;
            let name = text(column, "name").filter(|name| !name.is_empty());
            let name = name.map_or_else(|| header::number(index), str::to_owned);
            let kind = text(column, "type").unwrap_or("String");
            Ok(Column {
                data_type: data_type(&name, kind, column)?,
                name,
            })
        })
        .collect()
}

/// The type of a column that a dataset names.
///
/// # Errors
/// `SL6007` for a type that is not read from text.
pub(crate) fn data_type(name: &str, kind: &str, column: &Object) -> Result<DataType, Fault> {
    let utc = || Some("UTC".into());
    Ok(match kind.to_ascii_lowercase().as_str() {
        "" | "string" | "guid" => DataType::Utf8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "single" => DataType::Float32,
        "double" => DataType::Float64,
        "boolean" => DataType::Boolean,
        "date" => DataType::Date32,
        "timespan" | "time" => DataType::Time64(TimeUnit::Microsecond),
        "datetime" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "datetimeoffset" => DataType::Timestamp(TimeUnit::Microsecond, utc()),
        "decimal" => decimal(name, column)?,
        _ => {
            return Err(fault::unsupported(
                name,
                format!(
                    "text is not read as type {kind:?}; use String, Int16, Int32, Int64, Single, Double, Decimal, \
                     Boolean, Date, TimeSpan, DateTime or DateTimeOffset"
                ),
            ));
        }
    })
}

fn decimal(name: &str, column: &Object) -> Result<DataType, Fault> {
    let number = |property: &str, default: u64| {
        crate::settings::number(column, property).map(|number| number.unwrap_or(default))
    };
    let (precision, scale) = (number("precision", 38)?, number("scale", 18)?);
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale.unsigned_abs() <= precision => {
            Ok(DataType::Decimal128(precision, scale))
        }
        _ => Err(fault::property(format!(
            "column {name:?}: a Decimal has a precision of 1 to 38 and a scale of at most the precision"
        ))),
    }
}

/// Refuses columns that text cannot carry exactly, or only in a form that readers would have to guess.
pub(crate) fn check_write(schema: &Schema, format: &str) -> Result<(), Fault> {
    for field in schema.fields() {
        if !carried(field, field.data_type()) {
            return Err(fault::unsupported(
                field.name(),
                format!(
                    "{format} does not carry type {}; cast it to text in the query, or write Parquet",
                    field.data_type()
                ),
            ));
        }
    }
    Ok(())
}

/// Whether a text of this type means one value only.
pub(crate) fn carried(field: &Field, data_type: &DataType) -> bool {
    match data_type {
        DataType::Null
        | DataType::Boolean
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(_, _)
        | DataType::Decimal128(_, _)
        | DataType::Decimal256(_, _) => true,
        DataType::FixedSizeBinary(16) => is_uuid(field),
        DataType::Dictionary(_, values) => carried(field, values),
        other => other.is_integer() || matches!(other, DataType::Float32 | DataType::Float64),
    }
}

/// Whether 16 bytes are a UUID, whose text is not a matter of taste.
pub(crate) fn is_uuid(field: &Field) -> bool {
    let says = |key: &str, value: &str| {
        field
            .metadata()
            .get(key)
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    says(ORIGINAL_TYPE, "uuid") || says("ARROW:extension:name", "arrow.uuid")
}

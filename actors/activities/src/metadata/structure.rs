//! Columns by ADF's names of types.

use arrow::datatypes::{DataType, SchemaRef};
use serde_json::{Value, json};

/// `structure`.
pub(super) fn of(schema: &SchemaRef) -> Value {
    let column = |field: &arrow::datatypes::FieldRef| json!({"name": field.name(), "type": name(field.data_type())});
    schema.fields().iter().map(column).collect()
}

fn name(ty: &DataType) -> &'static str {
    match ty {
        DataType::Boolean => "Boolean",
        DataType::Int8 => "SByte",
        DataType::UInt8 => "Byte",
        DataType::Int16 => "Int16",
        DataType::UInt16 => "UInt16",
        DataType::Int32 => "Int32",
        DataType::UInt32 => "UInt32",
        DataType::Int64 => "Int64",
        DataType::UInt64 => "UInt64",
        DataType::Float16 | DataType::Float32 => "Single",
        DataType::Float64 => "Double",
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            "Decimal"
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None) => "DateTime",
        DataType::Timestamp(_, Some(_)) => "DateTimeOffset",
        DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) | DataType::Interval(_) => "TimeSpan",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "Byte[]",
        DataType::FixedSizeBinary(16) => "Guid",
        DataType::FixedSizeBinary(_) => "Byte[]",
        DataType::Dictionary(_, inner) => name(inner),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "Array",
        DataType::Struct(_) | DataType::Map(..) => "Object",
        _ => "String",
    }
}

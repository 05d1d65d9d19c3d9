//! ADF's interim types, as Arrow's.

use super::rules::Column;
use arrow::datatypes::{DataType, Field, TimeUnit};
use sluice_store_core::source::ORIGINAL_TYPE;
use std::collections::HashMap;

/// A type that a mapping names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Boolean,
    Integer { bits: u8, signed: bool },
    Single,
    Double,
    Decimal { precision: u8, scale: Option<i8> },
    Text,
    Guid,
    Bytes,
    Date,
    DateTime,
    DateTimeOffset,
    Time,
}

/// Digits behind the point when neither the mapping nor the source says how many.
const SCALE: i8 = 18;
/// The most digits of a decimal.
pub(super) const PRECISION: u8 = 38;

impl Target {
    /// Reads a name such as `Int32`; none for one that is not known.
    pub(crate) fn parse(name: &str, column: &Column) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let integer = |bits, signed| Self::Integer { bits, signed };
        Some(match name.strip_prefix("system.").unwrap_or(&name) {
            "boolean" => Self::Boolean,
            "sbyte" => integer(8, true),
            "int16" => integer(16, true),
            "int32" => integer(32, true),
            "int64" => integer(64, true),
            "byte" => integer(8, false),
            "uint16" => integer(16, false),
            "uint32" => integer(32, false),
            "uint64" => integer(64, false),
            "single" => Self::Single,
            "double" => Self::Double,
            "decimal" => Self::Decimal {
                precision: column.precision.unwrap_or(PRECISION),
                scale: column.scale,
            },
            "string" | "char" => Self::Text,
            "guid" => Self::Guid,
            "bytearray" | "byte[]" => Self::Bytes,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "datetimeoffset" => Self::DateTimeOffset,
            "timespan" | "time" => Self::Time,
            _ => return None,
        })
    }

    /// What a column of it travels as.
    pub(super) fn arrow(self, from: &DataType) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer { bits, signed } => match (bits, signed) {
                (8, true) => DataType::Int8,
                (16, true) => DataType::Int16,
                (32, true) => DataType::Int32,
                (_, true) => DataType::Int64,
                (8, false) => DataType::UInt8,
                (16, false) => DataType::UInt16,
                (32, false) => DataType::UInt32,
                (_, false) => DataType::UInt64,
            },
            Self::Single => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal { precision, scale } => {
                let scale = scale.unwrap_or(match from {
                    from if from.is_integer() || *from == DataType::Boolean => 0,
                    _ => SCALE.min(precision.cast_signed() / 2),
                });
                DataType::Decimal128(precision, scale)
            }
            Self::Text | Self::Guid => DataType::Utf8,
            Self::Bytes => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::DateTimeOffset => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
        }
    }

    /// A column of it.
    pub(super) fn field(self, from: &Field) -> Field {
        let field = Field::new(from.name(), self.arrow(from.data_type()), from.is_nullable());
        match self {
            Self::Guid => field.with_metadata(HashMap::from([(ORIGINAL_TYPE.to_owned(), "uuid".to_owned())])),
            _ => field,
        }
    }
}

//! ADF's interim types, and which of them a column is already.

use arrow::datatypes::{DataType, Field};
use sluice_store_core::source::ORIGINAL_TYPE;

/// A type that a mapping may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Integer {
        bits: usize,
        signed: bool,
    },
    Floating {
        bits: usize,
    },
    Decimal,
    Text,
    Guid,
    Bytes,
    /// A date, or a date with a time.
    Moment,
    /// A time of day or a span.
    Time,
}

impl Kind {
    /// Reads a name such as `Int32`; a .NET prefix (`System.Int32`) is taken, too.
    pub(super) fn parse(name: &str) -> Option<Self> {
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
            "single" => Self::Floating { bits: 32 },
            "double" => Self::Floating { bits: 64 },
            "decimal" => Self::Decimal,
            "string" | "char" => Self::Text,
            "guid" => Self::Guid,
            "bytearray" | "byte[]" => Self::Bytes,
            "date" | "datetime" | "datetimeoffset" => Self::Moment,
            "timespan" | "time" => Self::Time,
            _ => return None,
        })
    }

    /// Whether a source's column is of this type in its store, whatever it travels as: a PostgreSQL `numeric` without
    /// precision is a decimal, and travels as text because no decimal of a fixed scale holds it.
    pub(super) fn describes(self, field: &Field) -> bool {
        let named = |types: &[&str]| {
            let original = field.metadata().get(ORIGINAL_TYPE);
            let name = original.map(|original| original.split('(').next().unwrap_or_default().trim());
            name.is_some_and(|name| types.iter().any(|known| name.eq_ignore_ascii_case(known)))
        };
        self.holds(field)
            || match self {
                Self::Decimal => named(&["numeric", "decimal"]),
                Self::Guid => named(&["uuid"]),
                Self::Time => named(&["interval"]),
                _ => false,
            }
    }

    /// Whether a column's values are of this type as they are.
    pub(super) fn holds(self, field: &Field) -> bool {
        let column = match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            other => other,
        };
        if *column == DataType::Null {
            return true;
        }
        match self {
            Self::Boolean => *column == DataType::Boolean,
            Self::Integer { bits, signed } => {
                let own = column.primitive_width().unwrap_or(usize::MAX / 8) * 8;
                match (column.is_integer(), column.is_signed_integer(), signed) {
                    (false, ..) | (_, true, false) => false,
                    (_, false, true) => own < bits,
                    _ => own <= bits,
                }
            }
            Self::Floating { bits } => {
                column.is_floating() && column.primitive_width().is_some_and(|own| own * 8 <= bits)
            }
            Self::Decimal => matches!(column, DataType::Decimal128(..) | DataType::Decimal256(..)),
            Self::Text => is_text(column),
            Self::Guid => *column == DataType::FixedSizeBinary(16),
            Self::Bytes => matches!(
                column,
                DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
            ),
            Self::Moment => matches!(column, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)),
            Self::Time => matches!(
                column,
                DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) | DataType::Interval(_)
            ),
        }
    }
}

fn is_text(column: &DataType) -> bool {
    matches!(column, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

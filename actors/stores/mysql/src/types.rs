//! The type contract: which of MySQL's types is carried as which Arrow type, both ways.

use crate::wire::Definition;
use crate::wire::definition::{BINARY, kind};
use arrow::datatypes::{DataType, Field, TimeUnit};
use sluice_contract::{Code, Fault};
use sluice_store_core::source::ORIGINAL_TYPE;
use sluice_store_core::{Fidelity, TypeRow, TypeTable};

/// A binary form on the wire, and what Arrow makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Null,
    /// `bit(1)`
    Bool,
    /// `tinyint(1)` where the linked service says that it is a boolean.
    TinyBool,
    /// `bit(n)`
    Bits,
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float32,
    Float64,
    Decimal128 {
        precision: u8,
        scale: i8,
    },
    Decimal256 {
        precision: u8,
        scale: i8,
    },
    Text,
    Bytes,
    Date,
    Time,
    DateTime,
    Timestamp,
}

impl Wire {
    /// What Arrow makes of it.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Bool | Self::TinyBool => DataType::Boolean,
            Self::Int8 => DataType::Int8,
            Self::UInt8 => DataType::UInt8,
            Self::Int16 => DataType::Int16,
            Self::UInt16 => DataType::UInt16,
            Self::Int32 => DataType::Int32,
            Self::UInt32 => DataType::UInt32,
            Self::Int64 => DataType::Int64,
            Self::UInt64 | Self::Bits => DataType::UInt64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Decimal128 { precision, scale } => DataType::Decimal128(precision, scale),
            Self::Decimal256 { precision, scale } => DataType::Decimal256(precision, scale),
            Self::Text => DataType::Utf8,
            Self::Bytes => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

/// A type, as a result's column has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) wire: Wire,
    /// With its digits, such as `decimal(38,10)` or `time(6)`: other databases mean other digits when they leave them out.
    pub(crate) full: String,
}

impl Carried {
    /// How a column is carried.
    ///
    /// # Errors
    /// `SL6007`, naming column and type.
    pub(crate) fn of(column: &Definition, tiny_is_boolean: bool) -> Result<Self, Fault> {
        let unsigned = column.unsigned();
        let sign = |wire: Wire, other: Wire| if unsigned { other } else { wire };
        let suffix = if unsigned { " unsigned" } else { "" };
        let integer = |wire, other, name: &str| (sign(wire, other), format!("{name}{suffix}"));
        let digits = column.decimals.min(6);
        // Four bytes to a character of utf8mb4, which the session speaks.
        let (bytes, characters) = (column.length, column.length / 4);
        let binary = column.charset == BINARY;
        let (wire, full) = match column.kind {
            kind::TINY if tiny_is_boolean && column.length == 1 => (Wire::TinyBool, "tinyint(1)".to_owned()),
            kind::TINY => integer(Wire::Int8, Wire::UInt8, "tinyint"),
            kind::SHORT => integer(Wire::Int16, Wire::UInt16, "smallint"),
            kind::INT24 => integer(Wire::Int32, Wire::UInt32, "mediumint"),
            kind::LONG => integer(Wire::Int32, Wire::UInt32, "int"),
            kind::LONGLONG => integer(Wire::Int64, Wire::UInt64, "bigint"),
            kind::YEAR => (Wire::Int16, "year".to_owned()),
            kind::FLOAT => (Wire::Float32, "float".to_owned()),
            kind::DOUBLE => (Wire::Float64, "double".to_owned()),
            kind::BIT if column.length == 1 => (Wire::Bool, "bit(1)".to_owned()),
            kind::BIT => (Wire::Bits, format!("bit({bytes})")),
            kind::DECIMAL | kind::NEWDECIMAL => decimal(column),
            kind::DATE => (Wire::Date, "date".to_owned()),
            kind::TIME => (Wire::Time, format!("time({digits})")),
            kind::DATETIME => (Wire::DateTime, format!("datetime({digits})")),
            kind::TIMESTAMP => (Wire::Timestamp, format!("timestamp({digits})")),
            kind::JSON => (Wire::Text, "json".to_owned()),
            kind::NULL => (Wire::Null, "null".to_owned()),
            _ if column.is_enum() => (Wire::Text, "enum".to_owned()),
            _ if column.is_set() => (Wire::Text, "set".to_owned()),
            kind::STRING if binary => (Wire::Bytes, format!("binary({bytes})")),
            kind::STRING => (Wire::Text, format!("char({characters})")),
            kind::VARCHAR | kind::VAR_STRING if binary => (Wire::Bytes, format!("varbinary({bytes})")),
            kind::VARCHAR | kind::VAR_STRING => (Wire::Text, format!("varchar({characters})")),
            kind::TINY_BLOB..=kind::BLOB if binary => (Wire::Bytes, "blob".to_owned()),
            kind::TINY_BLOB..=kind::BLOB => (Wire::Text, "text".to_owned()),
            other => {
                let name = match other {
                    255 => "geometry: select ST_AsText or ST_AsWKB of it",
                    242 => "vector: cast it to text",
                    _ => "a type that is not known here: cast it to text",
                };
                let text = format!("column {:?} is not carried: it is of type {name}", column.name);
                return Err(Fault::new(Code::TypeUnsupported, text));
            }
        };
        Ok(Self { wire, full })
    }

    /// The Arrow field of a column of this type.
    pub(crate) fn field(&self, column: &str) -> Field {
        let metadata = [(ORIGINAL_TYPE.to_owned(), self.full.clone())];
        Field::new(column, self.wire.data_type(), true).with_metadata(metadata)
    }
}

fn decimal(column: &Definition) -> (Wire, String) {
    let scale = column.decimals.min(38);
    // The text's length has room for a sign and a point.
    let extra = u32::from(scale > 0) + u32::from(!column.unsigned());
    let precision = column.length.saturating_sub(extra).clamp(u32::from(scale).max(1), 76) as u8;
    let full = format!("decimal({precision},{scale})");
    let scale = scale as i8;
    match precision {
        ..=38 => (Wire::Decimal128 { precision, scale }, full),
        _ => (Wire::Decimal256 { precision, scale }, full),
    }
}

const fn row(store: &'static str, arrow: &'static str, fidelity: Fidelity, note: &'static str) -> TypeRow {
    TypeRow {
        store,
        arrow,
        fidelity,
        note,
    }
}

use Fidelity::{Exact, Refused, Widened};

const READS: &[TypeRow] = &[
    row(
        "tinyint, smallint, int, bigint",
        "Int8, Int16, Int32, Int64",
        Exact,
        "tinyint(1) is Boolean where the linked service says treatTinyAsBoolean",
    ),
    row("mediumint", "Int32", Widened, ""),
    row(
        "unsigned integers",
        "UInt8, UInt16, UInt32, UInt64",
        Exact,
        "mediumint unsigned as UInt32",
    ),
    row("decimal(p,s)", "Decimal128(p,s), Decimal256(p,s)", Exact, ""),
    row("float, double", "Float32, Float64", Exact, ""),
    row("bit(1)", "Boolean", Exact, ""),
    row("bit(n)", "UInt64", Widened, ""),
    row("year", "Int16", Widened, ""),
    row("char, varchar, text of any size", "Utf8", Exact, "of any character set"),
    row("binary, varbinary, blob of any size", "Binary", Exact, ""),
    row("enum, set", "Utf8", Widened, "the label; a set's labels with commas"),
    row("json", "Utf8", Exact, "as the server writes it"),
    row(
        "uuid, inet4, inet6",
        "Utf8",
        Widened,
        "MariaDB's, as the server writes them",
    ),
    row(
        "date",
        "Date32",
        Exact,
        "a zero date is refused (SL6011), or NULL where the source says zeroDatesAsNull",
    ),
    row(
        "time",
        "Time64 (microseconds)",
        Exact,
        "below zero and from 24 h on refused (SL6011): read TIME_TO_SEC of it",
    ),
    row("datetime", "Timestamp (microseconds)", Exact, "zero dates as for date"),
    row(
        "timestamp",
        "Timestamp (microseconds, UTC)",
        Exact,
        "read in UTC, so hours that summer time repeats stay apart; zero dates as for date",
    ),
    row(
        "geometry, vector",
        "",
        Refused,
        "read ST_AsText or ST_AsWKB, or a cast to text",
    ),
];

const WRITES: &[TypeRow] = &[
    row("bit(1)", "Boolean", Exact, ""),
    row("tinyint, smallint, int, bigint", "Int8, Int16, Int32, Int64", Exact, ""),
    row("the same, unsigned", "UInt8, UInt16, UInt32, UInt64", Exact, ""),
    row(
        "float",
        "Float16, Float32",
        Exact,
        "NaN, infinities and -0 are refused (SL6011)",
    ),
    row("double", "Float64", Exact, "NaN and infinities are refused (SL6011)"),
    row(
        "decimal(p,s)",
        "Decimal128, Decimal256",
        Exact,
        "to 65 digits, 30 of them decimals; others are refused",
    ),
    row(
        "longtext",
        "Utf8, LargeUtf8, Utf8View",
        Exact,
        "varchar(n) where the source says so; utf8mb4",
    ),
    row(
        "longblob",
        "Binary, LargeBinary, BinaryView, FixedSizeBinary",
        Exact,
        "varbinary(n) where the source says so",
    ),
    row(
        "date",
        "Date32, Date64",
        Exact,
        "years 1 to 9999, others are refused (SL6011)",
    ),
    row(
        "time(6)",
        "Time32, Time64",
        Exact,
        "nanoseconds that are no microseconds are refused (SL6011)",
    ),
    row(
        "datetime(6)",
        "Timestamp",
        Exact,
        "years 1 to 9999; nanoseconds as for time",
    ),
    row(
        "timestamp(6)",
        "Timestamp with time zone",
        Exact,
        "1970 to 2038-01-19 only (SL6011): write to a datetime column by a mapping otherwise",
    ),
    row("longtext", "Null", Widened, ""),
    row("", "intervals, durations, lists, structs, maps", Refused, ""),
];

/// The whole contract, for the documentation.
pub(crate) fn table() -> TypeTable {
    TypeTable {
        reads: READS.to_vec(),
        writes: WRITES.to_vec(),
    }
}

#[cfg(test)]
mod tests;

//! The type contract: which PostgreSQL type is carried as which Arrow type. `docs/types.md` is made from [`rows`].
//!
//! Everything is exact. `uuid` travels as its canonical text: FixedSizeBinary(16) would be as exact, but a reader of the
//! Parquet or CSV file between two databases would see sixteen raw bytes instead of an identifier. The field's metadata
//! says `uuid`, and the sink turns the text back into one.

use arrow::datatypes::{DataType, Field, TimeUnit};
use sluice_contract::{Code, Fault};
use sluice_store_core::source::ORIGINAL_TYPE;
use sluice_store_core::{Fidelity, TypeRow};
use tokio_postgres::types::{Kind, Type};

/// One line of the type contract.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// The type's name in PostgreSQL's catalog.
    postgres: &'static str,
    /// The Arrow type, or "refused".
    arrow: &'static str,
    /// What to know.
    note: &'static str,
    how: How,
}

/// How a column is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// In the type's own binary form.
    Binary(Wire),
    /// In binary when precision and scale are declared, as text otherwise.
    Numeric,
    /// Cast to text by the server.
    Text,
    /// Not at all.
    Refused,
}

/// A binary form in COPY, and what Arrow makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Text,
    Jsonb,
    Bytea,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Uuid,
    Decimal128 { precision: u8, scale: i8 },
    Decimal256 { precision: u8, scale: i8 },
}

const fn row(postgres: &'static str, arrow: &'static str, how: How, note: &'static str) -> Line {
    Line {
        postgres,
        arrow,
        note,
        how,
    }
}

const AS_TEXT: &str = "PostgreSQL's own text form, which it reads back exactly";

const TABLE: &[Line] = &[
    row("bool", "Boolean", How::Binary(Wire::Bool), ""),
    row("int2", "Int16", How::Binary(Wire::Int2), ""),
    row("int4", "Int32", How::Binary(Wire::Int4), ""),
    row("int8", "Int64", How::Binary(Wire::Int8), ""),
    row("oid", "Int64", How::Binary(Wire::Oid), ""),
    row("float4", "Float32", How::Binary(Wire::Float4), ""),
    row("float8", "Float64", How::Binary(Wire::Float8), ""),
    row(
        "numeric",
        "Decimal128 to precision 38, Decimal256 to 76, else Utf8",
        How::Numeric,
        "without declared precision it is text; NaN and infinity fit only the text form",
    ),
    row("text", "Utf8", How::Binary(Wire::Text), ""),
    row("varchar", "Utf8", How::Binary(Wire::Text), ""),
    row("bpchar", "Utf8", How::Binary(Wire::Text), "with its padding"),
    row("name", "Utf8", How::Binary(Wire::Text), ""),
    row("citext", "Utf8", How::Binary(Wire::Text), "the extension's type"),
    row("enum", "Utf8", How::Binary(Wire::Text), "the label; any enum type"),
    row("json", "Utf8", How::Binary(Wire::Text), "byte for byte"),
    row("jsonb", "Utf8", How::Binary(Wire::Jsonb), "in PostgreSQL's normal form"),
    row("uuid", "Utf8", How::Binary(Wire::Uuid), "canonical text, lower case"),
    row("bytea", "Binary", How::Binary(Wire::Bytea), ""),
    row(
        "date",
        "Date32",
        How::Binary(Wire::Date),
        "infinity is refused (SL6011)",
    ),
    row(
        "time",
        "Time64 (microseconds)",
        How::Binary(Wire::Time),
        "24:00:00 is refused (SL6011)",
    ),
    row(
        "timestamp",
        "Timestamp (microseconds)",
        How::Binary(Wire::Timestamp),
        "infinity is refused (SL6011)",
    ),
    row(
        "timestamptz",
        "Timestamp (microseconds, UTC)",
        How::Binary(Wire::TimestampTz),
        "infinity is refused (SL6011)",
    ),
    row("interval", "Utf8", How::Text, AS_TEXT),
    row("timetz", "Utf8", How::Text, AS_TEXT),
    row("inet", "Utf8", How::Text, AS_TEXT),
    row("cidr", "Utf8", How::Text, AS_TEXT),
    row("macaddr", "Utf8", How::Text, AS_TEXT),
    row("macaddr8", "Utf8", How::Text, AS_TEXT),
    row("bit", "Utf8", How::Text, AS_TEXT),
    row("varbit", "Utf8", How::Text, AS_TEXT),
    row("xml", "Utf8", How::Text, AS_TEXT),
    row("jsonpath", "Utf8", How::Text, AS_TEXT),
    row("pg_lsn", "Utf8", How::Text, AS_TEXT),
    row("tsvector", "Utf8", How::Text, AS_TEXT),
    row("tsquery", "Utf8", How::Text, AS_TEXT),
    row("point", "Utf8", How::Text, AS_TEXT),
    row("line", "Utf8", How::Text, AS_TEXT),
    row("lseg", "Utf8", How::Text, AS_TEXT),
    row("box", "Utf8", How::Text, AS_TEXT),
    row("path", "Utf8", How::Text, AS_TEXT),
    row("polygon", "Utf8", How::Text, AS_TEXT),
    row("circle", "Utf8", How::Text, AS_TEXT),
    row(
        "money",
        "refused",
        How::Refused,
        "its text depends on the locale: cast it to numeric",
    ),
    row(
        "char",
        "refused",
        How::Refused,
        "the one-byte \"char\": cast it to text",
    ),
    row(
        "array",
        "refused",
        How::Refused,
        "any array: use array_to_string, to_json, or a cast to text",
    ),
    row(
        "range",
        "refused",
        How::Refused,
        "any range or multirange: cast it to text",
    ),
    row("composite", "refused", How::Refused, "any row type: select its members"),
    row(
        "other",
        "refused",
        How::Refused,
        "types of extensions: cast them to text",
    ),
];

/// What becomes of every type when it is read, for the documentation.
pub(crate) fn rows() -> Vec<TypeRow> {
    let row = |line: &Line| TypeRow {
        store: line.postgres,
        arrow: match line.how {
            How::Refused => "",
            _ => line.arrow,
        },
        fidelity: match line.how {
            How::Refused => Fidelity::Refused,
            _ => Fidelity::Exact,
        },
        note: line.note,
    };
    TABLE.iter().map(row).collect()
}

/// A type, as a column has it.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    /// The binary form in COPY.
    pub(crate) wire: Wire,
    /// Whether the server has to cast the column to text first, and back.
    pub(crate) cast: bool,
    /// The name in the catalog, such as `numeric`.
    pub(crate) name: String,
    /// The name with its modifier, such as `numeric(38,10)`.
    pub(crate) full: String,
    /// The modifier as the catalog has it; -1 for none.
    pub(crate) modifier: i32,
}

impl Carried {
    /// How a column of this type is carried.
    ///
    /// # Errors
    /// `SL6007`, naming column and type.
    pub(crate) fn of(column: &str, ty: &Type, modifier: i32) -> Result<Self, Fault> {
        let found = find(ty);
        let refuse = |note: &str| {
            Fault::new(
                Code::TypeUnsupported,
                format!(
                    "column {column:?} is of type {}, which is not carried: {note}",
                    ty.name()
                ),
            )
        };
        let name = ty.name().to_owned();
        let (wire, cast) = match found.how {
            How::Refused => return Err(refuse(found.note)),
            How::Binary(wire) => (wire, false),
            How::Text => (Wire::Text, true),
            How::Numeric => match decimal(modifier) {
                Some(wire) => (wire, false),
                None => (Wire::Text, true),
            },
        };
        let full = format!("{name}{}", suffix(&name, modifier));
        Ok(Self {
            wire,
            cast,
            name,
            full,
            modifier,
        })
    }

    /// The Arrow field of a column of this type.
    pub(crate) fn field(&self, column: &str) -> Field {
        let metadata = [(ORIGINAL_TYPE.to_owned(), self.full.clone())];
        Field::new(column, self.wire.data_type(), true).with_metadata(metadata)
    }

    /// Digits behind the point and before it that a `numeric` of this type holds; none when it holds any.
    pub(crate) fn digits(&self) -> Option<(i32, i32)> {
        numeric_modifier(self.modifier).filter(|_| self.name == "numeric")
    }

    /// Digits of a second that a date-and-time type of this modifier keeps.
    pub(crate) fn second_digits(&self) -> u32 {
        u32::try_from(self.modifier).unwrap_or(6).min(6)
    }
}

fn find(ty: &Type) -> &'static Line {
    let name = match ty.kind() {
        Kind::Enum(_) => "enum",
        Kind::Array(_) => "array",
        Kind::Range(_) | Kind::Multirange(_) => "range",
        Kind::Composite(_) => "composite",
        // Somebody's own type may be called like one of the catalog's.
        _ if ty.schema() == "pg_catalog" || ty.name() == "citext" => ty.name(),
        _ => "other",
    };
    let by_name = |name: &str| TABLE.iter().find(|row| row.postgres == name);
    by_name(name)
        .or_else(|| by_name("other"))
        .unwrap_or(&TABLE[TABLE.len() - 1])
}

/// `(precision, scale)` of a numeric's modifier.
fn numeric_modifier(modifier: i32) -> Option<(i32, i32)> {
    (modifier >= 4).then(|| {
        let modifier = modifier - 4;
        (modifier >> 16 & 0xffff, ((modifier & 0x7ff) ^ 1024) - 1024)
    })
}

fn decimal(modifier: i32) -> Option<Wire> {
    let (precision, scale) = numeric_modifier(modifier)?;
    // PostgreSQL also has numeric(3,-2), for hundreds, and numeric(2,4), for 0.0099.
    let (precision, scale) = match scale {
        ..0 => (precision - scale, 0),
        _ => (precision.max(scale), scale),
    };
    let (precision, scale) = (u8::try_from(precision).ok()?, i8::try_from(scale).ok()?);
    match precision {
        ..=38 => Some(Wire::Decimal128 { precision, scale }),
        39..=76 => Some(Wire::Decimal256 { precision, scale }),
        _ => None,
    }
}

fn suffix(name: &str, modifier: i32) -> String {
    match name {
        "numeric" => numeric_modifier(modifier).map_or_else(String::new, |(p, s)| format!("({p},{s})")),
        "varchar" | "bpchar" if modifier >= 4 => format!("({})", modifier - 4),
        "bit" | "varbit" if modifier > 0 => format!("({modifier})"),
        "time" | "timetz" | "timestamp" | "timestamptz" if modifier >= 0 => format!("({modifier})"),
        _ => String::new(),
    }
}

impl Wire {
    /// What Arrow makes of it.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Int8 | Self::Oid => DataType::Int64,
            Self::Float4 => DataType::Float32,
            Self::Float8 => DataType::Float64,
            Self::Text | Self::Jsonb | Self::Uuid => DataType::Utf8,
            Self::Bytea => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Decimal128 { precision, scale } => DataType::Decimal128(precision, scale),
            Self::Decimal256 { precision, scale } => DataType::Decimal256(precision, scale),
        }
    }
}

/// The PostgreSQL type for a column of a table that is to be created, for SQL.
///
/// The type it once had in PostgreSQL, when its data still have the form they had there; otherwise one that holds the
/// Arrow type exactly.
///
/// # Errors
/// `SL6007`, naming column and type.
pub(crate) fn declared(field: &Field) -> Result<String, Fault> {
    if let Some(original) = field
        .metadata()
        .get(ORIGINAL_TYPE)
        .and_then(|text| known(text, field.data_type()))
    {
        return Ok(original);
    }
    Ok(match field.data_type() {
        DataType::Boolean => "boolean".into(),
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => "smallint".into(),
        DataType::Int32 | DataType::UInt16 => "integer".into(),
        DataType::Int64 | DataType::UInt32 => "bigint".into(),
        DataType::UInt64 => "numeric(20,0)".into(),
        DataType::Float16 | DataType::Float32 => "real".into(),
        DataType::Float64 => "double precision".into(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) if *scale >= 0 => {
            format!("numeric({precision},{scale})")
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => "text".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytea".into()
        }
        DataType::Date32 | DataType::Date64 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time".into(),
        DataType::Timestamp(_, None) => "timestamp".into(),
        DataType::Timestamp(_, Some(_)) => "timestamptz".into(),
        DataType::Dictionary(_, value) => declared(&Field::new(field.name(), value.as_ref().clone(), true))?,
        other => {
            return Err(Fault::new(
                Code::TypeUnsupported,
                format!(
                    "column {:?} is of type {other}, for which PostgreSQL has no exact type here",
                    field.name()
                ),
            ));
        }
    })
}

/// An original type's name, when it is one of ours and PostgreSQL would make the same Arrow type of it again.
fn known(original: &str, data_type: &DataType) -> Option<String> {
    let (name, arguments) = match original.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((name, arguments)) => (name, Some(arguments)),
        None => (original, None),
    };
    let numbers: Option<Vec<i32>> = match arguments {
        Some(text) => Some(text.split(',').map(|part| part.parse().ok()).collect::<Option<_>>()?),
        None => None,
    };
    let row = TABLE
        .iter()
        .find(|row| row.postgres == name && row.postgres != "enum")?;
    let wire = match (row.how, numbers.as_deref()) {
        (How::Refused, _) => return None,
        (How::Binary(wire), _) => wire,
        // Into numeric(3,-2) PostgreSQL would round, and numeric(2,4) holds less than its decimal: numeric(5,0) and
        // numeric(4,4) do neither.
        (How::Numeric, Some([precision, scale])) if *scale < 0 || scale > precision => return None,
        (How::Numeric, Some([precision, scale])) => {
            decimal((precision.clamp(&0, &1000) << 16 | (scale & 0x7ff)) + 4).unwrap_or(Wire::Text)
        }
        (How::Text | How::Numeric, _) => Wire::Text,
    };
    // The citext extension may be missing where this is going.
    (wire.data_type() == *data_type && name != "citext").then(|| original.to_owned())
}

#[cfg(test)]
mod tests;

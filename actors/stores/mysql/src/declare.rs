//! Types as a table's declaration writes them: those of a table that is there, and those of one that is to be created.

use arrow::datatypes::{DataType, Field};
use sluice_contract::{Code, Fault};
use sluice_store_core::source::ORIGINAL_TYPE;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With or without sign, of so many bits.
    Int {
        unsigned: bool,
        bits: u8,
    },
    Bit(u8),
    Year,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
        unsigned: bool,
    },
    /// A `char` loses the spaces at its end.
    Char,
    Text,
    /// An `enum`, `json`, `uuid` and the like: the server reads it from text.
    Spelled,
    /// A `binary(n)` is filled up with NULs.
    Binary(u32),
    Bytes,
    Date,
    /// With so many digits of a second.
    Time(u8),
    DateTime(u8),
    Timestamp(u8),
    /// Geometries, and what is not known.
    Other,
}

impl Kind {
    /// Of a declaration such as `decimal(10,2) unsigned` or `enum('a','b')`.
    pub(crate) fn parse(declared: &str) -> Self {
        let declared = declared.trim().to_ascii_lowercase();
        let end = declared
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(declared.len());
        let (name, rest) = declared.split_at(end);
        let arguments: Vec<u32> = rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .map(|(inner, _)| inner.split(',').filter_map(|part| part.trim().parse().ok()).collect())
            .unwrap_or_default();
        let unsigned = rest.contains("unsigned");
        let argument = |index: usize, default: u8| {
            let found = arguments.get(index).copied().unwrap_or(default.into());
            u8::try_from(found).unwrap_or(u8::MAX)
        };
        let int = |bits| Self::Int { unsigned, bits };
        match name {
            "tinyint" | "bool" | "boolean" => int(8),
            "smallint" => int(16),
            "mediumint" => int(24),
            "int" | "integer" => int(32),
            "bigint" => int(64),
            "bit" => Self::Bit(argument(0, 1)),
            "year" => Self::Year,
            "float" => Self::Float,
            "double" | "real" => Self::Double,
            "decimal" | "numeric" => Self::Decimal {
                precision: argument(0, 10),
                scale: argument(1, 0),
                unsigned,
            },
            "char" | "nchar" => Self::Char,
            "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Self::Text,
            "enum" | "set" | "json" | "uuid" | "inet4" | "inet6" => Self::Spelled,
            "binary" => Self::Binary(arguments.first().copied().unwrap_or(1)),
            "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Bytes,
            "date" => Self::Date,
            "time" => Self::Time(argument(0, 0)),
            "datetime" => Self::DateTime(argument(0, 0)),
            "timestamp" => Self::Timestamp(argument(0, 0)),
            _ => Self::Other,
        }
    }
}

/// Bytes of a row that a new table's `varchar`s may take together: MySQL allows 65,535 for all columns.
pub(crate) const ROW_ROOM: u32 = 48 * 1024;

/// The MySQL type for a column of a table that is to be created. `room` is what is left of [`ROW_ROOM`].
///
/// # Errors
/// `SL6007`, naming column and type.
pub(crate) fn declared(field: &Field, room: &mut u32) -> Result<String, Fault> {
    if let Some(original) = field.metadata().get(ORIGINAL_TYPE)
        && let Some(known) = known(original, field.data_type(), room)
    {
        return Ok(known);
    }
    let refused = |why: &str| {
        let text = format!("column {:?} is of type {}, {why}", field.name(), field.data_type());
        Err(Fault::new(Code::TypeUnsupported, text))
    };
    Ok(match field.data_type() {
        DataType::Boolean => "bit(1)".into(),
        DataType::Int8 => "tinyint".into(),
        DataType::UInt8 => "tinyint unsigned".into(),
        DataType::Int16 => "smallint".into(),
        DataType::UInt16 => "smallint unsigned".into(),
        DataType::Int32 => "int".into(),
        DataType::UInt32 => "int unsigned".into(),
        DataType::Int64 => "bigint".into(),
        DataType::UInt64 => "bigint unsigned".into(),
        DataType::Float16 | DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => match (precision, scale) {
            (..=65, 0..=30) => format!("decimal({precision},{scale})"),
            _ => return refused("and MySQL's decimals have at most 65 digits, and 0 to 30 decimals"),
        },
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => "longtext".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "longblob".into()
        }
        DataType::Date32 | DataType::Date64 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time(6)".into(),
        DataType::Timestamp(_, None) => "datetime(6)".into(),
        DataType::Timestamp(_, Some(_)) => "timestamp(6)".into(),
        DataType::Dictionary(_, value) => declared(&Field::new(field.name(), value.as_ref().clone(), true), room)?,
        _ => return refused("for which MySQL has no exact type here"),
    })
}

/// An original type's declaration, where it means the same here. Other databases share some names, with the same meaning
/// for these; `text`, `json` and `timestamp` are not among them unless the Arrow type settles it.
fn known(original: &str, data_type: &DataType, room: &mut u32) -> Option<String> {
    let is_text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let argument = || -> Option<u32> {
        let (_, inner) = original.strip_suffix(')')?.split_once('(')?;
        inner.parse().ok()
    };
    let mut fits = |bytes: u32| {
        let left = room.checked_sub(bytes);
        *room = left.unwrap_or(*room);
        left.is_some()
    };
    let name = original.split('(').next().unwrap_or_default();
    match (name, data_type) {
        // A char would lose the spaces that other databases keep at its end.
        ("char" | "varchar" | "nvarchar", _) if is_text => {
            let n = argument()?;
            ((1..=16_000).contains(&n) && fits(4 * n + 2)).then(|| format!("varchar({n})"))
        }
        ("uuid", _) if is_text => fits(4 * 36 + 2).then(|| "varchar(36)".to_owned()),
        // A binary would be filled up.
        ("binary" | "varbinary", DataType::Binary) => {
            let n = argument()?;
            ((1..=60_000).contains(&n) && fits(n + 2)).then(|| format!("varbinary({n})"))
        }
        ("year", DataType::Int16) => Some("year".to_owned()),
        ("bit", DataType::UInt64) => argument().filter(|n| (1..=64).contains(n)).map(|n| format!("bit({n})")),
        ("time", DataType::Time64(_)) | ("datetime", DataType::Timestamp(_, None)) => {
            argument().filter(|n| *n <= 6).map(|n| format!("{name}({n})"))
        }
        ("timestamp", DataType::Timestamp(_, Some(_))) => {
            argument().filter(|n| *n <= 6).map(|n| format!("timestamp({n})"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::TimeUnit;

    #[test]
    fn declarations_are_read() {
        for (declared, kind) in [
            (
                "int(10) unsigned",
                Kind::Int {
                    unsigned: true,
                    bits: 32,
                },
            ),
            (
                "decimal(10,2) unsigned zerofill",
                Kind::Decimal {
                    precision: 10,
                    scale: 2,
                    unsigned: true,
                },
            ),
            ("bit(3)", Kind::Bit(3)),
            ("enum('int(3)','b,c')", Kind::Spelled),
            ("varchar(20)", Kind::Text),
            ("binary(16)", Kind::Binary(16)),
            ("datetime", Kind::DateTime(0)),
            ("timestamp(6)", Kind::Timestamp(6)),
            ("point", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::parse(declared), kind, "{declared}");
        }
    }

    #[test]
    fn a_created_column_keeps_its_type_where_it_means_the_same() {
        let declare = |data_type, original: &str| {
            let metadata = [(ORIGINAL_TYPE.to_owned(), original.to_owned())];
            declared(
                &Field::new("c", data_type, true).with_metadata(metadata),
                &mut ROW_ROOM.clone(),
            )
            .unwrap()
        };
        let micros = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        assert_eq!(declare(DataType::Utf8, "varchar(20)"), "varchar(20)");
        assert_eq!(declare(DataType::Utf8, "char(20)"), "varchar(20)");
        assert_eq!(declare(DataType::Utf8, "varchar(20000)"), "longtext");
        assert_eq!(declare(DataType::Utf8, "text"), "longtext");
        assert_eq!(declare(DataType::Utf8, "varchar(1) ; DROP"), "longtext");
        assert_eq!(declare(micros(None), "timestamp(3)"), "datetime(6)");
        assert_eq!(declare(micros(Some("UTC")), "timestamp(3)"), "timestamp(3)");
        assert_eq!(declare(DataType::UInt64, "bit(9)"), "bit(9)");
        assert_eq!(declare(DataType::Int32, "uuid"), "int");
        assert_eq!(
            declare(DataType::Decimal128(38, 10), "numeric(38,10)"),
            "decimal(38,10)"
        );
        let many = declared(
            &Field::new("c", DataType::Decimal256(70, 2), true),
            &mut ROW_ROOM.clone(),
        );
        assert_eq!(many.unwrap_err().code, Code::TypeUnsupported);
        let mut room = 100;
        let field = Field::new("c", DataType::Utf8, true);
        let field = field.with_metadata([(ORIGINAL_TYPE.to_owned(), "varchar(20)".to_owned())]);
        assert_eq!(declared(&field, &mut room).unwrap(), "varchar(20)");
        assert_eq!(declared(&field, &mut room).unwrap(), "longtext");
    }
}

//! The type contract: which type of SQL Server is carried as which Arrow type.
//!
//! `uniqueidentifier` travels as its canonical text, in lower case: FixedSizeBinary(16) would be as exact, but a reader of
//! the Parquet or CSV file between two databases would see sixteen raw bytes instead of an identifier.

pub(crate) mod carried;
pub(crate) mod declared;
pub(crate) mod table;

use std::fmt;

/// A type of SQL Server. Lengths are bytes for `char` and `binary`, UTF-16 units for `nchar`; none is `max`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal(u8, u8),
    Money,
    SmallMoney,
    Date,
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Char(u16),
    VarChar(Option<u16>),
    NChar(u16),
    NVarChar(Option<u16>),
    Text,
    NText,
    Binary(u16),
    VarBinary(Option<u16>),
    Image,
    UniqueIdentifier,
    Xml,
    RowVersion,
    HierarchyId,
    /// What is not carried, such as `sql_variant`, `geography` or a CLR type.
    Other(String),
}

impl SqlType {
    /// Reads a type as `sp_describe_first_result_set` names it, such as `decimal(38,10)` or `nvarchar(max)`.
    pub(crate) fn parse(text: &str) -> Self {
        let lower = text.trim().to_ascii_lowercase();
        let (name, rest) = lower.split_once('(').unwrap_or((&lower, ""));
        let arguments: Vec<&str> = rest.trim_end_matches(')').split(',').map(str::trim).collect();
        let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u16>().ok());
        let small = |at: usize, default: u8| number(at).and_then(|n| u8::try_from(n).ok()).unwrap_or(default);
        // Without a length it is 1 in a declaration; "max" is no number.
        let long = || match arguments.first() {
            Some(&"max") => None,
            _ => Some(number(0).unwrap_or(1)),
        };
        match name.trim() {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" => Self::Int,
            "bigint" => Self::BigInt,
            "real" => Self::Real,
            "float" => match number(0) {
                Some(1..=24) => Self::Real,
                _ => Self::Float,
            },
            "decimal" | "numeric" => Self::Decimal(small(0, 18), small(1, 0)),
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
            "date" => Self::Date,
            "time" => Self::Time(small(0, 7)),
            "smalldatetime" => Self::SmallDateTime,
            "datetime" => Self::DateTime,
            "datetime2" => Self::DateTime2(small(0, 7)),
            "datetimeoffset" => Self::DateTimeOffset(small(0, 7)),
            "char" => Self::Char(number(0).unwrap_or(1)),
            "varchar" => Self::VarChar(long()),
            "nchar" => Self::NChar(number(0).unwrap_or(1)),
            "nvarchar" => Self::NVarChar(long()),
            "sysname" => Self::NVarChar(Some(128)),
            "text" => Self::Text,
            "ntext" => Self::NText,
            "binary" => Self::Binary(number(0).unwrap_or(1)),
            "varbinary" => Self::VarBinary(long()),
            "image" => Self::Image,
            "uniqueidentifier" => Self::UniqueIdentifier,
            "xml" => Self::Xml,
            "timestamp" | "rowversion" => Self::RowVersion,
            "hierarchyid" => Self::HierarchyId,
            _ => Self::Other(text.trim().to_owned()),
        }
    }

    /// Whether its values are texts in a code page.
    pub(crate) fn in_code_page(&self) -> bool {
        matches!(self, Self::Char(_) | Self::VarChar(_) | Self::Text)
    }

    /// Whether it has a collation.
    pub(crate) fn is_text(&self) -> bool {
        self.in_code_page() || matches!(self, Self::NChar(_) | Self::NVarChar(_) | Self::NText)
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let long = |f: &mut fmt::Formatter<'_>, name: &str, n: &Option<u16>| match n {
            Some(n) => write!(f, "{name}({n})"),
            None => write!(f, "{name}(max)"),
        };
        match self {
            Self::Bit => f.write_str("bit"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Real => f.write_str("real"),
            Self::Float => f.write_str("float"),
            Self::Decimal(p, s) => write!(f, "decimal({p},{s})"),
            Self::Money => f.write_str("money"),
            Self::SmallMoney => f.write_str("smallmoney"),
            Self::Date => f.write_str("date"),
            Self::Time(n) => write!(f, "time({n})"),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime => f.write_str("datetime"),
            Self::DateTime2(n) => write!(f, "datetime2({n})"),
            Self::DateTimeOffset(n) => write!(f, "datetimeoffset({n})"),
            Self::Char(n) => write!(f, "char({n})"),
            Self::VarChar(n) => long(f, "varchar", n),
            Self::NChar(n) => write!(f, "nchar({n})"),
            Self::NVarChar(n) => long(f, "nvarchar", n),
            Self::Text => f.write_str("text"),
            Self::NText => f.write_str("ntext"),
            Self::Binary(n) => write!(f, "binary({n})"),
            Self::VarBinary(n) => long(f, "varbinary", n),
            Self::Image => f.write_str("image"),
            Self::UniqueIdentifier => f.write_str("uniqueidentifier"),
            Self::Xml => f.write_str("xml"),
            Self::RowVersion => f.write_str("timestamp"),
            Self::HierarchyId => f.write_str("hierarchyid"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests;

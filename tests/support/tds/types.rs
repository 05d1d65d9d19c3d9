//! SQL Server's types: their names, and how they are announced on the wire.

/// A type of a column or a parameter. Lengths are in bytes for `char` and `binary`, in UTF-16 units for `nchar`; none is `max`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal(u8, u8),
    Numeric(u8, u8),
    Money,
    SmallMoney,
    Date,
    Time(u8),
    DateTime,
    SmallDateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Char(u16),
    VarChar(Option<u16>),
    NChar(u16),
    NVarChar(Option<u16>),
    Binary(u16),
    VarBinary(Option<u16>),
    Guid,
    Xml,
    RowVersion,
    Variant,
    HierarchyId,
}

/// Latin1_General_CI_AS: code page 1252.
pub(super) const COLLATION: [u8; 5] = [0x09, 0x04, 0xd0, 0x00, 0x34];
/// Its name.
pub(super) const COLLATION_NAME: &str = "SQL_Latin1_General_CP1_CI_AS";

impl SqlType {
    /// From T-SQL, such as `decimal(10, 2)` or `nvarchar(max)`; brackets and the schema `sys` are taken off.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase().replace(['[', ']', '"'], "");
        let text = text.strip_prefix("sys.").unwrap_or(&text);
        let (name, rest) = text.split_once('(').unwrap_or((text, ""));
        let args: Vec<&str> = rest
            .trim_end_matches(')')
            .split(',')
            .map(str::trim)
            .filter(|a| !a.is_empty())
            .collect();
        let number = |i: usize| args.get(i).and_then(|a| a.parse::<u16>().ok());
        let long = |default: Option<u16>| match args.first() {
            Some(&"max") => None,
            Some(a) => a.parse().ok(),
            None => default,
        };
        let scale = || number(0).map_or(7, |n| n as u8);
        Some(match name.trim() {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "real" => Self::Real,
            "float" if number(0).is_some_and(|n| n <= 24) => Self::Real,
            "float" => Self::Float,
            "decimal" | "dec" => Self::Decimal(number(0).unwrap_or(18) as u8, number(1).unwrap_or(0) as u8),
            "numeric" => Self::Numeric(number(0).unwrap_or(18) as u8, number(1).unwrap_or(0) as u8),
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
            "date" => Self::Date,
            "time" => Self::Time(scale()),
            "datetime" => Self::DateTime,
            "smalldatetime" => Self::SmallDateTime,
            "datetime2" => Self::DateTime2(scale()),
            "datetimeoffset" => Self::DateTimeOffset(scale()),
            "char" => Self::Char(number(0).unwrap_or(1)),
            "varchar" => Self::VarChar(long(Some(1))),
            "text" => Self::VarChar(None),
            "nchar" => Self::NChar(number(0).unwrap_or(1)),
            "nvarchar" | "sysname" if name.trim() == "sysname" => Self::NVarChar(Some(128)),
            "nvarchar" => Self::NVarChar(long(Some(1))),
            "ntext" => Self::NVarChar(None),
            "binary" => Self::Binary(number(0).unwrap_or(1)),
            "varbinary" => Self::VarBinary(long(Some(1))),
            "image" => Self::VarBinary(None),
            "uniqueidentifier" => Self::Guid,
            "xml" => Self::Xml,
            "timestamp" | "rowversion" => Self::RowVersion,
            "sql_variant" => Self::Variant,
            "hierarchyid" => Self::HierarchyId,
            _ => return None,
        })
    }

    /// As `sp_describe_first_result_set` names it.
    pub(super) fn name(&self) -> String {
        let long = |name: &str, n: &Option<u16>| match n {
            Some(n) => format!("{name}({n})"),
            None => format!("{name}(max)"),
        };
        match self {
            Self::Bit => "bit".into(),
            Self::TinyInt => "tinyint".into(),
            Self::SmallInt => "smallint".into(),
            Self::Int => "int".into(),
            Self::BigInt => "bigint".into(),
            Self::Real => "real".into(),
            Self::Float => "float".into(),
            Self::Decimal(p, s) => format!("decimal({p},{s})"),
            Self::Numeric(p, s) => format!("numeric({p},{s})"),
            Self::Money => "money".into(),
            Self::SmallMoney => "smallmoney".into(),
            Self::Date => "date".into(),
            Self::Time(n) => format!("time({n})"),
            Self::DateTime => "datetime".into(),
            Self::SmallDateTime => "smalldatetime".into(),
            Self::DateTime2(n) => format!("datetime2({n})"),
            Self::DateTimeOffset(n) => format!("datetimeoffset({n})"),
            Self::Char(n) => format!("char({n})"),
            Self::VarChar(n) => long("varchar", n),
            Self::NChar(n) => format!("nchar({n})"),
            Self::NVarChar(n) => long("nvarchar", n),
            Self::Binary(n) => format!("binary({n})"),
            Self::VarBinary(n) => long("varbinary", n),
            Self::Guid => "uniqueidentifier".into(),
            Self::Xml => "xml".into(),
            Self::RowVersion => "timestamp".into(),
            Self::Variant => "sql_variant".into(),
            Self::HierarchyId => "hierarchyid".into(),
        }
    }

    /// The declaration of a SQLite column that keeps the values as they are put, and from which the type is read again.
    pub(super) fn declaration(&self) -> String {
        let name = self.name().replace("(max)", "(-1)");
        match self {
            Self::Bit | Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt | Self::Real | Self::Float => name,
            Self::Binary(_) | Self::VarBinary(_) | Self::RowVersion | Self::Variant | Self::HierarchyId => {
                format!("blob_{name}")
            }
            _ => format!("text_{name}"),
        }
    }

    /// Reads a [`declaration`](Self::declaration).
    pub(super) fn of_declaration(text: &str) -> Option<Self> {
        let text = text
            .strip_prefix("text_")
            .or(text.strip_prefix("blob_"))
            .unwrap_or(text);
        Self::parse(&text.replace("(-1)", "(max)"))
    }

    /// The constraint that keeps what does not fit out, named after the error it makes.
    pub(super) fn check(&self, column: &str) -> Option<String> {
        let (number, condition) = match self {
            Self::Char(n) | Self::VarChar(Some(n)) => (2628, format!("length({column}) <= {n}")),
            Self::NChar(n) | Self::NVarChar(Some(n)) => (2628, format!("tds_units({column}) <= {n}")),
            Self::Binary(n) | Self::VarBinary(Some(n)) => (2628, format!("length({column}) <= {n}")),
            Self::TinyInt => (220, format!("{column} BETWEEN 0 AND 255")),
            Self::SmallInt => (220, format!("{column} BETWEEN -32768 AND 32767")),
            Self::Int => (8115, format!("{column} BETWEEN -2147483648 AND 2147483647")),
            _ => return None,
        };
        Some(format!(
            "CONSTRAINT \"{number} {}\" CHECK ({column} IS NULL OR {condition})",
            column.replace('"', "")
        ))
    }

    /// Whether a column that has no NULL is announced with the type's fixed form.
    pub(super) fn fixed(&self) -> Option<u8> {
        Some(match self {
            Self::Bit => 0x32,
            Self::TinyInt => 0x30,
            Self::SmallInt => 0x34,
            Self::Int => 0x38,
            Self::BigInt => 0x7f,
            Self::Real => 0x3b,
            Self::Float => 0x3e,
            Self::Money => 0x3c,
            Self::SmallMoney => 0x7a,
            Self::DateTime => 0x3d,
            Self::SmallDateTime => 0x3a,
            _ => return None,
        })
    }

    /// Whether values come in chunks.
    pub(super) fn is_long(&self) -> bool {
        matches!(
            self,
            Self::VarChar(None) | Self::NVarChar(None) | Self::VarBinary(None) | Self::Xml | Self::HierarchyId
        )
    }

    /// TYPE_INFO.
    pub(super) fn announce(&self, out: &mut Vec<u8>, nullable: bool) {
        if let (Some(token), false) = (self.fixed(), nullable) {
            out.push(token);
            return;
        }
        let long = |n: &Option<u16>, unit: u16| n.map_or(0xffff, |n| n * unit);
        let mut sized = |token: u8, length: u16, collated: bool| {
            out.push(token);
            out.extend_from_slice(&length.to_le_bytes());
            if collated {
                out.extend_from_slice(&COLLATION);
            }
        };
        match self {
            Self::Char(n) => sized(0xaf, *n, true),
            Self::VarChar(n) => sized(0xa7, long(n, 1), true),
            Self::NChar(n) => sized(0xef, n * 2, true),
            Self::NVarChar(n) => sized(0xe7, long(n, 2), true),
            Self::Binary(n) => sized(0xad, *n, false),
            Self::RowVersion => sized(0xad, 8, false),
            Self::VarBinary(n) => sized(0xa5, long(n, 1), false),
            Self::Bit => out.extend_from_slice(&[0x68, 1]),
            Self::TinyInt => out.extend_from_slice(&[0x26, 1]),
            Self::SmallInt => out.extend_from_slice(&[0x26, 2]),
            Self::Int => out.extend_from_slice(&[0x26, 4]),
            Self::BigInt => out.extend_from_slice(&[0x26, 8]),
            Self::Real => out.extend_from_slice(&[0x6d, 4]),
            Self::Float => out.extend_from_slice(&[0x6d, 8]),
            Self::Decimal(p, s) => out.extend_from_slice(&[0x6a, Self::decimal_bytes(*p), *p, *s]),
            Self::Numeric(p, s) => out.extend_from_slice(&[0x6c, Self::decimal_bytes(*p), *p, *s]),
            Self::Money => out.extend_from_slice(&[0x6e, 8]),
            Self::SmallMoney => out.extend_from_slice(&[0x6e, 4]),
            Self::Date => out.push(0x28),
            Self::Time(n) => out.extend_from_slice(&[0x29, *n]),
            Self::DateTime2(n) => out.extend_from_slice(&[0x2a, *n]),
            Self::DateTimeOffset(n) => out.extend_from_slice(&[0x2b, *n]),
            Self::DateTime => out.extend_from_slice(&[0x6f, 8]),
            Self::SmallDateTime => out.extend_from_slice(&[0x6f, 4]),
            Self::Guid => out.extend_from_slice(&[0x24, 16]),
            Self::Xml => out.extend_from_slice(&[0xf1, 0]),
            Self::Variant => out.extend_from_slice(&[0x62, 0x49, 0x1f, 0, 0]),
            Self::HierarchyId => {
                out.push(0xf0);
                out.extend_from_slice(&892_u16.to_le_bytes());
                for part in ["master", "sys", "hierarchyid"] {
                    super::tokens::b_text(out, part);
                }
                super::tokens::us_text(out, "Microsoft.SqlServer.Types.SqlHierarchyId");
            }
        }
    }

    /// Bytes of a decimal with its sign.
    pub(super) fn decimal_bytes(precision: u8) -> u8 {
        match precision {
            0..=9 => 5,
            10..=19 => 9,
            20..=28 => 13,
            _ => 17,
        }
    }
}

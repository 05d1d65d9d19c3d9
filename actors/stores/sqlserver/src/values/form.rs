//! In which form a source's column is staged for a column of the sink.

use super::time::step;
use crate::describe::{CodePage, Described};
use crate::types::SqlType;
use crate::types::declared::{digits, plain};
use arrow::datatypes::{DataType, Field};
use sluice_contract::{Code, Fault};

/// The form of staged values, which goes into the sink's column without loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// Money, by its largest count of ten-thousandths.
    Money {
        limit: i64,
    },
    /// UTF-16, of at most so many units.
    Unicode {
        limit: Option<u16>,
    },
    /// UTF-16 that the column's code page has, of at most so many bytes there.
    CodePage {
        limit: Option<u16>,
        page: CodePage,
    },
    /// Bytes, of at most or exactly so many.
    Bytes {
        limit: Option<u16>,
        exact: bool,
    },
    Date,
    /// With ticks of 100 ns that the column's digits keep.
    Time {
        step: u64,
    },
    DateTime2 {
        step: u64,
    },
    DateTimeOffset {
        step: u64,
    },
    DateTime,
    SmallDateTime,
    Guid,
}

impl Form {
    /// Finds the form.
    ///
    /// # Errors
    /// `SL6007` when values would have to be rounded, `SL6012` when the types have nothing to do with each other.
    pub(crate) fn of(field: &Field, target: &Described) -> Result<Self, Fault> {
        use DataType as D;
        let source = plain(field.data_type());
        let text = matches!(source, D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Null);
        let whole = source.is_integer() || matches!(source, D::Decimal128(_, 0));
        let lossy = |why: &str| Err(fault(Code::TypeUnsupported, field, target, why));
        let small = matches!(source, D::Int8 | D::Int16 | D::UInt8 | D::UInt16);
        let (form, fits) = match &target.ty {
            SqlType::Bit => (Self::Bit, *source == D::Boolean),
            SqlType::TinyInt => (Self::TinyInt, whole),
            SqlType::SmallInt => (Self::SmallInt, whole),
            SqlType::Int => (Self::Int, whole),
            SqlType::BigInt => (Self::BigInt, whole),
            SqlType::Real => match source {
                D::Float64 => return lossy("real keeps some six digits"),
                source if source.is_integer() && !small => return lossy("real keeps some six digits"),
                source => (Self::Real, small || matches!(source, D::Float16 | D::Float32)),
            },
            SqlType::Float => match source {
                D::Int64 | D::UInt64 => return lossy("float keeps some fifteen digits"),
                source => (Self::Float, source.is_floating() || source.is_integer()),
            },
            SqlType::Decimal(precision, scale) => {
                decimal(field, target, (*precision).into(), (*scale).into())?;
                let form = Self::Decimal {
                    precision: *precision,
                    scale: *scale,
                };
                (form, source.is_integer() || source.is_decimal())
            }
            SqlType::Money => {
                decimal(field, target, 19, 4)?;
                (
                    Self::Money { limit: i64::MAX },
                    source.is_integer() || source.is_decimal(),
                )
            }
            SqlType::SmallMoney => {
                decimal(field, target, 10, 4)?;
                let limit = i64::from(i32::MAX);
                (Self::Money { limit }, source.is_integer() || source.is_decimal())
            }
            SqlType::NChar(n) => (Self::Unicode { limit: Some(*n) }, false),
            SqlType::NVarChar(n) => (Self::Unicode { limit: *n }, source.is_integer()),
            SqlType::NText | SqlType::Xml => (Self::Unicode { limit: None }, false),
            SqlType::Char(_) | SqlType::VarChar(_) | SqlType::Text => {
                let limit = match &target.ty {
                    SqlType::Char(n) => Some(*n),
                    SqlType::VarChar(limit) => *limit,
                    _ => None,
                };
                let Some(page) = target.code_page else {
                    return lossy("its code page is not known, so a character that it has not would be lost");
                };
                (
                    Self::CodePage { limit, page },
                    source.is_integer() && matches!(target.ty, SqlType::VarChar(_)),
                )
            }
            SqlType::Binary(n) => {
                let limit = Some(*n);
                (Self::Bytes { limit, exact: true }, is_bytes(source))
            }
            SqlType::VarBinary(n) => {
                let limit = *n;
                (Self::Bytes { limit, exact: false }, is_bytes(source))
            }
            SqlType::Image => (
                Self::Bytes {
                    limit: None,
                    exact: false,
                },
                is_bytes(source),
            ),
            SqlType::Date => (Self::Date, matches!(source, D::Date32 | D::Date64)),
            SqlType::Time(n) => (
                Self::Time { step: step(*n) },
                matches!(source, D::Time32(_) | D::Time64(_)),
            ),
            SqlType::DateTime2(n) => (Self::DateTime2 { step: step(*n) }, is_local(source)),
            SqlType::DateTime => (Self::DateTime, is_local(source)),
            SqlType::SmallDateTime => (Self::SmallDateTime, is_local(source)),
            // A timestamp without zone means another moment in every place: not without being told which.
            SqlType::DateTimeOffset(n) => (
                Self::DateTimeOffset { step: step(*n) },
                matches!(source, D::Timestamp(_, Some(_))),
            ),
            SqlType::UniqueIdentifier => (Self::Guid, *source == D::FixedSizeBinary(16)),
            SqlType::RowVersion | SqlType::HierarchyId | SqlType::Other(_) => {
                return lossy("a column of this type is not written");
            }
        };
        match text || fits {
            true => Ok(form),
            false => Err(fault(Code::SchemaMismatch, field, target, "the types do not fit")),
        }
    }

    /// The type of the staging table's column; with the target's collation where it counts.
    pub(crate) fn staged(&self, collation: Option<&str>) -> String {
        let collate = |ty: String| match collation {
            Some(name) => format!("{ty} COLLATE {name}"),
            None => ty,
        };
        let sized = |name: &str, n: Option<u16>| match n {
            Some(n) => format!("{name}({})", n.max(1)),
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
            Self::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            Self::Money { .. } => "decimal(19,4)".into(),
            // Values were measured. The driver announces the lengths of nvarchar(n) in bytes where T-SQL has units, and a
            // varchar without its collation: as nvarchar(max) there is nothing to get wrong.
            Self::Unicode { .. } | Self::CodePage { .. } => collate("nvarchar(max)".into()),
            Self::Bytes { limit, .. } => sized("varbinary", *limit),
            Self::Date => "date".into(),
            Self::Time { .. } => "time(7)".into(),
            Self::DateTime2 { .. } => "datetime2(7)".into(),
            Self::DateTimeOffset { .. } => "datetimeoffset(7)".into(),
            Self::DateTime | Self::SmallDateTime => "datetime".into(),
            Self::Guid => "uniqueidentifier".into(),
        }
    }
}

impl Form {
    /// A staged value as the type it is compared with in a key, so that an index of the target can be used.
    pub(crate) fn as_key(&self, staged: String) -> String {
        match self {
            Self::Unicode { limit: Some(n) } => format!("CAST({staged} AS nvarchar({}))", n.max(&1)),
            Self::CodePage { limit: Some(n), .. } => format!("CAST({staged} AS varchar({}))", n.max(&1)),
            _ => staged,
        }
    }
}

/// Whether a decimal column holds every value of the source's type.
fn decimal(field: &Field, target: &Described, precision: i32, scale: i32) -> Result<(), Fault> {
    let lossy = |why: &str| Err(fault(Code::TypeUnsupported, field, target, why));
    match plain(field.data_type()) {
        source if source.is_floating() => lossy("a binary fraction is no decimal one"),
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => {
            let (p, s) = (i32::from(*p), i32::from(*s));
            match s {
                ..0 => lossy("decimals of a negative scale are not carried"),
                s if s <= scale && p - s <= precision - scale => Ok(()),
                _ => lossy("it keeps fewer digits"),
            }
        }
        _ => Ok(()),
    }
}

fn is_bytes(source: &DataType) -> bool {
    matches!(
        source,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    )
}

fn is_local(source: &DataType) -> bool {
    matches!(
        source,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None)
    )
}

fn fault(code: Code, field: &Field, target: &Described, why: &str) -> Fault {
    let text = format!(
        "column {:?} of type {} does not go into the sink's {} exactly: {why}",
        field.name(),
        field.data_type(),
        target.ty
    );
    Fault::new(code, text)
}

/// The type in which a staged form is read back, for a field that was written from this type.
pub(crate) fn read_back(form: Form, written: &DataType) -> DataType {
    use arrow::datatypes::TimeUnit as U;
    let nano = |written: &DataType| match written {
        DataType::Timestamp(unit, _) if digits(*unit) < 7 => *unit,
        DataType::Timestamp(..) => U::Nanosecond,
        _ => U::Microsecond,
    };
    match form {
        Form::Bit => DataType::Boolean,
        Form::TinyInt => DataType::UInt8,
        Form::SmallInt => DataType::Int16,
        Form::Int => DataType::Int32,
        Form::BigInt => DataType::Int64,
        Form::Real => DataType::Float32,
        Form::Float => DataType::Float64,
        Form::Decimal { precision, scale } => DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX)),
        Form::Money { .. } => DataType::Decimal128(19, 4),
        Form::Unicode { .. } | Form::CodePage { .. } | Form::Guid => DataType::Utf8,
        Form::Bytes { .. } => DataType::Binary,
        Form::Date => DataType::Date32,
        Form::Time { .. } => match plain(written) {
            DataType::Time64(U::Microsecond) => DataType::Time64(U::Microsecond),
            _ => DataType::Time64(U::Nanosecond),
        },
        Form::DateTime2 { .. } => DataType::Timestamp(nano(plain(written)), None),
        Form::DateTimeOffset { .. } => DataType::Timestamp(nano(plain(written)), Some("UTC".into())),
        Form::DateTime | Form::SmallDateTime => DataType::Timestamp(U::Millisecond, None),
    }
}

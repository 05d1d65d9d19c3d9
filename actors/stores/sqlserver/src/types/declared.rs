//! Writing: the type of a column that is made.

use super::SqlType;
use super::carried::Carried;
use crate::describe::Described;
use arrow::datatypes::{DataType, Field, TimeUnit};
use sluice_contract::{Code, Fault};
use sluice_store_core::source::ORIGINAL_TYPE;

/// The type of the column that a field gets in a new table.
///
/// # Errors
/// `SL6007` when there is none that keeps every value.
pub(crate) fn declared(field: &Field) -> Result<SqlType, Fault> {
    if let Some(original) = field
        .metadata()
        .get(ORIGINAL_TYPE)
        .and_then(|text| original(text, field))
    {
        return Ok(original);
    }
    let refused = |why: &str| {
        let text = format!(
            "column {:?} of type {} has no type in SQL Server: {why}",
            field.name(),
            field.data_type()
        );
        Err(Fault::new(Code::TypeUnsupported, text))
    };
    Ok(match plain(field.data_type()) {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => SqlType::NVarChar(None),
        DataType::Boolean => SqlType::Bit,
        DataType::UInt8 => SqlType::TinyInt,
        DataType::Int8 | DataType::Int16 => SqlType::SmallInt,
        DataType::UInt16 | DataType::Int32 => SqlType::Int,
        DataType::UInt32 | DataType::Int64 => SqlType::BigInt,
        DataType::UInt64 => SqlType::Decimal(20, 0),
        DataType::Float16 | DataType::Float32 => SqlType::Real,
        DataType::Float64 => SqlType::Float,
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => match (p, u8::try_from(*s)) {
            (..=38, Ok(scale)) => SqlType::Decimal(*p, scale),
            (_, Ok(_)) => return refused("a decimal has 38 digits at most"),
            (_, Err(_)) => return refused("decimals of a negative scale are not carried"),
        },
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => SqlType::VarBinary(None),
        DataType::FixedSizeBinary(size) => match u16::try_from(*size) {
            Ok(size @ 1..=8000) => SqlType::Binary(size),
            _ => SqlType::VarBinary(None),
        },
        DataType::Date32 => SqlType::Date,
        DataType::Date64 => SqlType::DateTime2(3),
        DataType::Time32(unit) | DataType::Time64(unit) => SqlType::Time(digits(*unit)),
        DataType::Timestamp(unit, None) => SqlType::DateTime2(digits(*unit)),
        DataType::Timestamp(unit, Some(_)) => SqlType::DateTimeOffset(digits(*unit)),
        _ => return refused("write it as text, or leave it out by a mapping"),
    })
}

/// The type that the column had, where it is one of SQL Server's and means the same here.
fn original(text: &str, field: &Field) -> Option<SqlType> {
    let ty = match text {
        // PostgreSQL's and MariaDB's name for it.
        "uuid" => SqlType::UniqueIdentifier,
        text => SqlType::parse(text),
    };
    // Names that other stores use for something else, such as `bit`, or count otherwise, such as `varchar(20)`, are not here.
    let ours = matches!(
        ty,
        SqlType::UniqueIdentifier
            | SqlType::NVarChar(Some(_))
            | SqlType::NChar(_)
            | SqlType::Money
            | SqlType::SmallMoney
            | SqlType::DateTime
            | SqlType::SmallDateTime
            | SqlType::Binary(_)
            | SqlType::VarBinary(Some(_))
            | SqlType::Xml
    );
    let described = Described {
        name: field.name().clone(),
        ty: ty.clone(),
        nullable: true,
        identity: false,
        computed: false,
        collation: None,
        code_page: None,
    };
    let reads = Carried::of(&described).ok()?.arrow;
    (ours && reads == *plain(field.data_type())).then_some(ty)
}

/// A dictionary's values.
pub(crate) fn plain(ty: &DataType) -> &DataType {
    match ty {
        DataType::Dictionary(_, value) => value.as_ref(),
        other => other,
    }
}

/// Digits behind the second; SQL Server counts in 100 ns.
pub(crate) fn digits(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 7,
    }
}

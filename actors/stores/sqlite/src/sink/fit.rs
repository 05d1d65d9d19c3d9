//! Which Arrow types go into which column, exactly.

use crate::decimal::DOUBLE_DIGITS;
use crate::types::{Affinity, digits};
use arrow::datatypes::{DataType, Field};
use sluice_contract::{Code, Fault};

/// The form in which a column's values are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Integers and booleans, as they are.
    Integer,
    /// A number as a double; integers and texts only where that loses nothing.
    Real,
    /// Numbers, dates and times as their texts; texts as they are.
    Text,
    /// Texts that SQLite would take for numbers are refused.
    TextNotNumber,
    /// Texts that are integers.
    ParsedInteger,
    /// Texts that are numbers, whole or not.
    ParsedNumber,
    /// Texts that are numbers, for a column that makes doubles of all.
    ParsedReal,
    /// Texts that are booleans.
    ParsedBoolean,
    /// Bytes, as they are.
    Blob,
}

impl Form {
    /// Whether texts become something else, and cannot be told from it any more.
    pub(crate) fn is_parsed(self) -> bool {
        use Form::{ParsedBoolean, ParsedInteger, ParsedNumber, ParsedReal};
        matches!(self, ParsedInteger | ParsedNumber | ParsedReal | ParsedBoolean)
    }
}

/// Finds the form for a column that is declared so.
///
/// # Errors
/// `SL6007` when values would have to be rounded, `SL6012` when the types have nothing to do with each other.
pub(crate) fn fit(field: &Field, declared: &str) -> Result<Form, Fault> {
    use DataType as D;
    let source = match field.data_type() {
        D::Dictionary(_, value) => value.as_ref(),
        other => other,
    };
    let affinity = Affinity::of(declared);
    let fault = |code, why: &str| {
        let (name, ty) = (field.name(), field.data_type());
        let declared = if declared.is_empty() {
            "untyped column"
        } else {
            declared
        };
        Fault::new(
            code,
            format!("column {name:?} of type {ty} does not fit the sink's {declared}: {why}"),
        )
    };
    let foreign = || fault(Code::SchemaMismatch, "the types are different");
    Ok(match (source, affinity) {
        (D::Null, _) => Form::Integer,
        (D::Utf8 | D::LargeUtf8 | D::Utf8View, _) => text(declared, affinity),
        (D::Boolean, Affinity::Integer | Affinity::Numeric | Affinity::Blob) => Form::Integer,
        (source, Affinity::Real) if source.is_integer() => Form::Real,
        (source, _) if source.is_integer() => Form::Integer,
        (source, Affinity::Real | Affinity::Numeric | Affinity::Blob) if source.is_floating() => Form::Real,
        (source, Affinity::Text) if source.is_floating() => Form::Text,
        (source, Affinity::Integer) if source.is_floating() => {
            return Err(fault(
                Code::TypeUnsupported,
                "SQLite would keep some values as integers",
            ));
        }
        (D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_), Affinity::Blob | Affinity::Numeric) => {
            Form::Blob
        }
        (
            D::Date32 | D::Date64 | D::Time32(_) | D::Time64(_) | D::Timestamp(..),
            Affinity::Text | Affinity::Numeric | Affinity::Blob,
        ) => Form::Text,
        (D::Decimal128(precision, scale) | D::Decimal256(precision, scale), _) => {
            if let Some((p, s)) = digits(declared, &["DECIMAL", "NUMERIC", "DEC", "DECIMAL_TEXT"])
                && (*scale > s || i16::from(*precision) - i16::from(*scale) > i16::from(p) - i16::from(s))
            {
                return Err(fault(Code::TypeUnsupported, "it keeps fewer digits"));
            }
            match affinity {
                _ if *scale < 0 => return Err(fault(Code::TypeUnsupported, "its scale is negative")),
                Affinity::Text | Affinity::Blob => Form::Text,
                Affinity::Integer if *scale == 0 => Form::Integer,
                Affinity::Real | Affinity::Numeric if *precision <= DOUBLE_DIGITS => Form::Real,
                Affinity::Integer => return Err(fault(Code::TypeUnsupported, "it keeps no decimals")),
                _ => return Err(fault(Code::TypeUnsupported, "SQLite's numbers keep fifteen digits")),
            }
        }
        (source, _) if source.is_nested() => return Err(fault(Code::TypeUnsupported, "SQLite has no such type")),
        _ => return Err(foreign()),
    })
}

fn text(declared: &str, affinity: Affinity) -> Form {
    let declared = declared.to_ascii_uppercase();
    match affinity {
        Affinity::Text | Affinity::Blob => Form::Text,
        Affinity::Integer => Form::ParsedInteger,
        Affinity::Real => Form::ParsedReal,
        Affinity::Numeric if declared.starts_with("BOOL") => Form::ParsedBoolean,
        Affinity::Numeric if declared.starts_with("DEC") || declared.starts_with("NUM") => Form::ParsedNumber,
        Affinity::Numeric => Form::TextNotNumber,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: DataType, declared: &str) -> Option<Code> {
        fit(&Field::new("c", source, true), declared)
            .err()
            .map(|fault| fault.code)
    }

    #[test]
    fn nothing_is_rounded() {
        let lossy = Some(Code::TypeUnsupported);
        assert_eq!(code(DataType::Decimal128(38, 10), "DECIMAL(38,10)"), lossy);
        assert_eq!(code(DataType::Decimal128(10, 4), "DECIMAL(10,2)"), lossy);
        assert_eq!(code(DataType::Decimal128(10, 2), "INTEGER"), lossy);
        assert_eq!(code(DataType::Float64, "INTEGER"), lossy);
        assert_eq!(code(DataType::new_list(DataType::Int8, true), "TEXT"), lossy);
        let foreign = Some(Code::SchemaMismatch);
        assert_eq!(code(DataType::Binary, "TEXT"), foreign);
        assert_eq!(code(DataType::Boolean, "TEXT"), foreign);
        assert_eq!(code(DataType::Date32, "INTEGER"), foreign);
        assert_eq!(code(DataType::Decimal128(10, 2), "DECIMAL(12,2)"), None);
        assert_eq!(code(DataType::Decimal128(38, 10), "DECIMAL_TEXT(38,10)"), None);
    }
}

//! Which Arrow types go into which column, exactly.

use crate::types::{Carried, Wire};
use crate::wire::output::Output;
use arrow::datatypes::{DataType, Field};
use sluice_contract::{Code, Fault};

/// How a source's column goes into one of the sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// The form in the staging table.
    pub(crate) output: Output,
    /// The type to cast the staged text to, for SQL.
    pub(crate) cast: Option<String>,
}

/// Finds the form.
///
/// # Errors
/// `SL6007` when values would have to be rounded, `SL6012` when the types have nothing to do with each other.
pub(crate) fn fit(field: &Field, target: &Carried) -> Result<Fit, Fault> {
    let source = match field.data_type() {
        DataType::Dictionary(_, value) => value.as_ref(),
        other => other,
    };
    let as_text = is_text(source);
    if target.cast && target.name != "numeric" {
        let rounds = target.modifier >= 0 && matches!(target.name.as_str(), "interval" | "timetz");
        return match (as_text || *source == DataType::Null, rounds) {
            (true, false) => Ok(Fit {
                output: Output::Text,
                cast: Some(format!("pg_catalog.{}", crate::names::quote(&target.name))),
            }),
            (true, true) => Err(lossy(field, target, "its precision is limited")),
            (false, _) => Err(foreign(field, target)),
        };
    }
    let output = output(field, source, target)?;
    // A NULL fits every column.
    let output = match output {
        Some(output) => output,
        None if *source == DataType::Null => Output::Text,
        None => return Err(foreign(field, target)),
    };
    Ok(Fit { output, cast: None })
}

fn output(field: &Field, source: &DataType, target: &Carried) -> Result<Option<Output>, Fault> {
    use DataType as D;
    let as_text = is_text(source);
    let integer = source.is_integer() || matches!(source, D::Decimal128(_, 0));
    let small = matches!(source, D::Int8 | D::Int16 | D::UInt8 | D::UInt16);
    if target.name == "numeric" {
        return numeric(field, source, target).map(Some);
    }
    let step = 10_i64.pow(6 - target.second_digits());
    Ok(match target.wire {
        Wire::Bool => (as_text || *source == D::Boolean).then_some(Output::Bool),
        Wire::Int2 => (as_text || integer).then_some(Output::Int2),
        Wire::Int4 => (as_text || integer).then_some(Output::Int4),
        Wire::Int8 => (as_text || integer).then_some(Output::Int8),
        Wire::Oid => (as_text || integer).then_some(Output::Oid),
        Wire::Float4 => match source {
            D::Float16 | D::Float32 => Some(Output::Float4),
            D::Float64 | D::Int32 | D::UInt32 | D::Int64 | D::UInt64 => {
                return Err(lossy(field, target, "float4 keeps some six digits"));
            }
            _ => (as_text || small).then_some(Output::Float4),
        },
        Wire::Float8 => match source {
            D::Float16 | D::Float32 | D::Float64 | D::Int32 | D::UInt32 => Some(Output::Float8),
            D::Int64 | D::UInt64 => return Err(lossy(field, target, "float8 keeps some fifteen digits")),
            _ => (as_text || small).then_some(Output::Float8),
        },
        Wire::Text => {
            let plain = matches!(target.name.as_str(), "text" | "varchar");
            (as_text || (plain && source.is_integer())).then_some(Output::Text)
        }
        Wire::Jsonb => as_text.then_some(Output::Jsonb),
        Wire::Uuid => (as_text || *source == D::FixedSizeBinary(16)).then_some(Output::Uuid),
        Wire::Bytea => {
            let bytes = matches!(
                source,
                D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_)
            );
            (as_text || bytes).then_some(Output::Bytea)
        }
        Wire::Date => (as_text || is_date(source)).then_some(Output::Date),
        Wire::Time => (as_text || matches!(source, D::Time32(_) | D::Time64(_))).then_some(Output::Time(step)),
        Wire::Timestamp => {
            let fits = as_text || is_date(source) || matches!(source, D::Timestamp(_, None));
            fits.then_some(Output::Timestamp(step))
        }
        // A timestamp without zone means another moment in every place: not without being told which.
        Wire::TimestampTz => {
            let fits = as_text || matches!(source, D::Timestamp(_, Some(_)));
            fits.then_some(Output::TimestampTz(step))
        }
        Wire::Decimal128 { .. } | Wire::Decimal256 { .. } => None,
    })
}

fn numeric(field: &Field, source: &DataType, target: &Carried) -> Result<Output, Fault> {
    let digits = target.digits();
    let output = Output::Numeric(digits.map(|(_, scale)| scale));
    match (source, digits) {
        _ if is_text(source) || *source == DataType::Null => Ok(output),
        (_, Some((_, ..0))) if source.is_numeric() => Err(lossy(field, target, "it keeps no units")),
        _ if source.is_integer() => Ok(output),
        (DataType::Decimal128(_, ..0) | DataType::Decimal256(_, ..0), _) => {
            Err(lossy(field, target, "decimals of a negative scale are not carried"))
        }
        (DataType::Decimal128(..) | DataType::Decimal256(..), None) => Ok(output),
        (DataType::Decimal128(p, s) | DataType::Decimal256(p, s), Some((precision, scale))) => {
            let (p, s) = (i32::from(*p), i32::from(*s));
            match s <= scale && p - s <= precision - scale {
                true => Ok(output),
                false => Err(lossy(field, target, "it keeps fewer digits")),
            }
        }
        _ if source.is_floating() => Err(lossy(field, target, "a binary fraction is no decimal one")),
        _ => Err(foreign(field, target)),
    }
}

fn is_text(source: &DataType) -> bool {
    matches!(source, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_date(source: &DataType) -> bool {
    matches!(source, DataType::Date32 | DataType::Date64)
}

fn lossy(field: &Field, target: &Carried, why: &str) -> Fault {
    Fault::new(
        Code::TypeUnsupported,
        format!(
            "column {:?} of type {} does not fit the sink's {} exactly: {why}",
            field.name(),
            field.data_type(),
            target.full
        ),
    )
}

fn foreign(field: &Field, target: &Carried) -> Fault {
    Fault::new(
        Code::SchemaMismatch,
        format!(
            "column {:?} is of type {} in the source and {} in the sink",
            field.name(),
            field.data_type(),
            target.full
        ),
    )
}

#[cfg(test)]
mod tests;

//! Which Arrow types go into which column, exactly.

use crate::declare::Kind;
use arrow::datatypes::{DataType, Field};
use sluice_contract::{Code, Fault};

/// The form in which a column's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// As it is.
    Text,
    /// The same, but not with spaces at its end.
    Unpadded,
    /// Within these.
    Int(i128, i128),
    /// A number of so many bits, which the server is told to take as one.
    Bit(u8),
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
        unsigned: bool,
    },
    /// Bytes; of this length where the column would fill them up.
    Bytes(Option<u32>),
    Date,
    /// With this many microseconds to its smallest step.
    Time(i64),
    DateTime(i64),
    Timestamp(i64),
}

/// How a source's column goes into one of the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) output: Output,
    /// What is read back can be cast to the source's type without loss.
    pub(super) faithful: bool,
}

/// Finds the form. `declared` is the column's type for people.
///
/// # Errors
/// `SL6007` when values would have to be rounded, `SL6012` when the types have nothing to do with each other.
pub(super) fn fit(field: &Field, kind: Kind, declared: &str) -> Result<Fit, Fault> {
    use DataType as D;
    let source = match field.data_type() {
        D::Dictionary(_, value) => value.as_ref(),
        other => other,
    };
    let text = matches!(source, D::Utf8 | D::LargeUtf8 | D::Utf8View);
    let whole = source.is_integer() || matches!(source, D::Decimal128(_, 0));
    let small = matches!(source, D::Int8 | D::Int16 | D::UInt8 | D::UInt16);
    let date = matches!(source, D::Date32 | D::Date64);
    let fault = |code, why: &str| {
        let (name, ty) = (field.name(), field.data_type());
        Fault::new(
            code,
            format!("column {name:?} of type {ty} does not fit the sink's {declared}{why}"),
        )
    };
    let lossy = |why: &str| Err(fault(Code::TypeUnsupported, &format!(" exactly: {why}")));
    let step = |digits: u8| 10_i64.pow(6 - u32::from(digits.min(6)));
    let when = |fits: bool, output: Output| fits.then_some(output);
    let output = match kind {
        Kind::Int { unsigned, bits } => {
            let bits = u32::from(bits.min(64));
            let (min, max) = match unsigned {
                true => (0, (1_i128 << bits) - 1),
                false => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
            };
            when(text || whole || *source == D::Boolean, Output::Int(min, max))
        }
        // Smaller numbers would be taken for years of this century.
        Kind::Year => when(text || whole, Output::Int(1901, 2155)),
        Kind::Bit(bits) => when(text || whole || *source == D::Boolean, Output::Bit(bits)),
        Kind::Float => match source {
            D::Float64 | D::Int32 | D::UInt32 | D::Int64 | D::UInt64 => return lossy("float keeps some six digits"),
            D::Float16 | D::Float32 => Some(Output::Float),
            _ => when(text || small, Output::Float),
        },
        Kind::Double => match source {
            D::Int64 | D::UInt64 => return lossy("double keeps some fifteen digits"),
            D::Float16 | D::Float32 | D::Float64 | D::Int32 | D::UInt32 => Some(Output::Double),
            _ => when(text || small, Output::Double),
        },
        Kind::Decimal {
            precision,
            scale,
            unsigned,
        } => {
            let output = Output::Decimal {
                precision,
                scale,
                unsigned,
            };
            match source {
                _ if text || source.is_integer() => Some(output),
                D::Decimal32(p, s) | D::Decimal64(p, s) | D::Decimal128(p, s) | D::Decimal256(p, s) => {
                    let (p, s) = (i16::from(*p), i16::from(*s));
                    if s < 0 || s > i16::from(scale) || p - s > i16::from(precision) - i16::from(scale) {
                        return lossy("it keeps fewer digits");
                    }
                    Some(output)
                }
                _ if source.is_floating() => return lossy("a binary fraction is no decimal one"),
                _ => None,
            }
        }
        Kind::Text => when(text || source.is_integer(), Output::Text),
        Kind::Char => when(text || source.is_integer(), Output::Unpadded),
        Kind::Spelled => when(text, Output::Text),
        Kind::Binary(_) | Kind::Bytes => {
            let length = match kind {
                Kind::Binary(length) => Some(length),
                _ => None,
            };
            let bytes = matches!(
                source,
                D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_)
            );
            when(bytes, Output::Bytes(length))
        }
        Kind::Date => when(text || date, Output::Date),
        Kind::Time(digits) => when(
            text || matches!(source, D::Time32(_) | D::Time64(_)),
            Output::Time(step(digits)),
        ),
        Kind::DateTime(digits) => when(
            text || date || matches!(source, D::Timestamp(_, None)),
            Output::DateTime(step(digits)),
        ),
        // A timestamp without zone means another moment in every place: not without being told which.
        Kind::Timestamp(digits) => when(
            text || matches!(source, D::Timestamp(_, Some(_))),
            Output::Timestamp(step(digits)),
        ),
        Kind::Other => None,
    };
    let textual = matches!(kind, Kind::Text | Kind::Char | Kind::Spelled);
    match output {
        // A NULL fits every column.
        _ if *source == D::Null => Ok(Fit {
            output: Output::Text,
            faithful: true,
        }),
        Some(output) => Ok(Fit {
            output,
            faithful: text == textual,
        }),
        None => Err(fault(Code::SchemaMismatch, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::TimeUnit;

    fn of(source: DataType, declared: &str) -> Result<Output, Code> {
        let fitted = fit(&Field::new("c", source, true), Kind::parse(declared), declared);
        fitted.map(|fit| fit.output).map_err(|fault| {
            assert!(
                fault.message.contains("\"c\"") && fault.message.contains(declared),
                "{fault}"
            );
            fault.code
        })
    }

    #[test]
    fn what_fits_fits_exactly() {
        let micros = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        assert_eq!(of(DataType::Int64, "tinyint unsigned"), Ok(Output::Int(0, 255)));
        assert_eq!(of(DataType::Boolean, "tinyint(1)"), Ok(Output::Int(-128, 127)));
        assert_eq!(
            of(DataType::Utf8, "bigint"),
            Ok(Output::Int(i64::MIN.into(), i64::MAX.into()))
        );
        assert_eq!(of(micros(None), "datetime(3)"), Ok(Output::DateTime(1000)));
        assert_eq!(of(DataType::Binary, "binary(4)"), Ok(Output::Bytes(Some(4))));
        assert_eq!(of(DataType::Null, "point"), Ok(Output::Text));
        for (source, declared) in [
            (DataType::Float64, "float"),
            (DataType::Int64, "double"),
            (DataType::Decimal128(10, 3), "decimal(10,2)"),
            (DataType::Decimal128(10, 2), "decimal(9,2)"),
            (DataType::Float32, "decimal(9,2)"),
        ] {
            assert_eq!(of(source, declared), Err(Code::TypeUnsupported), "{declared}");
        }
        for (source, declared) in [
            (micros(None), "timestamp"),
            (micros(Some("UTC")), "datetime(6)"),
            (DataType::Utf8, "blob"),
            (DataType::Utf8, "point"),
            (DataType::Boolean, "text"),
        ] {
            assert_eq!(of(source, declared), Err(Code::SchemaMismatch), "{declared}");
        }
    }
}

//! Which columns of a mapping are converted.

use super::ends::{Ends, Form};
use super::kind::Kind;
use super::translator::Pair;
use crate::convert::{Column, Conversion, Rules, Target};
use crate::settings::unsupported;
use arrow::datatypes::{DataType, Field};
use sluice_contract::Fault;

/// The conversion that a mapping asks for, and the column it makes; none when the column is of that type already, or when
/// its store makes the type of it.
///
/// # Errors
/// `SL4009` naming the column when there is no such conversion.
pub(super) fn asked(
    pair: &Pair,
    field: &Field,
    ends: Ends,
    rules: &Rules,
) -> Result<Option<(Conversion, Field)>, Fault> {
    let side = if pair.sink.kind.is_some() {
        &pair.sink
    } else {
        &pair.source
    };
    let Some((kind, name)) = &side.kind else {
        return Ok(None);
    };
    let column = Column {
        format: pair.source.column.format.clone().or(pair.sink.column.format.clone()),
        culture: pair.source.column.culture.clone().or(pair.sink.column.culture.clone()),
        ..pair.sink.column
    };
    let place = &side.place;
    let rules = rules.of(place, &column)?;
    let refused = |why: &str| unsupported(&format!("{place}.type"), why);
    let target = Target::parse(name, &column).ok_or_else(|| refused("it is not known"))?;
    let by_itself = match (ends.sink, kind) {
        // A file of text writes every value by itself.
        (Form::Text, Kind::Text) => !Conversion::has_format(field, &rules),
        (Form::Text, _) => kind.holds(field),
        (Form::Table | Form::Made, _) => kind.describes(field),
        (Form::Own, Kind::Guid) => kind.describes(field),
        (Form::Own, _) => kind.holds(field) && is_exactly(target, field),
    };
    let scaled = matches!(target, Target::Decimal { .. }) && (column.scale.is_some() || column.precision.is_some());
    if by_itself && (!scaled || is_exactly(target, field)) {
        return Ok(None);
    }
    Conversion::new(field, target, &rules)
        .map(Some)
        .map_err(|why| refused(&why))
}

/// What becomes of a column that no mapping says anything about.
pub(super) fn implied(field: &Field, ends: Ends, rules: Option<&Rules>, nested: bool) -> Option<(Conversion, Field)> {
    if nested && let Some(found) = Conversion::of_nested(field) {
        return Some(found);
    }
    let rules = rules.filter(|rules| ends.sink == Form::Text && Conversion::has_format(field, rules))?;
    Conversion::new(field, Target::Text, rules).ok()
}

/// Whether a column is just what a file of this type holds.
fn is_exactly(target: Target, field: &Field) -> bool {
    match (target, field.data_type()) {
        (Target::Boolean, DataType::Boolean)
        | (Target::Single, DataType::Float32)
        | (Target::Double, DataType::Float64)
        | (Target::Date, DataType::Date32 | DataType::Date64)
        | (Target::DateTime, DataType::Timestamp(_, None))
        | (Target::DateTimeOffset, DataType::Timestamp(_, Some(_)))
        | (Target::Time, DataType::Time32(_) | DataType::Time64(_)) => true,
        (Target::Integer { bits, signed }, found) => {
            let width = found.primitive_width().unwrap_or_default() * 8;
            found.is_integer() && found.is_signed_integer() == signed && width == usize::from(bits)
        }
        (Target::Decimal { precision, scale }, DataType::Decimal128(own, own_scale)) => {
            scale.is_none_or(|scale| scale == *own_scale) && precision >= *own
        }
        (Target::Text | Target::Bytes, _) => true,
        _ => false,
    }
}

//! Numbers, booleans and times among each other, and numbers in texts.

use super::{Converted, cast, lost};
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::datatypes::DataType;
use sluice_contract::{Code, Fault};
use sluice_dotnet::Culture;
use std::sync::Arc;

/// Casts; what does not come back as it was is lost, unless that is allowed.
pub(super) fn cast_exactly(column: &ArrayRef, to: &DataType, truncate: bool) -> Result<Converted, Fault> {
    // A boolean is a decimal by way of an integer.
    let is_boolean = *column.data_type() == DataType::Boolean && matches!(to, DataType::Decimal128(..));
    let from = if is_boolean {
        cast(column.as_ref(), &DataType::Int8)?
    } else {
        column.clone()
    };
    let to_column = cast(from.as_ref(), to)?;
    let mut bad = lost(from.as_ref(), to_column.as_ref());
    if !truncate && from.data_type() != to {
        let back = cast(to_column.as_ref(), from.data_type())?;
        let same = not_distinct(&back, &from).map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
        bad = (0..from.len())
            .filter(|row| from.is_valid(*row) && !same.value(*row))
            .collect();
    }
    Ok(Converted { column: to_column, bad })
}

/// Texts of numbers as the invariant culture writes them; what is no number in the culture is NULL.
pub(super) fn plain(column: &ArrayRef, culture: Culture) -> ArrayRef {
    if culture == Culture::INVARIANT {
        return column.clone();
    }
    let texts = column.as_string::<i32>().iter();
    Arc::new(
        texts
            .map(|text| text.and_then(|text| culture.plain_number(text)))
            .collect::<StringArray>(),
    )
}

/// Reads numbers, with white space around them.
pub(super) fn parse(column: &ArrayRef, to: &DataType, culture: Culture) -> Result<Converted, Fault> {
    // As in .NET, the digits of a whole number are not grouped.
    let plain = match to.is_integer() {
        true => column.clone(),
        false => plain(column, culture),
    };
    let texts = plain.as_string::<i32>();
    let trimmed: ArrayRef = match texts.iter().flatten().any(|text| text.trim().len() != text.len()) {
        true => Arc::new(texts.iter().map(|text| text.map(str::trim)).collect::<StringArray>()),
        false => plain.clone(),
    };
    let numbers = cast(trimmed.as_ref(), to)?;
    Ok(Converted {
        bad: lost(column.as_ref(), numbers.as_ref()),
        column: numbers,
    })
}

//! `typeConversion`: a column's values as another type.
//!
//! A value that has no counterpart in the other type, or loses something on the way where `allowDataTruncation` does not
//! allow that, makes its row one that does not fit: it ends the copy, or is left out where the activity allows that.

mod decimal;
mod moment;
mod nested;
mod number;
mod plan;
mod rules;
mod target;
mod text;

pub(crate) use plan::Conversion;
pub(crate) use rules::{Column, Rules};
#[cfg(test)]
pub(crate) use sluice_dotnet::{Culture, Format, Purpose};
pub(crate) use target::Target;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use sluice_contract::{Code, Fault};

/// A column as another type, and the rows whose values have no place in it; they are NULL there.
pub(crate) struct Converted {
    pub(crate) column: ArrayRef,
    pub(crate) bad: Vec<usize>,
}

/// A moment with a zone as text; none for everything else.
pub(crate) fn moment_text(column: &ArrayRef, row: usize) -> Option<String> {
    let is_zoned = matches!(column.data_type(), DataType::Timestamp(_, Some(_)));
    let written = is_zoned
        .then(|| text::write(&column.slice(row, 1), &Rules::default()))?
        .ok()?;
    let texts = written.column.as_string_opt::<i32>()?;
    texts.is_valid(0).then(|| texts.value(0).to_owned())
}

/// Casts; what cannot be cast is NULL.
fn cast(column: &dyn Array, to: &DataType) -> Result<ArrayRef, Fault> {
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    cast_with_options(column, to, &options).map_err(|error| Fault::new(Code::Internal, error.to_string()))
}

/// Rows that had a value and have none any more.
fn lost(before: &dyn Array, after: &dyn Array) -> Vec<usize> {
    if after.null_count() == before.null_count() {
        return Vec::new();
    }
    (0..before.len())
        .filter(|row| before.is_valid(*row) && after.is_null(*row))
        .collect()
}

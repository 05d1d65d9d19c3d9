//! Splitting a table by its row numbers, or a table or query by a column.

use super::layout::Layout;
use crate::errors;
use crate::names::quote;
use crate::types::Carrier;
use rusqlite::Connection;
use sluice_contract::{Code, Fault};

/// Fewer row numbers than this are not worth another reader.
const MIN_ROWS: i128 = 256;

/// Some of a source's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) label: String,
    /// What stands behind WHERE; none for all rows.
    pub(crate) condition: Option<String>,
}

impl Slice {
    /// All rows.
    pub(crate) fn whole(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            condition: None,
        }
    }
}

/// At most `parallel` slices of a table, and how many rows it may have.
///
/// # Errors
/// `SL60xx`.
pub(crate) fn by_row(
    connection: &Connection,
    layout: &Layout,
    parallel: usize,
) -> Result<(Vec<Slice>, Option<u64>), Fault> {
    let Some(rowid) = &layout.rowid else {
        return Ok((vec![Slice::whole(&layout.name)], None));
    };
    let (Some(first), Some(last)) = (
        end(connection, layout, "min", rowid)?,
        end(connection, layout, "max", rowid)?,
    ) else {
        return Ok((vec![Slice::whole(&layout.name)], Some(0)));
    };
    let span = i128::from(last) - i128::from(first) + 1;
    let count = (span / MIN_ROWS).min(parallel as i128).max(1);
    let name = &layout.name;
    if count == 1 {
        return Ok((vec![Slice::whole(name)], u64::try_from(span).ok()));
    }
    let slice = |(from, to): (i64, i64)| Slice {
        label: format!("{name} rows {from}-{to}"),
        condition: Some(format!("{rowid} BETWEEN {from} AND {to}")),
    };
    let slices = split(first, last, count).into_iter().map(slice).collect();
    Ok((slices, u64::try_from(span).ok()))
}

/// At most `parallel` slices by ranges of a column of integers. Bounds only say where to cut: what lies outside them, and
/// NULL, is in the first and the last slice.
///
/// # Errors
/// `SL6013` when there is no such column, or it does not hold integers, or a bound is none; other `SL60xx`.
pub(crate) fn by_column(
    connection: &Connection,
    layout: &Layout,
    (column, lower, upper): (&str, Option<&str>, Option<&str>),
    parallel: usize,
) -> Result<Vec<Slice>, Fault> {
    let property = |text: String| Fault::new(Code::PropertyMissing, text);
    let name = &layout.name;
    let fields = layout.schema.fields();
    let place = fields.iter().position(|field| field.name() == column);
    let place = place.or_else(|| {
        fields
            .iter()
            .position(|field| field.name().eq_ignore_ascii_case(column))
    });
    let Some(place) = place else {
        return Err(property(format!("{name} has no column {column:?} to be split by")));
    };
    if layout.carriers.get(place) != Some(&Carrier::Int64) {
        let text = format!("column {column:?} of {name} does not hold integers, and only by those it is split");
        return Err(property(text));
    }
    let column = quote(fields[place].name());
    let bound = |given: Option<&str>, function: &str| match given {
        None => end(connection, layout, function, &column),
        Some(text) => text.trim().parse().map(Some).map_err(|_| {
            property(format!(
                "the bound {text:?} is not an integer, as the values of column {column} are"
            ))
        }),
    };
    let (first, last) = (bound(lower, "min")?, bound(upper, "max")?);
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(vec![Slice::whole(name)]);
    };
    if first > last {
        return Err(property(format!(
            "the lower bound {first} lies above the upper bound {last}"
        )));
    }
    let count = (i128::from(last) - i128::from(first) + 1).min(parallel as i128).max(1);
    if count == 1 {
        return Ok(vec![Slice::whole(name)]);
    }
    let ranges = split(first, last, count);
    let slice = |(index, (from, to)): (usize, &(i64, i64))| {
        let condition = match index {
            0 => format!("({column} <= {to} OR {column} IS NULL)"),
            last if last + 1 == ranges.len() => format!("{column} >= {from}"),
            _ => format!("{column} BETWEEN {from} AND {to}"),
        };
        Slice {
            label: format!("{name} where {condition}"),
            condition: Some(condition),
        }
    };
    Ok(ranges.iter().enumerate().map(slice).collect())
}

/// The smallest or largest value. SQLite finds one end of a tree at once, but reads everything for both together.
fn end(connection: &Connection, layout: &Layout, function: &str, column: &str) -> Result<Option<i64>, Fault> {
    let query = format!("SELECT {function}({column}) FROM {}", layout.from);
    let doing = format!("measuring {}", layout.name);
    connection
        .query_row(&query, [], |row| row.get(0))
        .map_err(|error| errors::fault(&doing, &error))
}

/// Ranges that meet, from the first number to the last.
fn split(first: i64, last: i64, count: i128) -> Vec<(i64, i64)> {
    let span = i128::from(last) - i128::from(first) + 1;
    // Between first and last, so it fits again.
    let edge = |index: i128| i64::try_from(i128::from(first) + span * index / count).unwrap_or(last);
    let range = |index: i128| {
        let to = if index + 1 == count { last } else { edge(index + 1) - 1 };
        (edge(index), to)
    };
    (0..count).map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_meet_even_at_the_ends_of_the_numbers() {
        for (first, last, parallel) in [
            (1, 1000, 3),
            (i64::MIN, i64::MAX, 7),
            (-500, 500, 2),
            (i64::MAX - 511, i64::MAX, 2),
        ] {
            let ranges = split(first, last, parallel as i128);
            assert_eq!(ranges.len(), parallel);
            assert_eq!((ranges[0].0, ranges[parallel - 1].1), (first, last));
            assert!(
                ranges
                    .windows(2)
                    .all(|pair| pair[0].1 + 1 == pair[1].0 && pair[0].0 <= pair[0].1)
            );
        }
    }
}

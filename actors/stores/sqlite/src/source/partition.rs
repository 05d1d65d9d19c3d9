//! Splitting a table by its row numbers.

use super::layout::Layout;
use crate::errors;
use rusqlite::Connection;
use sluice_contract::Fault;

/// Fewer row numbers than this are not worth another reader.
const MIN_ROWS: i128 = 256;

/// Some of a source's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) label: String,
    /// The first and the last row number; none for all rows.
    pub(crate) range: Option<(i64, i64)>,
}

impl Slice {
    /// All rows.
    pub(crate) fn whole(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            range: None,
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
    // Two statements: SQLite finds one end of the tree at once, but reads everything for both together.
    let end = |function: &str| -> Result<Option<i64>, Fault> {
        let query = format!("SELECT {function}({rowid}) FROM {}", layout.from);
        let doing = format!("measuring {}", layout.name);
        connection
            .query_row(&query, [], |row| row.get(0))
            .map_err(|error| errors::fault(&doing, &error))
    };
    let (Some(first), Some(last)) = (end("min")?, end("max")?) else {
        return Ok((vec![Slice::whole(&layout.name)], Some(0)));
    };
    let span = i128::from(last) - i128::from(first) + 1;
    let slices = split(&layout.name, first, last, parallel);
    Ok((slices, u64::try_from(span).ok()))
}

fn split(name: &str, first: i64, last: i64, parallel: usize) -> Vec<Slice> {
    let span = i128::from(last) - i128::from(first) + 1;
    let count = (span / MIN_ROWS).min(parallel as i128).max(1);
    if count == 1 {
        return vec![Slice::whole(name)];
    }
    // Between first and last, so it fits again.
    let edge = |index: i128| i64::try_from(i128::from(first) + span * index / count).unwrap_or(last);
    let slice = |index: i128| {
        let from = edge(index);
        let to = if index + 1 == count { last } else { edge(index + 1) - 1 };
        Slice {
            label: format!("{name} rows {from}-{to}"),
            range: Some((from, to)),
        }
    };
    (0..count).map(slice).collect()
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
            let ranges: Vec<(i64, i64)> = split("t", first, last, parallel)
                .iter()
                .map(|slice| slice.range.unwrap())
                .collect();
            assert_eq!(ranges.len(), parallel);
            assert_eq!((ranges[0].0, ranges[parallel - 1].1), (first, last));
            assert!(
                ranges
                    .windows(2)
                    .all(|pair| pair[0].1 + 1 == pair[1].0 && pair[0].0 <= pair[0].1)
            );
        }
        assert_eq!(split("t", 1, 511, 4), [Slice::whole("t")]);
        assert_eq!(split("t", 1, 100_000, 1), [Slice::whole("t")]);
    }
}

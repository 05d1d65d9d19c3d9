//! Splitting a table by ranges of a column.

use super::plan::Slice;
use crate::names::{TableName, literal, quote};
use arrow::datatypes::{DataType, Field};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use sluice_contract::{Code, Fault};

/// Fewer numbers than this are not worth another session.
const MIN_SPAN: i128 = 256;
/// A table whose numbers have larger gaps than this is cut into more slices, so that they can be shared out evenly.
const SPARSE: i128 = 4;

/// How a column's values are numbered, for even ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Integers,
    /// Days since 1970.
    Days,
    /// Seconds since 1970.
    Seconds,
}

impl Scale {
    /// Of a column's type; none when its values have no even distances.
    pub(super) fn of(field: &Field) -> Option<Self> {
        match field.data_type() {
            data_type if data_type.is_integer() => Some(Self::Integers),
            DataType::Date32 => Some(Self::Days),
            DataType::Timestamp(..) => Some(Self::Seconds),
            _ => None,
        }
    }

    /// The number of a value as the server writes it, or as a user does.
    pub(super) fn number(self, text: &str) -> Option<i128> {
        let text = text.trim();
        let moment = || {
            let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
            let at = forms
                .iter()
                .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
            at.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
                .map(|at| i128::from(at.and_utc().timestamp()))
        };
        match self {
            Self::Integers => text.parse().ok(),
            Self::Seconds => moment(),
            Self::Days => moment().map(|seconds| seconds.div_euclid(86_400)),
        }
    }

    /// The value of a number, for SQL.
    fn value(self, number: i128) -> String {
        let at = |seconds: i128, form: &str| {
            let at = i64::try_from(seconds)
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            literal(&at.unwrap_or_default().format(form).to_string())
        };
        match self {
            Self::Integers => number.to_string(),
            Self::Days => at(number * 86_400, "%Y-%m-%d"),
            Self::Seconds => at(number, "%Y-%m-%d %H:%M:%S"),
        }
    }
}

/// A column to split by.
pub(super) struct Axis<'a> {
    pub(super) column: &'a str,
    pub(super) scale: Scale,
    /// The least and the greatest number.
    pub(super) first: i128,
    pub(super) last: i128,
}

/// Slices of a table, by even ranges. The first has no lower end, and takes the rows without a value, and the last has no
/// upper one: every row is in exactly one of them, whatever the ends are.
pub(super) fn by_range(table: &TableName, axis: &Axis<'_>, rows: Option<u64>, parallel: usize) -> Vec<Slice> {
    let Axis {
        column,
        scale,
        first,
        last,
    } = *axis;
    let span = last.saturating_sub(first).saturating_add(1).max(1);
    // Seconds and days are few where rows are many.
    let least = if scale == Scale::Integers { MIN_SPAN } else { 1 };
    let sparse = rows.is_some_and(|rows| rows > 100_000 && span / SPARSE > i128::from(rows));
    let wanted = parallel.max(1) * if sparse && parallel > 1 { 4 } else { 1 };
    let count = (span / least).min(wanted as i128).max(1);
    if count == 1 {
        return vec![Slice::whole(table.to_string())];
    }
    let name = quote(column);
    let edge = |index: i128| first + span * index / count;
    let slice = |index: i128| {
        let lower = (index > 0).then(|| format!("{name} >= {}", scale.value(edge(index))));
        let upper = (index + 1 < count).then(|| format!("{name} < {}", scale.value(edge(index + 1))));
        let condition = match (lower, upper) {
            (None, Some(upper)) => format!("({upper} OR {name} IS NULL)"),
            (lower, upper) => lower.into_iter().chain(upper).collect::<Vec<_>>().join(" AND "),
        };
        let to = if index + 1 == count { last } else { edge(index + 1) - 1 };
        let (from, to) = (scale.value(edge(index)), scale.value(to));
        Slice {
            label: format!("{table} {column} {}-{}", from.trim_matches('\''), to.trim_matches('\'')),
            partitions: Vec::new(),
            condition,
        }
    };
    (0..count).map(slice).collect()
}

/// One slice for each of a table's partitions, or for those that are asked for; all in one where one session reads them.
///
/// # Errors
/// `SL6013` for a partition that the table does not have.
pub(super) fn physical(
    table: &TableName,
    there: &[String],
    asked: &[String],
    parallel: usize,
) -> Result<Vec<Slice>, Fault> {
    if let Some(missing) = asked
        .iter()
        .find(|name| !there.iter().any(|other| other.eq_ignore_ascii_case(name)))
    {
        let text = format!("the table {table} has no partition {missing:?}");
        return Err(Fault::new(Code::PropertyMissing, text));
    }
    let names = if asked.is_empty() { there } else { asked };
    let slice = |names: &[String]| Slice {
        label: format!("{table} partition {}", names.join(", ")),
        partitions: names.to_vec(),
        condition: String::new(),
    };
    Ok(match parallel {
        _ if names.is_empty() => vec![Slice::whole(table.to_string())],
        0 | 1 if asked.is_empty() => vec![Slice::whole(table.to_string())],
        0 | 1 => vec![slice(names)],
        _ => names.chunks(1).map(slice).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TableName {
        TableName {
            database: "d".into(),
            table: "t".into(),
        }
    }

    #[test]
    fn ranges_meet_and_leave_nothing_out() {
        let axis = Axis {
            column: "id",
            scale: Scale::Integers,
            first: 1,
            last: 1000,
        };
        let slices = by_range(&table(), &axis, Some(1000), 3);
        let conditions: Vec<&str> = slices.iter().map(|slice| slice.condition.as_str()).collect();
        assert_eq!(
            conditions,
            [
                "(`id` < 334 OR `id` IS NULL)",
                "`id` >= 334 AND `id` < 667",
                "`id` >= 667"
            ]
        );
        assert_eq!(slices[0].label, "d.t id 1-333");
        assert_eq!(by_range(&table(), &axis, None, 1), [Slice::whole("d.t")]);
        let wide = Axis {
            first: i64::MIN.into(),
            last: u64::MAX.into(),
            ..axis
        };
        assert_eq!(by_range(&table(), &wide, Some(1_000_000), 2).len(), 8);
        let days = Axis {
            column: "at",
            scale: Scale::Days,
            first: Scale::Days.number("2024-01-01").unwrap(),
            last: Scale::Days.number("2024-01-10 23:00:00").unwrap(),
        };
        let slices = by_range(&table(), &days, None, 2);
        assert_eq!(slices[1].condition, "`at` >= '2024-01-06'");
        assert_eq!(Scale::Seconds.number("1970-01-02T00:00:01.5"), Some(86_401));
    }

    #[test]
    fn partitions_are_those_of_the_table() {
        let there = ["p0".to_owned(), "p1".to_owned()];
        assert_eq!(physical(&table(), &there, &[], 2).unwrap().len(), 2);
        let one = physical(&table(), &there, &["P1".to_owned()], 2).unwrap();
        assert_eq!(one[0].partitions, ["P1"]);
        let both = physical(&table(), &there, &there, 1).unwrap();
        assert_eq!(both[0].partitions, there);
        assert!(physical(&table(), &there, &["p2".to_owned()], 2).is_err());
        for none in [physical(&table(), &[], &[], 2), physical(&table(), &there, &[], 1)] {
            assert_eq!(none.unwrap(), [Slice::whole("d.t")]);
        }
    }
}

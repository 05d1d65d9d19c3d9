//! Splitting a table or query by ranges of a column.

use super::plan::Plan;
use crate::errors;
use crate::names::{literal, quote};
use crate::session::Session;
use crate::types::Wire;
use sluice_contract::{Code, Fault};

/// What the activity says of the ranges.
pub(crate) struct Range<'a> {
    pub(crate) column: &'a str,
    pub(crate) lower: Option<&'a str>,
    pub(crate) upper: Option<&'a str>,
}

/// Conditions that hold for every row exactly once, whatever the bounds: what lies outside of them is in the first and the
/// last, and NULL in the first. With a label each; empty when there is nothing to split by.
///
/// `from` is what the bounds are looked up in where they are not given.
///
/// # Errors
/// `SL6013` when there is no such column, it cannot be divided, or a bound is none of its values; other `SL60xx`.
pub(crate) async fn conditions(
    session: &Session,
    plan: &Plan,
    from: &str,
    range: &Range<'_>,
    parallel: usize,
) -> Result<Vec<(String, String)>, Fault> {
    let property = |text: String| Fault::new(Code::PropertyMissing, text);
    let index = plan
        .find(range.column)
        .ok_or_else(|| property(format!("partitionColumnName: there is no column {:?}", range.column)))?;
    let name = plan.column(index);
    let Some(kind) = Kind::of(plan.wires[index], &plan.types[index]) else {
        return Err(property(format!(
            "partitionColumnName: column {name:?} is of type {}, which ranges are not made of; known: integers, numeric, \
             date, timestamp",
            plan.types[index]
        )));
    };
    let edges = edges(session, from, name, kind, range, parallel).await?;
    let (column, ty) = (quote(name), kind.sql());
    let edge = |index: usize| format!("{}::{ty}", literal(&edges[index]));
    let condition = |index: usize| {
        let lower = index.checked_sub(1).map(|at| format!("{column} >= {}", edge(at)));
        let upper = (index < edges.len()).then(|| format!("{column} < {}", edge(index)));
        match (lower, upper) {
            (Some(lower), Some(upper)) => format!("{lower} AND {upper}"),
            (Some(lower), None) => lower,
            (None, Some(upper)) => format!("({upper} OR {column} IS NULL)"),
            (None, None) => "TRUE".to_owned(),
        }
    };
    let label = |index: usize| match (index.checked_sub(1), index < edges.len()) {
        (None, true) => format!("{name} below {}", edges[index]),
        (Some(at), true) => format!("{name} {} to {}", edges[at], edges[index]),
        (Some(at), false) => format!("{name} from {}", edges[at]),
        (None, false) => format!("all of {name}"),
    };
    Ok((0..=edges.len())
        .map(|index| (label(index), condition(index)))
        .collect())
}

/// Types that a range of can be divided.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Numeric,
    Date,
    Timestamp,
    TimestampTz,
}

impl Kind {
    fn of(wire: Wire, name: &str) -> Option<Self> {
        Some(match wire {
            Wire::Int2 | Wire::Int4 | Wire::Int8 => Self::Integer,
            Wire::Decimal128 { .. } | Wire::Decimal256 { .. } => Self::Numeric,
            Wire::Text if name.starts_with("numeric") => Self::Numeric,
            Wire::Date => Self::Date,
            Wire::Timestamp => Self::Timestamp,
            Wire::TimestampTz => Self::TimestampTz,
            _ => return None,
        })
    }

    fn sql(self) -> &'static str {
        match self {
            Self::Integer => "int8",
            Self::Numeric => "numeric",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::TimestampTz => "timestamptz",
        }
    }

    /// The `i`-th of `n` equal parts between `lo` and `hi`.
    fn step(self) -> &'static str {
        match self {
            Self::Integer => "floor(lo::numeric + (hi::numeric - lo) * i / n)::int8",
            Self::Numeric => "lo + (hi - lo) * i / n",
            Self::Date => "lo + ((hi - lo)::int8 * i / n)::int4",
            Self::Timestamp | Self::TimestampTz => "lo + (hi - lo) * (i::float8 / n)",
        }
    }

    /// Values that nothing can be reckoned with do not count as bounds.
    fn finite(self, column: &str) -> String {
        match self {
            Self::Integer => "TRUE".to_owned(),
            Self::Numeric => format!("{column}::text NOT IN ('NaN', 'Infinity', '-Infinity')"),
            _ => format!("isfinite({column})"),
        }
    }
}

/// Where to cut: growing, as text. None when there is no row, or all rows have the same value.
async fn edges(
    session: &Session,
    from: &str,
    name: &str,
    kind: Kind,
    range: &Range<'_>,
    parallel: usize,
) -> Result<Vec<String>, Fault> {
    let (column, ty) = (quote(name), kind.sql());
    // Only what is not given is looked up: that may be a walk over the whole table.
    let bound = |given: Option<&str>, which: &str| match given {
        Some(text) => format!("{}::{ty}", literal(text)),
        None => format!(
            "(SELECT {which}({column})::{ty} FROM {from} WHERE {})",
            kind.finite(&column)
        ),
    };
    let query = format!(
        "SELECT DISTINCT v::text, v FROM (SELECT {step} AS v, lo, hi FROM (SELECT {lo} AS lo, {hi} AS hi) AS b, \
         (SELECT i, {parallel}::int8 AS n FROM generate_series(1, {last}::int8) AS s(i)) AS p) AS e \
         WHERE v > lo AND v <= hi ORDER BY 2",
        step = kind.step(),
        lo = bound(range.lower, "min"),
        hi = bound(range.upper, "max"),
        last = parallel.saturating_sub(1),
    );
    let doing = format!("finding ranges of {name:?}");
    let failed = |error: tokio_postgres::Error| {
        let fault = errors::fault(&doing, &error);
        match fault.code {
            // "invalid input syntax for type date": a bound.
            Code::DataInvalid => Fault::new(Code::PropertyMissing, fault.message),
            _ => fault,
        }
    };
    let rows = session.query(&query, &[]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

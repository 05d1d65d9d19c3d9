//! Splitting a source.

use super::plan::{Plan, column};
use crate::describe::primary_key;
use crate::names::TableName;
use crate::session::{Session, value};
use crate::settings::property;
use arrow::datatypes::DataType;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Split, TableSource};

/// A label, and the condition on the rows; all when empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) label: String,
    pub(super) condition: String,
}

/// What is split.
pub(super) struct Pieces<'a> {
    pub(super) asked: &'a TableSource,
    /// The table; none for a query or a procedure.
    pub(super) table: Option<&'a TableName>,
    pub(super) plan: &'a Plan,
    pub(super) parallel: usize,
    /// Whether all sessions see the same whatever they do.
    pub(super) frozen: bool,
}

/// The slices; at least one.
///
/// # Errors
/// `SL6013` when the split that was asked for cannot be made; other `SL60xx`.
pub(super) async fn slices(
    session: &mut Session,
    pieces: &Pieces<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Slice>, Fault> {
    match &pieces.asked.split {
        Split::Whole => Ok(vec![pieces.whole()]),
        Split::Automatic => automatic(session, pieces, warnings).await,
        Split::Physical { names } => physical(session, pieces, names).await,
        Split::Range { column, lower, upper } => {
            if !pieces.plan.splits() {
                return Err(property(
                    "the source's query or procedure cannot be split: use partitionOption None",
                ));
            }
            let name = match (column, pieces.table) {
                (Some(name), _) => name.clone(),
                (None, Some(table)) => match &primary_key(session, &table.quoted()).await?[..] {
                    [only] => only.clone(),
                    _ => {
                        return Err(property(format!(
                            "{table} has no primary key of one column: name a partitionColumnName"
                        )));
                    }
                },
                (None, None) => return Err(property("a query is split by a partitionColumnName, which is missing")),
            };
            let (name, kind) = pieces.kind(&name)?;
            let range = Range::bounds(session, pieces, &name, kind, lower.as_deref(), upper.as_deref()).await?;
            Ok(match range {
                Some(range) => range.slices(&pieces.label(), pieces.parallel),
                None => vec![pieces.whole()],
            })
        }
    }
}

/// By ranges of a whole-number key where all sessions see the same; one slice otherwise.
async fn automatic(
    session: &mut Session,
    pieces: &Pieces<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Slice>, Fault> {
    let Some(table) = pieces.table.filter(|_| pieces.parallel > 1) else {
        return Ok(vec![pieces.whole()]);
    };
    if !pieces.frozen {
        warnings.push(format!(
            "{table} is read as one partition: snapshots of SQL Server belong to one session, and that several see the same takes a \
             lock on the table for a moment; with partitionOption DynamicRange it is read by several"
        ));
        return Ok(vec![pieces.whole()]);
    }
    let key = primary_key(session, &table.quoted()).await?;
    let [only] = &key[..] else {
        return Ok(vec![pieces.whole()]);
    };
    match pieces.kind(only) {
        Ok((name, Kind::Whole)) => {
            let range = Range::bounds(session, pieces, &name, Kind::Whole, None, None).await?;
            Ok(range.map_or_else(
                || vec![pieces.whole()],
                |range| range.slices(&pieces.label(), pieces.parallel),
            ))
        }
        _ => Ok(vec![pieces.whole()]),
    }
}

/// One slice for each partition of a partitioned table, or for those named by number.
async fn physical(session: &mut Session, pieces: &Pieces<'_>, names: &[String]) -> Result<Vec<Slice>, Fault> {
    const DOING: &str = "looking for the table's partitions";
    const QUERY: &str = "SELECT pf.name, c.name, CAST(p.partition_number AS int) FROM sys.indexes AS i \
         INNER JOIN sys.partition_schemes AS ps ON ps.data_space_id = i.data_space_id \
         INNER JOIN sys.partition_functions AS pf ON pf.function_id = ps.function_id \
         INNER JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.partition_ordinal = 1 \
         INNER JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id \
         INNER JOIN sys.partitions AS p ON p.object_id = i.object_id AND p.index_id = i.index_id \
         WHERE i.index_id < 2 AND i.object_id = OBJECT_ID(@P1) ORDER BY p.partition_number";
    let table = pieces
        .table
        .ok_or_else(|| property("PhysicalPartitionsOfTable needs a table, and not a query"))?;
    let rows = session.query(DOING, QUERY, &[&table.quoted()]).await?;
    let mut slices = Vec::new();
    for row in &rows {
        let text = |at: usize| value::<&str>(row, at, DOING).map(|text| text.unwrap_or_default().to_owned());
        let number = value::<i32>(row, 2, DOING)?.unwrap_or_default();
        if !names.is_empty() && !names.iter().any(|name| name.trim() == number.to_string()) {
            continue;
        }
        let condition = format!("$PARTITION.{}({}) = {number}", column(&text(0)?), column(&text(1)?));
        slices.push(Slice {
            label: format!("{table} partition {number}"),
            condition,
        });
    }
    match (slices.is_empty(), names.is_empty()) {
        (false, true) => Ok(slices),
        (false, false) if slices.len() == names.len() => Ok(slices),
        // An unpartitioned table is one partition, as it is to SQL Server.
        (true, true) => Ok(vec![pieces.whole()]),
        _ => Err(property(format!(
            "not all of the partitions {names:?} are among those of {table}, which are numbers from 1"
        ))),
    }
}

impl Pieces<'_> {
    fn label(&self) -> String {
        match (self.table, &self.asked.read) {
            (Some(table), _) => table.to_string(),
            (None, sluice_store_core::Read::Procedure { name, .. }) => format!("the procedure {name}"),
            (None, _) => "the query".to_owned(),
        }
    }

    fn whole(&self) -> Slice {
        Slice {
            label: self.label(),
            condition: String::new(),
        }
    }

    /// The column of the result by this name, and whether ranges of it can be computed.
    fn kind(&self, name: &str) -> Result<(String, Kind), Fault> {
        let schema = &self.plan.schema;
        let found = schema
            .fields()
            .iter()
            .find(|field| field.name().eq_ignore_ascii_case(name));
        let field = found.ok_or_else(|| property(format!("the source has no column {name:?} to be split by")))?;
        let kind = match field.data_type() {
            DataType::UInt8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Kind::Whole,
            DataType::Date32 => Kind::Day,
            DataType::Timestamp(_, None) => Kind::Moment,
            other => {
                let text = format!(
                    "the source cannot be split by column {name:?} of type {other}: use one of whole numbers or dates"
                );
                return Err(property(text));
            }
        };
        Ok((field.name().clone(), kind))
    }
}

/// What ranges are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Whole,
    Day,
    Moment,
}

/// A column and its bounds, as whole numbers: of days since 1900 for days, of seconds since 1900 for moments.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) column: String,
    pub(super) kind: Kind,
    pub(super) lower: i64,
    pub(super) upper: i64,
}

impl Range {
    /// Takes the bounds that were given, and looks the others up; none when there are no rows.
    async fn bounds(
        session: &mut Session,
        pieces: &Pieces<'_>,
        name: &str,
        kind: Kind,
        lower: Option<&str>,
        upper: Option<&str>,
    ) -> Result<Option<Self>, Fault> {
        const DOING: &str = "looking for the bounds of the partition column";
        let mut found = [None, None];
        if lower.is_none() || upper.is_none() {
            let quoted = column(name);
            let number = |aggregate: &str| match kind {
                Kind::Whole => format!("CAST({aggregate}({quoted}) AS bigint)"),
                Kind::Day => format!("CAST(DATEDIFF(day, '19000101', {aggregate}({quoted})) AS bigint)"),
                Kind::Moment => format!(
                    "CAST(DATEDIFF(day, '19000101', {aggregate}({quoted})) AS bigint) * 86400 \
                     + DATEDIFF(second, CAST({aggregate}({quoted}) AS date), {aggregate}({quoted}))"
                ),
            };
            let from = pieces.plan.statement("1 = 1");
            let query = format!(
                "SELECT {} AS lower_bound, {} AS upper_bound FROM ({from}) AS sluice_b",
                number("MIN"),
                number("MAX")
            );
            let rows = session.long(DOING, &query).await?;
            if let Some(row) = rows.first() {
                found = [value::<i64>(row, 0, DOING)?, value::<i64>(row, 1, DOING)?];
            }
        }
        let given = |text: Option<&str>| text.map(|text| kind.parse(text)).transpose();
        let (low, high) = (given(lower)?, given(upper)?);
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            return Err(property(
                "the source's partitionLowerBound is above its partitionUpperBound",
            ));
        }
        let range = |(lower, upper)| Self {
            column: name.to_owned(),
            kind,
            lower,
            upper,
        };
        let bounds = low
            .or(found[0])
            .zip(high.or(found[1]))
            .filter(|(lower, upper)| lower <= upper);
        Ok(bounds.map(range))
    }

    /// At most `parallel` slices of about the same width. The first takes what is below and the NULLs, the last what is above:
    /// all rows are in exactly one.
    pub(super) fn slices(&self, label: &str, parallel: usize) -> Vec<Slice> {
        let width = i128::from(self.upper) - i128::from(self.lower) + 1;
        let count = (parallel.max(1) as i128).min(width);
        let quoted = column(&self.column);
        let edge = |index: i128| i64::try_from(i128::from(self.lower) + width * index / count).unwrap_or(i64::MAX);
        let slice = |index: i128| {
            let (from, to) = (self.kind.literal(edge(index)), self.kind.literal(edge(index + 1)));
            let (first, last) = (index == 0, index + 1 == count);
            let condition = match (first, last) {
                (true, true) => String::new(),
                (true, false) => format!("({quoted} < {to} OR {quoted} IS NULL)"),
                (false, true) => format!("{quoted} >= {from}"),
                (false, false) => format!("{quoted} >= {from} AND {quoted} < {to}"),
            };
            let label = match (first, last) {
                (true, true) => label.to_owned(),
                _ => format!("{label} {} {} of {count}", self.column, index + 1),
            };
            Slice { label, condition }
        };
        (0..count).map(slice).collect()
    }
}

impl Kind {
    /// A bound as it was given.
    fn parse(self, text: &str) -> Result<i64, Fault> {
        let text = text.trim().trim_matches('\'');
        let bad = || {
            property(format!(
                "the partition bound {text:?} is not of the partition column's type"
            ))
        };
        let epoch = chrono::NaiveDate::from_ymd_opt(1900, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0));
        let epoch = epoch.ok_or_else(|| Fault::new(Code::Internal, "1900-01-01 is a date"))?;
        if self == Self::Whole {
            return text.parse().map_err(|_| bad());
        }
        let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
        let moment = forms
            .iter()
            .find_map(|form| chrono::NaiveDateTime::parse_from_str(text, form).ok())
            .or_else(|| {
                text.parse::<chrono::NaiveDate>()
                    .ok()
                    .and_then(|day| day.and_hms_opt(0, 0, 0))
            })
            .ok_or_else(bad)?;
        let since = moment.signed_duration_since(epoch);
        Ok(match self {
            Self::Day => since.num_seconds().div_euclid(86_400),
            _ => since.num_seconds().div_euclid(1),
        })
    }

    /// A bound in SQL. In this form a date means the same in every language and to every type of date.
    fn literal(self, bound: i64) -> String {
        let seconds = match self {
            Self::Whole => return bound.to_string(),
            Self::Day => bound.saturating_mul(86_400),
            Self::Moment => bound,
        };
        let epoch = chrono::DateTime::from_timestamp(seconds.saturating_sub(2_208_988_800), 0).unwrap_or_default();
        match self {
            Self::Day => format!("'{}'", epoch.format("%Y%m%d")),
            _ => format!("'{}'", epoch.format("%Y-%m-%dT%H:%M:%S")),
        }
    }
}

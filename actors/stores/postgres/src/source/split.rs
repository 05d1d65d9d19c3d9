//! From what the activity asks to the slices that are read.

use super::partition::{self, Slice};
use super::plan::{Plan, Rows};
use super::range::{self, Range};
use crate::catalog::{self, Relation};
use crate::names::TableName;
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::Split;

/// In a query: where the condition of a range goes.
const CONDITION: [&str; 2] = [
    "?AdfDynamicRangePartitionCondition",
    "?DfDynamicRangePartitionCondition",
];
/// In a query: where the name of a partition goes.
const PARTITION: [&str; 2] = ["?AdfTabularPartitionName", "?DfTabularPartitionName"];

/// What is read, and how it is split.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) slices: Vec<Slice>,
    pub(crate) rows: Option<u64>,
}

/// The slices of a table.
///
/// # Errors
/// `SL6004`, `SL6007`, `SL6013`; other `SL60xx`.
pub(crate) async fn table(
    session: &Session,
    name: &TableName,
    split: &Split,
    parallel: usize,
) -> Result<Planned, Fault> {
    let table = catalog::get(session, name).await?;
    let plan = Plan::of_table(session, &table.name).await?;
    let mut rows = table.rows;
    let slices = match split {
        Split::Whole => vec![partition::whole(&table)],
        Split::Automatic => {
            let by_block = catalog::version(session).await? >= partition::TID_RANGE_SCAN;
            match (table.partitioned, by_block) {
                (true, by_block) => {
                    let mut leaves = catalog::leaves(session, &table.name).await?;
                    rows = leaves.iter().map(|leaf| leaf.rows).sum::<Option<u64>>().or(rows);
                    leaves.iter_mut().for_each(|leaf| leaf.in_blocks &= by_block);
                    // Permissions and row security are those of the table that is named.
                    match leaves.iter().all(|leaf| leaf.as_the_parent) {
                        true => partition::of_leaves(&leaves, parallel),
                        false => vec![partition::whole(&table)],
                    }
                }
                (false, true) if table.in_blocks => partition::by_block(&table, parallel),
                _ => vec![partition::whole(&table)],
            }
        }
        Split::Physical { names } => {
            let leaves = partitions(session, &table, names).await?;
            rows = leaves.iter().map(|leaf| leaf.rows).sum();
            leaves.iter().map(partition::whole).collect()
        }
        Split::Range { column, lower, upper } => {
            let key;
            let column = match column {
                Some(column) => column,
                None => {
                    key = key_of(session, &table).await?;
                    &key
                }
            };
            let range = Range {
                column,
                lower: lower.as_deref(),
                upper: upper.as_deref(),
            };
            let from = table.name.quoted();
            let conditions = range::conditions(session, &plan, &from, &range, parallel).await?;
            let slice = |(label, condition): (String, String)| Slice {
                label: format!("{} {label}", table.name),
                rows: Rows::Of(from.clone(), condition),
            };
            conditions.into_iter().map(slice).collect()
        }
    };
    // A partitioned table without partitions has no rows, but is a source nevertheless.
    let slices = match slices.is_empty() {
        true => vec![partition::whole(&table)],
        false => slices,
    };
    Ok(Planned { plan, slices, rows })
}

async fn partitions(session: &Session, table: &Relation, names: &[String]) -> Result<Vec<Relation>, Fault> {
    let leaves = match table.partitioned {
        true => catalog::leaves(session, &table.name).await?,
        // One that is not partitioned is its only partition, unless others are asked for.
        false if names.is_empty() => vec![table.clone()],
        false => Vec::new(),
    };
    partition::named(leaves, names)
}

async fn key_of(session: &Session, table: &Relation) -> Result<String, Fault> {
    let mut key = catalog::primary_key(session, &table.name).await?;
    match (key.pop(), key.is_empty()) {
        (Some(column), true) => Ok(column),
        _ => {
            let text = format!(
                "DynamicRange needs partitionColumnName: {} has no primary key of one column",
                table.name
            );
            Err(Fault::new(Code::PropertyMissing, text))
        }
    }
}

/// The slices of a query.
///
/// # Errors
/// `SL6007`, `SL6010`, `SL6013`; other `SL60xx`.
pub(crate) async fn query(
    session: &Session,
    query: &str,
    dataset: Option<&TableName>,
    split: &Split,
    parallel: usize,
) -> Result<Planned, Fault> {
    let property = |text: &str| Fault::new(Code::PropertyMissing, text);
    let with_condition = CONDITION.iter().any(|placeholder| query.contains(placeholder));
    let all = replace(query, &CONDITION, "TRUE");
    if PARTITION.iter().any(|placeholder| query.contains(placeholder)) {
        let Split::Physical { names } = split else {
            return Err(property(
                "the query has a placeholder for a partition's name: set partitionOption to PhysicalPartitionsOfTable",
            ));
        };
        let dataset = dataset
            .ok_or_else(|| property("the query has a placeholder for a partition's name, and the dataset no table"))?;
        let table = catalog::get(session, dataset).await?;
        let leaves = partitions(session, &table, names).await?;
        let of = |name: &TableName| replace(&all, &PARTITION, &name.quoted());
        let plan = Plan::of_query(session, &of(&table.name)).await?;
        let slice = |leaf: &Relation| Slice {
            label: format!("the query of {}", leaf.name),
            rows: Rows::Query(of(&leaf.name)),
        };
        let slices: Vec<Slice> = match leaves.is_empty() {
            true => vec![slice(&table)],
            false => leaves.iter().map(slice).collect(),
        };
        return Ok(Planned {
            plan,
            slices,
            rows: None,
        });
    }
    let plan = Plan::of_query(session, &all).await?;
    let slices = match split {
        Split::Automatic | Split::Whole => vec![Slice {
            label: "the query".to_owned(),
            rows: Rows::Query(all),
        }],
        Split::Physical { .. } => {
            return Err(property(
                "PhysicalPartitionsOfTable is for a table; a query needs ?AdfTabularPartitionName where the table's name stands",
            ));
        }
        Split::Range { column: None, .. } => {
            return Err(property("DynamicRange over a query needs partitionColumnName"));
        }
        Split::Range {
            column: Some(column),
            lower,
            upper,
        } => {
            let range = Range {
                column,
                lower: lower.as_deref(),
                upper: upper.as_deref(),
            };
            // The line break ends a comment that the query may end with.
            let from = format!("({all}\n) AS q");
            let conditions = range::conditions(session, &plan, &from, &range, parallel).await?;
            let slice = |(label, condition): (String, String)| Slice {
                label: format!("the query's {label}"),
                rows: match with_condition {
                    true => Rows::Query(replace(query, &CONDITION, &condition)),
                    false => Rows::Query(format!("SELECT * FROM {from} WHERE {condition}")),
                },
            };
            conditions.into_iter().map(slice).collect()
        }
    };
    Ok(Planned {
        plan,
        slices,
        rows: None,
    })
}

fn replace(query: &str, placeholders: &[&str], by: &str) -> String {
    let replaced = |query: String, placeholder: &&str| query.replace(placeholder, by);
    placeholders.iter().fold(query.to_owned(), replaced)
}

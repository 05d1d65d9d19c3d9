//! Splitting a table by its blocks, and by its partitions.

use super::plan::Rows;
use crate::catalog::Relation;
use serde::{Deserialize, Serialize};
use sluice_contract::{Code, Fault};
use std::collections::BTreeSet;

/// The first version that finds a range of blocks without reading all of them.
pub(crate) const TID_RANGE_SCAN: i32 = 140_000;

/// Fewer blocks than this are not worth another connection.
const MIN_BLOCKS: u64 = 8;

/// More blocks than this, 128 MiB, are cut further: an interrupted copy loses less, and its workers end closer together.
const MAX_BLOCKS: u64 = 16_384;

/// A part of what is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slice {
    pub(crate) label: String,
    pub(crate) rows: Rows,
}

/// The slices of an earlier plan, when they cover what the new ones do: the same tables, or the query that is the same by
/// definition. Slices of one table always cover all of it, however it has grown.
pub(crate) fn as_before(planned: Vec<Slice>, before: &serde_json::Value) -> Vec<Slice> {
    fn tables(slices: &[Slice]) -> BTreeSet<Option<String>> {
        let table = |rows: &Rows| match rows {
            Rows::Of(table, _) => Some(str::to_owned(table)),
            Rows::Query(_) => None,
        };
        slices.iter().map(|slice| table(&slice.rows)).collect()
    }
    match serde_json::from_value::<Vec<Slice>>(before.clone()) {
        Ok(before) if tables(&before) == tables(&planned) => before,
        _ => planned,
    }
}

/// A table as one slice.
pub(crate) fn whole(table: &Relation) -> Slice {
    Slice {
        label: table.name.to_string(),
        rows: Rows::Of(table.name.quoted(), String::new()),
    }
}

/// Slices of a table, of the same number of blocks each: at most `parallel`, but more of a large table.
///
/// The first begins before the first block and the last never ends: whatever else the table consists of, such as the children
/// of an old-style inheritance, is in exactly one of them.
pub(crate) fn by_block(table: &Relation, parallel: usize) -> Vec<Slice> {
    let (name, blocks) = (&table.name, table.blocks);
    // As many for every worker: otherwise the others wait for the one that has the last.
    let workers = (parallel as u64).max(1);
    let wanted = (blocks / MAX_BLOCKS).next_multiple_of(workers).max(workers);
    let count = (blocks / MIN_BLOCKS).min(wanted).max(1);
    // Block numbers have 32 bits, so this cannot overflow.
    let edge = |index: u64| blocks * index / count;
    let slice = |index: u64| {
        let (from, to) = (edge(index), edge(index + 1));
        let lower = (index > 0).then(|| format!("ctid >= '({from},0)'::tid"));
        let upper = (index + 1 < count).then(|| format!("ctid < '({to},0)'::tid"));
        let condition: Vec<String> = lower.into_iter().chain(upper).collect();
        let label = match count {
            1 => name.to_string(),
            _ => format!("{name} blocks {from}-{}", to - 1),
        };
        Slice {
            label,
            rows: Rows::Of(name.quoted(), condition.join(" AND ")),
        }
    };
    (0..count).map(slice).collect()
}

/// The partitions of a table, the large ones by their blocks, so that about `parallel` slices of the same weight come out.
pub(crate) fn of_leaves(leaves: &[Relation], parallel: usize) -> Vec<Slice> {
    let total: u64 = leaves.iter().map(|leaf| leaf.blocks).sum();
    let slices = leaves.iter().flat_map(|leaf| match leaf.in_blocks {
        true => {
            let share = (leaf.blocks * parallel as u64).div_ceil(total.max(1));
            by_block(leaf, usize::try_from(share).unwrap_or(parallel).max(1))
        }
        false => vec![whole(leaf)],
    });
    slices.collect()
}

/// The partitions that have one of these names, or belong to one that has.
///
/// # Errors
/// `SL6013`, for a name that none has.
pub(crate) fn named(leaves: Vec<Relation>, names: &[String]) -> Result<Vec<Relation>, Fault> {
    if names.is_empty() {
        return Ok(leaves);
    }
    let has = |leaf: &Relation, name: &String| {
        let own = [leaf.name.to_string(), leaf.name.table.clone()];
        own.contains(name) || leaf.ancestors.contains(name)
    };
    if let Some(missing) = names.iter().find(|name| !leaves.iter().any(|leaf| has(leaf, name))) {
        let known: Vec<&str> = leaves.iter().map(|leaf| leaf.name.table.as_str()).take(20).collect();
        let known = match known.is_empty() {
            true => "it has none".to_owned(),
            false => format!("it has {}", known.join(", ")),
        };
        let text = format!("partitionNames: the table has no partition {missing:?}; {known}");
        return Err(Fault::new(Code::PropertyMissing, text));
    }
    let kept = leaves
        .into_iter()
        .filter(|leaf| names.iter().any(|name| has(leaf, name)));
    Ok(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::TableName;

    fn table(name: &str, blocks: u64) -> Relation {
        Relation {
            name: TableName {
                schema: Some("s".into()),
                table: name.into(),
            },
            in_blocks: true,
            partitioned: false,
            blocks,
            rows: None,
            ancestors: vec!["p".into()],
            as_the_parent: true,
        }
    }

    fn conditions(slices: &[Slice]) -> Vec<String> {
        let condition = |slice: &Slice| match &slice.rows {
            Rows::Of(_, condition) => condition.clone(),
            Rows::Query(query) => query.clone(),
        };
        slices.iter().map(condition).collect()
    }

    #[test]
    fn slices_meet_and_are_balanced() {
        let slices = by_block(&table("t", 100), 3);
        assert_eq!(
            conditions(&slices),
            [
                "ctid < '(33,0)'::tid",
                "ctid >= '(33,0)'::tid AND ctid < '(66,0)'::tid",
                "ctid >= '(66,0)'::tid",
            ]
        );
        assert_eq!(slices[2].label, "s.t blocks 66-99");
        assert_eq!(by_block(&table("t", 9), 8).len(), 1);
        assert_eq!(by_block(&table("t", 20 * MAX_BLOCKS), 8).len(), 24);
        assert_eq!(conditions(&by_block(&table("t", 0), 8)), [""]);
    }

    #[test]
    fn partitions_get_slices_by_their_weight() {
        let leaves = [table("a", 800), table("b", 90), table("c", 10), table("d", 0)];
        let labels: Vec<String> = of_leaves(&leaves, 4).into_iter().map(|slice| slice.label).collect();
        assert_eq!(labels.len(), 7, "{labels:?}");
        assert!(labels[..4].iter().all(|label| label.starts_with("s.a blocks")));
        let kept = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            named(leaves.to_vec(), &names).map(|kept| kept.len())
        };
        assert_eq!(kept(&[]).unwrap(), 4);
        assert_eq!(kept(&["a", "s.b"]).unwrap(), 2);
        assert_eq!(kept(&["p"]).unwrap(), 4);
        assert!(kept(&["a", "x"]).unwrap_err().message.contains("\"x\""));
    }
}

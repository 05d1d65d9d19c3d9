//! Splitting a table by its blocks.

use crate::names::TableName;

/// The first version that finds a range of blocks without reading all of them.
pub(crate) const TID_RANGE_SCAN: i32 = 140_000;

/// Fewer blocks than this are not worth another connection.
const MIN_BLOCKS: u64 = 8;

/// A label, and the condition on the rows; none when empty.
pub(crate) type Slice = (String, String);

/// Everything as one slice.
pub(crate) fn whole(label: String) -> Slice {
    (label, String::new())
}

/// At most `parallel` slices of a table, of the same number of blocks each.
///
/// The first begins before the first block and the last never ends: whatever else the table consists of, such as the children
/// of an old-style inheritance, is in exactly one of them.
pub(crate) fn by_block(table: &TableName, blocks: u64, parallel: usize) -> Vec<Slice> {
    let count = (blocks / MIN_BLOCKS).min(parallel as u64).max(1);
    // Block numbers have 32 bits, so this cannot overflow.
    let edge = |index: u64| blocks * index / count;
    let slice = |index: u64| {
        let (from, to) = (edge(index), edge(index + 1));
        let lower = (index > 0).then(|| format!("ctid >= '({from},0)'::tid"));
        let upper = (index + 1 < count).then(|| format!("ctid < '({to},0)'::tid"));
        let condition: Vec<String> = lower.into_iter().chain(upper).collect();
        let label = match count {
            1 => table.to_string(),
            _ => format!("{table} blocks {from}-{}", to - 1),
        };
        (label, condition.join(" AND "))
    };
    (0..count).map(slice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_meet_and_are_balanced() {
        let table = TableName {
            schema: Some("s".into()),
            table: "t".into(),
        };
        let slices = by_block(&table, 100, 3);
        let conditions: Vec<&str> = slices.iter().map(|slice| slice.1.as_str()).collect();
        assert_eq!(
            conditions,
            [
                "ctid < '(33,0)'::tid",
                "ctid >= '(33,0)'::tid AND ctid < '(66,0)'::tid",
                "ctid >= '(66,0)'::tid",
            ]
        );
        assert_eq!(slices[2].0, "s.t blocks 66-99");
        for (blocks, parallel, count) in [(0, 4, 1), (7, 4, 1), (16, 4, 2), (1 << 32, 8, 8), (100, 0, 1)] {
            assert_eq!(by_block(&table, blocks, parallel).len(), count);
        }
        assert_eq!(by_block(&table, 0, 4)[0], whole("s.t".into()));
    }
}

//! Rows on their way into an output, which has room for so many.

use serde_json::Value;
use sluice_contract::Object;

/// How much an output holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of one result.
    pub rows: usize,
    /// Bytes of JSON text, over all results.
    pub bytes: usize,
    /// Whether to stop once a result is full: the rest is not wanted, and changes nothing.
    pub stop: bool,
}

/// One result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowSet {
    /// The rows that there was room for.
    pub rows: Vec<Object>,
    /// Whether there were more than [`Limits::rows`].
    pub more: bool,
    /// Whether rows were left out because of [`Limits::bytes`].
    pub large: bool,
}

/// Takes rows as long as there is room.
#[derive(Debug)]
pub struct Gather {
    limits: Limits,
    bytes: usize,
    columns: Vec<String>,
    sets: Vec<RowSet>,
}

impl Gather {
    /// Nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            bytes: 0,
            columns: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// A result begins. Columns without a name, and those whose name came before, are named by their place.
    pub fn begin<'a>(&mut self, columns: impl IntoIterator<Item = &'a str>) {
        self.columns.clear();
        for (place, name) in columns.into_iter().enumerate() {
            let name = match name {
                "" => format!("Column{}", place + 1),
                taken if self.columns.iter().any(|other| other == taken) => format!("{taken}_{}", place + 1),
                name => name.to_owned(),
            };
            self.columns.push(name);
        }
        self.sets.push(RowSet::default());
    }

    /// Whether the result that is being read can take another row; the rest of it need not be read.
    pub fn has_room(&self) -> bool {
        self.sets.last().is_some_and(|set| !set.more && !set.large)
    }

    /// Whether to stop: what is wanted is there.
    pub fn is_over(&self) -> bool {
        self.limits.stop && !self.sets.is_empty() && !self.has_room()
    }

    /// A row, its values in the order of the columns.
    pub fn push(&mut self, values: impl IntoIterator<Item = Value>) {
        let row: Object = self.columns.iter().cloned().zip(values).collect();
        self.push_row(row);
    }

    /// A row.
    pub fn push_row(&mut self, row: Object) {
        let Some(set) = self.sets.last_mut() else { return };
        if set.more || set.large {
            return;
        }
        if set.rows.len() >= self.limits.rows {
            set.more = true;
            return;
        }
        // A map of texts and values: writing it cannot fail.
        let size = serde_json::to_string(&row).map_or(0, |text| text.len() + 1);
        if self.bytes + size > self.limits.bytes {
            set.large = true;
            return;
        }
        self.bytes += size;
        set.rows.push(row);
    }

    /// How many results have begun.
    pub fn count(&self) -> usize {
        self.sets.len()
    }

    /// Takes the last result out again, if one has begun since there were `before`; unless `keep`, the others with it.
    pub fn take_after(&mut self, before: usize, keep: bool) -> Option<RowSet> {
        let last = (self.sets.len() > before).then(|| self.sets.pop()).flatten();
        if !keep {
            self.sets.truncate(before);
        }
        last
    }

    /// The results.
    pub fn done(self) -> Vec<RowSet> {
        self.sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_result_is_cut_at_its_rows_and_all_at_their_bytes() {
        let mut gather = Gather::new(Limits {
            rows: 2,
            bytes: 40,
            stop: true,
        });
        gather.begin(["a", "", "a"]);
        for row in 0..3 {
            gather.push([json!(row), json!(1), json!(2)]);
        }
        assert!(!gather.has_room() && gather.is_over());
        gather.begin(["b"]);
        gather.push([json!("x".repeat(50))]);
        let sets = gather.done();
        assert_eq!(json!(sets[0].rows[0]), json!({"a": 0, "Column2": 1, "a_3": 2}));
        assert!(sets[0].large || sets[0].more);
        assert!(sets[1].large && sets[1].rows.is_empty());
    }
}

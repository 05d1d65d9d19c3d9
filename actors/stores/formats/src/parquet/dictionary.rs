//! Which columns are worth a dictionary: told from the first rows.
//!
//! A dictionary that grows past its page costs a look-up for every value until it is given up, again in every row group. A
//! column of keys or prose is better off without one.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use std::collections::HashSet;

/// So many rows are looked at.
pub(super) const SAMPLE: usize = 16 * 1024;

/// Fewer rows, of a table with many columns or of a small one, say too little.
pub(super) const LEAST_SAMPLE: usize = 1024;

/// Bytes that a dictionary may grow to; then its column goes on without.
const LIMIT: usize = 1 << 20;

/// The same where there are many columns: smaller ones save nothing worth their look-ups.
const LEAST_LIMIT: usize = 64 << 10;

/// Bytes that each of so many columns' dictionaries may grow to, which are in memory together with a row group.
pub(super) fn limit(columns: usize, row_group_bytes: usize) -> usize {
    (row_group_bytes / columns.max(1)).clamp(LEAST_LIMIT, LIMIT)
}

/// For every column whether its values repeat enough within `rows` rows, as those of the sample do, for a dictionary of at most
/// `limit` bytes.
///
/// # Errors
/// Arrow's, for a type whose values cannot be compared; it has a dictionary then.
pub(super) fn pays(schema: &SchemaRef, sample: &[RecordBatch], rows: usize, limit: usize) -> Vec<bool> {
    let column = |index: usize| {
        let arrays: Vec<ArrayRef> = sample.iter().map(|batch| batch.column(index).clone()).collect();
        distinct(&arrays).map_or(true, |found| found.fits(rows, limit))
    };
    (0..schema.fields().len()).map(column).collect()
}

/// What a sample holds.
#[derive(Clone, Copy, Debug)]
struct Distinct {
    rows: usize,
    /// Distinct values of its first half, and of all.
    half: usize,
    all: usize,
    /// Bytes of a value, about.
    width: usize,
}

fn distinct(arrays: &[ArrayRef]) -> Result<Distinct, ArrowError> {
    let arrays: Vec<&dyn arrow::array::Array> = arrays.iter().map(AsRef::as_ref).collect();
    let array = concat(&arrays)?;
    let array = array.slice(0, array.len().min(SAMPLE));
    let converter = RowConverter::new(vec![SortField::new(array.data_type().clone())])?;
    let rows = converter.convert_columns(&[array])?;
    let mut seen = HashSet::with_capacity(rows.num_rows());
    let mut half = 0;
    let mut bytes = 0;
    for (index, row) in rows.iter().enumerate() {
        if index == rows.num_rows() / 2 {
            half = seen.len();
        }
        bytes += row.data().len();
        seen.insert(row.data());
    }
    Ok(Distinct {
        rows: rows.num_rows(),
        half,
        all: seen.len(),
        width: bytes / rows.num_rows().max(1),
    })
}

impl Distinct {
    /// Whether the dictionary of `rows` rows would fit `limit` bytes, and be smaller than what it stands for.
    fn fits(&self, rows: usize, limit: usize) -> bool {
        let expected = self.expected(rows);
        expected * self.width.max(1) as f64 <= limit as f64 && expected * 2.0 <= rows as f64
    }

    /// How many distinct values `rows` rows have.
    fn expected(&self, rows: usize) -> f64 {
        let (half, all, sample) = (self.half as f64, self.all as f64, self.rows as f64);
        let more = (rows as f64 - sample).max(0.0);
        let growing = all + (all - half) / (sample / 2.0).max(1.0) * more;
        // Values picked at random from `of` ones: so many are seen after `picks`.
        let seen = |of: f64, picks: f64| of * (1.0 - (-picks / of).exp());
        let (mut low, mut high) = (half.max(1.0), 1e12);
        for _ in 0..60 {
            let of = (low * high).sqrt();
            if seen(of, sample / 2.0) < half {
                low = of
            } else {
                high = of
            }
        }
        match all <= seen(high, sample) * 1.1 + 16.0 {
            true => seen(high, rows as f64).min(growing),
            // They do not come at random, but one after the other: there are always new ones.
            false => growing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use std::sync::Arc;

    fn pays_for(array: ArrayRef) -> bool {
        distinct(&[array]).unwrap().fits(1 << 20, LIMIT)
    }

    fn numbers(value: impl Fn(i64) -> i64) -> ArrayRef {
        Arc::new((0..SAMPLE as i64).map(value).collect::<Int64Array>())
    }

    #[test]
    fn repeated_values_are_told_from_ever_new_ones() {
        let mixed = |i: i64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) >> 20).rem_euclid(1 << 40);
        assert!(pays_for(numbers(|_| 7)));
        assert!(pays_for(numbers(|i| mixed(i) % 50)));
        assert!(
            pays_for(numbers(|i| mixed(i) % 10_000)),
            "fewer than the sample has rows, at random"
        );
        assert!(!pays_for(numbers(|i| mixed(i) % 500_000)), "more than fit");
        assert!(!pays_for(numbers(|i| i)), "keys");
        assert!(
            !pays_for(numbers(|i| i / 4)),
            "keys that come four times, one after the other"
        );
        assert!(pays_for(numbers(|i| i / 1000)), "dates of a log");
        let comments = (0..SAMPLE).map(|i| Some(format!("a comment of some length, {i}")));
        assert!(!pays_for(Arc::new(comments.collect::<StringArray>())));
        let countries = (0..SAMPLE).map(|i| (i % 7 > 0).then(|| format!("country {}", i % 100)));
        assert!(pays_for(Arc::new(countries.collect::<StringArray>())));
    }
}

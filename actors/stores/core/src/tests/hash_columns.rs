//! The sums of single columns, and the hash of fields in a store's own encoding.

use super::batch;
use crate::{ContentHash, FieldHasher};
use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use std::collections::HashSet;
use std::sync::Arc;

fn table(columns: Vec<ArrayRef>) -> RecordBatch {
    let fields = columns.iter().map(|c| Field::new("c", c.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).unwrap()
}

fn pair(numbers: Vec<i64>, texts: Vec<&str>) -> ContentHash {
    ContentHash::of(&table(vec![
        Arc::new(Int64Array::from(numbers)),
        Arc::new(StringArray::from(texts)),
    ]))
}

#[test]
fn a_difference_names_its_column() {
    let whole = pair(vec![1, 2, 3], vec!["a", "b", "c"]);
    assert_eq!(whole.columns().len(), 2);
    assert!(whole.differing(&whole.clone()).is_empty());
    assert_eq!(whole.differing(&pair(vec![1, 2, 4], vec!["a", "b", "c"])), [0]);
    assert_eq!(whole.differing(&pair(vec![1, 2, 3], vec!["a", "b", ""])), [1]);
    assert_eq!(whole.differing(&pair(vec![1, 2], vec!["a", "b"])), [0, 1]);
    assert_eq!(ContentHash::default().differing(&whole), [0, 1]);
}

#[test]
fn values_that_only_change_their_rows_change_no_column() {
    let (before, after) = (pair(vec![1, 2], vec!["a", "b"]), pair(vec![2, 1], vec!["a", "b"]));
    assert_ne!(before, after);
    assert_ne!(before.to_string(), after.to_string());
    assert!(before.differing(&after).is_empty());
}

#[test]
fn columns_do_not_depend_on_cuts_and_order() {
    let whole = ContentHash::of(&batch(0, 1_000));
    let mut sum = ContentHash::default();
    for start in (0..1_000).step_by(77).rev() {
        sum.merge(&ContentHash::of(&batch(start, (start + 77).min(1_000))));
    }
    assert_eq!(sum.columns(), whole.columns());
    assert_eq!(sum.columns().len(), 2);
}

#[test]
fn changes_that_even_out_do_not_hide() {
    // One number up and another down: a plain sum would be the same for all pairs of one total.
    let mut seen = HashSet::new();
    for a in 0..300 {
        for b in a..300 {
            let sum = pair(vec![a, b], vec!["", ""]).columns()[0];
            assert!(seen.insert(sum), "{a} and {b} are another pair, too");
        }
    }
}

#[test]
fn fields_are_hashed_like_columns_of_bytes() {
    let rows: [[Option<&[u8]>; 2]; 3] = [
        [Some(b"1"), Some(b"a long field of more than sixteen bytes")],
        [None, Some(b"")],
        [Some(b"\0\0\0\x01"), None],
    ];
    let column = |place: usize| -> ArrayRef { Arc::new(rows.iter().map(|row| row[place]).collect::<BinaryArray>()) };
    let whole = ContentHash::of(&table(vec![column(0), column(1)]));
    let mut hasher = FieldHasher::new(2);
    let mut sum = ContentHash::default();
    for row in rows.iter().rev() {
        row.iter().for_each(|field| hasher.field(*field));
        hasher.end_row();
        sum.merge(&hasher.take());
    }
    assert_eq!(sum, whole);
    assert_eq!(hasher.take(), ContentHash::default(), "no rows are left");
}

#[test]
fn the_sums_of_columns_never_change() {
    // They are kept in receipts, like the hash of the whole.
    let columns = ContentHash::of(&batch(0, 100));
    assert_eq!(format!("{:016x?}", columns.columns()), GOLDEN);
}

const GOLDEN: &str = "[4c121dd7c31ae63c, 56912bf04b3f6058]";

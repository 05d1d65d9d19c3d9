//! Cells that hold cells: the children are hashed column-wise first, then gathered.

use super::column::{cells as column, push, tag};
use super::{NULL, SEED, absorb, cell, rows};
use arrow::array::{Array, AsArray, GenericListArray, GenericListViewArray, OffsetSizeTrait};
use arrow::datatypes::DataType;
use std::ops::Range;

/// Appends the hashes of a nested type's cells; says no to other types.
pub(super) fn cells(array: &dyn Array, out: &mut Vec<u64>) -> bool {
    match array.data_type() {
        DataType::List(_) => list::<i32>(array.as_list(), out),
        DataType::LargeList(_) => list::<i64>(array.as_list(), out),
        DataType::ListView(_) => list_view::<i32>(array.as_list_view(), out),
        DataType::LargeListView(_) => list_view::<i64>(array.as_list_view(), out),
        DataType::FixedSizeList(_, _) => {
            let array = array.as_fixed_size_list();
            let width = usize::try_from(array.value_length()).unwrap_or_default();
            ranges(array, array.values(), out, |i| i * width..(i + 1) * width);
        }
        DataType::Map(_, _) => {
            let array = array.as_map();
            let offsets = array.value_offsets();
            let range = |i: usize| index(offsets[i])..index(offsets[i + 1]);
            // Its values are a struct array of keys and values.
            ranges(array, array.entries(), out, range);
        }
        DataType::Struct(_) => {
            let array = array.as_struct();
            let (rows, _) = rows(array.columns(), array.len());
            push(array.nulls(), array.len(), out, |i| cell(rows[i], 0, tag::STRUCT));
        }
        DataType::Dictionary(_, _) => dictionary(array, out),
        _ => return false,
    }
    true
}

fn list<O: OffsetSizeTrait>(array: &GenericListArray<O>, out: &mut Vec<u64>) {
    let offsets = array.value_offsets();
    let range = |i: usize| offsets[i].as_usize()..offsets[i + 1].as_usize();
    ranges(array, array.values(), out, range);
}

fn list_view<O: OffsetSizeTrait>(array: &GenericListViewArray<O>, out: &mut Vec<u64>) {
    let (offsets, sizes) = (array.value_offsets(), array.value_sizes());
    let range = |i: usize| offsets[i].as_usize()..offsets[i].as_usize() + sizes[i].as_usize();
    ranges(array, array.values(), out, range);
}

/// A cell of every range of children.
fn ranges(array: &dyn Array, children: &dyn Array, out: &mut Vec<u64>, range: impl Fn(usize) -> Range<usize>) {
    let mut hashes = Vec::with_capacity(children.len());
    column(children, &mut hashes);
    push(array.nulls(), array.len(), out, |i| {
        let inner = hashes.get(range(i)).unwrap_or_default();
        let all = inner.iter().fold(SEED[3], |row, cell| absorb(row, *cell));
        cell(all, inner.len() as u64, tag::LIST)
    });
}

/// Every distinct value is hashed once. A key may be NULL, and so may the value it points to.
fn dictionary(array: &dyn Array, out: &mut Vec<u64>) {
    let array = array.as_any_dictionary();
    let mut hashes = Vec::with_capacity(array.values().len());
    column(array.values().as_ref(), &mut hashes);
    if hashes.is_empty() {
        out.extend(std::iter::repeat_n(NULL, array.len()));
        return;
    }
    let keys = array.normalized_keys();
    push(array.nulls(), array.len(), out, |i| hashes[keys[i]]);
}

fn index(offset: i32) -> usize {
    usize::try_from(offset).unwrap_or_default()
}

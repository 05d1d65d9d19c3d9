//! The hash of rows in a store's own encoding, made while they are walked over.

use super::column::tag;
use super::{ContentHash, NULL, SEED, absorb, bytes, share};

/// Hashes the fields of encoded rows as they are. The same as [`ContentHash::of`] of a batch of `Binary` columns that hold
/// the fields' bytes.
#[derive(Clone, Debug)]
pub struct FieldHasher {
    hash: ContentHash,
    row: u64,
    column: usize,
}

impl FieldHasher {
    /// A hash of no rows yet, of so many columns.
    pub fn new(columns: usize) -> Self {
        Self {
            hash: ContentHash {
                columns: vec![0; columns],
                ..ContentHash::default()
            },
            row: SEED[3],
            column: 0,
        }
    }

    /// Takes in the next field of the row; none is NULL.
    #[inline]
    pub fn field(&mut self, field: Option<&[u8]>) {
        let cell = field.map_or(NULL, |field| bytes::hash(field, tag::BYTES));
        self.row = absorb(self.row, cell);
        if let Some(sum) = self.hash.columns.get_mut(self.column) {
            *sum = sum.wrapping_add(share(cell));
        }
        self.column += 1;
    }

    /// Ends the row.
    #[inline]
    pub fn end_row(&mut self) {
        self.hash.row(self.row);
        self.row = SEED[3];
        self.column = 0;
    }

    /// The hash of the rows since the last call.
    pub fn take(&mut self) -> ContentHash {
        let columns = self.hash.columns.len();
        let hash = std::mem::replace(self, Self::new(columns)).hash;
        // A hash of no rows has no columns; rows have a mixed sum that is not zero but once in 2^64.
        match hash.sum == 0 && hash.mixed == 0 {
            true => ContentHash::default(),
            false => hash,
        }
    }
}

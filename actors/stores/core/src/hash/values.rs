//! The hash of rows whose values come one by one.

use super::column::tag;
use super::{ContentHash, NULL, SEED, absorb, bytes, cell, share};

/// Hashes values row by row. The same as [`ContentHash::of`] of a batch of them.
#[derive(Clone, Debug)]
pub struct ValueHasher {
    hash: ContentHash,
    row: u64,
    column: usize,
}

/// The hash of one value, for [`ValueHasher::cell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell(u64);

impl Cell {
    /// NULL.
    pub const NULL: Self = Self(NULL);

    /// Yes or no.
    #[inline]
    pub fn boolean(value: bool) -> Self {
        Self(cell(value.into(), 0, tag::BOOLEAN))
    }

    /// A whole number of any width.
    #[inline]
    pub fn integer(value: i64) -> Self {
        Self(cell(value as u64, 0, tag::INTEGER))
    }

    /// A number of single or double precision. All NaNs are one value.
    #[inline]
    pub fn float(value: f64) -> Self {
        let value = if value.is_nan() { f64::NAN } else { value };
        Self(cell(value.to_bits(), 0, tag::FLOAT))
    }

    /// A number of so many decimals.
    #[inline]
    pub fn decimal(value: i128, scale: i8) -> Self {
        let scale = u64::from(scale as u8);
        Self(cell(value as u64, (value >> 64) as u64, tag::DECIMAL ^ scale))
    }

    /// Days since 1970.
    #[inline]
    pub fn date(days: i64) -> Self {
        Self(cell(days as u64, 0, tag::DATE))
    }

    /// Microseconds since midnight.
    #[inline]
    pub fn time(micros: i64) -> Self {
        Self::micros(micros, tag::TIME)
    }

    /// Microseconds since 1970; `utc`: of a moment, and not of a calendar without a zone.
    #[inline]
    pub fn timestamp(micros: i64, utc: bool) -> Self {
        Self::micros(micros, if utc { tag::INSTANT } else { tag::TIMESTAMP })
    }

    /// A text.
    #[inline]
    pub fn text(text: &[u8]) -> Self {
        Self(bytes::hash(text, tag::TEXT))
    }

    #[inline]
    fn micros(micros: i64, tag: u64) -> Self {
        let nanos = i128::from(micros) * 1000;
        Self(cell(nanos as u64, (nanos >> 64) as u64, tag))
    }
}

impl ValueHasher {
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

    /// Takes in the next value of the row.
    #[inline]
    pub fn cell(&mut self, cell: Cell) {
        self.row = absorb(self.row, cell.0);
        if let Some(sum) = self.hash.columns.get_mut(self.column) {
            *sum = sum.wrapping_add(share(cell.0));
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

    /// The hash of the rows since the last call, of which there must be some.
    pub fn take(&mut self) -> ContentHash {
        let columns = self.hash.columns.len();
        std::mem::replace(self, Self::new(columns)).hash
    }
}

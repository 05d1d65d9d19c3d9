//! A hash of a table's content that does not depend on the order of its rows.
//!
//! Every row gets a 64-bit hash of its cells in a canonical encoding; the hashes, and once more mixed, are added up. The
//! sum is the same however the rows are cut into batches and partitions and in which order they come. Every column has a
//! sum of its own over its mixed cells: it names the column when two tables differ. Equal values have equal encodings
//! whatever array carries them: an integer of any width, text as `Utf8` or a dictionary, a timestamp of any unit. NULL is
//! not empty text, and -0.0 is not 0.0.
//!
//! It finds damage, not forgery: the constants are public.

mod bytes;
mod column;
mod fields;
mod nested;
mod values;

pub use fields::FieldHasher;
pub use values::{Cell, ValueHasher};

use arrow::array::RecordBatch;
use std::fmt;

/// The order-independent hash of rows, as a whole and column by column. Shown as the 32 hexadecimal digits of the whole.
///
/// No rows have no columns, so that nothing is the same nothing for every table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentHash {
    sum: u64,
    mixed: u64,
    columns: Vec<u64>,
}

impl ContentHash {
    /// The hash of a batch's rows.
    pub fn of(batch: &RecordBatch) -> Self {
        let mut hash = Self::default();
        if batch.num_rows() == 0 {
            return hash;
        }
        let (rows, columns) = rows(batch.columns(), batch.num_rows());
        for row in rows {
            hash.row(row);
        }
        hash.columns = columns;
        hash
    }

    /// Adds the rows of another hash.
    pub fn merge(&mut self, other: &Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.mixed = self.mixed.wrapping_add(other.mixed);
        if self.columns.len() < other.columns.len() {
            self.columns.resize(other.columns.len(), 0);
        }
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            *column = column.wrapping_add(*more);
        }
    }

    /// The sums of the columns, in their order; none when there were no rows.
    pub fn columns(&self) -> &[u64] {
        &self.columns
    }

    /// All of it as text, for [`from_text`](Self::from_text).
    pub fn to_text(&self) -> String {
        let columns: String = self.columns.iter().map(|sum| format!("{sum:016x}")).collect();
        format!("{self}:{columns}")
    }

    /// Reads what [`to_text`](Self::to_text) wrote; none for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
        let (whole, columns) = text.split_once(':')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if whole.len() != 32 || columns.len() % 16 != 0 || !digits(whole) || !digits(columns) {
            return None;
        }
        Some(Self {
            sum: number(&whole[..16])?,
            mixed: number(&whole[16..])?,
            columns: (0..columns.len() / 16)
                .map(|place| number(&columns[place * 16..][..16]))
                .collect::<Option<_>>()?,
        })
    }

    /// The places of the columns whose sums differ. Rows that merely exchanged values of a column differ in none.
    pub fn differing(&self, other: &Self) -> Vec<usize> {
        let sum = |columns: &[u64], place: usize| columns.get(place).copied().unwrap_or_default();
        let all = 0..self.columns.len().max(other.columns.len());
        all.filter(|&place| sum(&self.columns, place) != sum(&other.columns, place))
            .collect()
    }

    /// Takes in the hash of a row.
    #[inline]
    fn row(&mut self, row: u64) {
        self.sum = self.sum.wrapping_add(finish(row));
        self.mixed = self.mixed.wrapping_add(finish(row ^ SEED[3]));
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.sum, self.mixed)
    }
}

/// Arbitrary odd numbers with about as many ones as zeros.
const SEED: [u64; 4] = [
    0x9e37_79b9_7f4a_7c15,
    0xd6e8_feb8_6659_fd93,
    0xa076_1d64_78bd_642f,
    0xe703_7ed1_a0b4_28db,
];

/// The hash of NULL, of any type.
const NULL: u64 = 0x6c62_272e_07bb_0142;

/// Multiplies to 128 bits and folds them: every bit of the result depends on every bit of both.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of a cell whose value has 128 bits; `tag` tells the families of types apart.
#[inline]
fn cell(low: u64, high: u64, tag: u64) -> u64 {
    fold(low ^ SEED[0], high ^ tag ^ SEED[1])
}

/// Takes one more cell into a row. What was in the row before is kept to the last bit.
#[inline]
fn absorb(row: u64, cell: u64) -> u64 {
    (row.rotate_left(23) ^ cell).wrapping_mul(SEED[2])
}

/// Spreads the last cell over all bits.
#[inline]
fn finish(row: u64) -> u64 {
    let row = (row ^ (row >> 32)).wrapping_mul(SEED[1]);
    row ^ (row >> 29)
}

/// What a cell adds to its column's sum.
#[inline]
fn share(cell: u64) -> u64 {
    finish(cell ^ SEED[0])
}

/// The rows' hashes, made column by column, and the columns' sums.
fn rows(columns: &[arrow::array::ArrayRef], count: usize) -> (Vec<u64>, Vec<u64>) {
    let mut rows = vec![SEED[3]; count];
    let mut sums = Vec::with_capacity(columns.len());
    let mut cells = Vec::with_capacity(count);
    for array in columns {
        cells.clear();
        column::cells(array.as_ref(), &mut cells);
        let mut sum = 0_u64;
        for (row, cell) in rows.iter_mut().zip(&cells) {
            *row = absorb(*row, *cell);
            sum = sum.wrapping_add(share(*cell));
        }
        sums.push(sum);
    }
    (rows, sums)
}

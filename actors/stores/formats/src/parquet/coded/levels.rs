//! Which rows of a page have a value.

use super::pack::varint;
use arrow::array::BooleanBufferBuilder;
use arrow::buffer::NullBuffer;

/// The definition levels of a page of a column that is not nested: one bit for each row. They cost nothing while no row is NULL.
#[derive(Default)]
pub(super) struct Levels {
    rows: usize,
    nulls: usize,
    bits: Option<BooleanBufferBuilder>,
}

impl Levels {
    /// Takes rows in; these are their NULLs, if there are any.
    pub(super) fn append(&mut self, rows: usize, nulls: Option<&NullBuffer>) {
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        if let Some(nulls) = nulls {
            let before = self.rows;
            let bits = self.bits.get_or_insert_with(|| {
                let mut bits = BooleanBufferBuilder::new(before + rows);
                bits.append_n(before, true);
                bits
            });
            bits.append_buffer(nulls.inner());
            self.nulls += nulls.null_count();
        } else if let Some(bits) = &mut self.bits {
            bits.append_n(rows, true);
        }
        self.rows += rows;
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn nulls(&self) -> usize {
        self.nulls
    }

    /// Appends the levels as a page has them, their length before them.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&[0; 4]);
        match &mut self.bits {
            // One run of ones.
            None => {
                varint((self.rows as u64) << 1, out);
                out.push(1);
            }
            // Arrow packs bits as Parquet does.
            Some(bits) => {
                varint((self.rows.div_ceil(8) as u64) << 1 | 1, out);
                out.extend_from_slice(&bits.as_slice()[..self.rows.div_ceil(8)]);
            }
        }
        let length = (out.len() - at - 4) as u32;
        out[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }
}

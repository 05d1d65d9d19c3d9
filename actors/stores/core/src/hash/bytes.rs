//! The hash of a cell of any length.

use super::{SEED, fold};

/// Sixteen bytes at a time; the length goes in, so that what is padded is not ambiguous.
#[inline]
pub(super) fn hash(bytes: &[u8], tag: u64) -> u64 {
    let length = bytes.len() as u64;
    let mut state = fold(tag ^ SEED[2], length ^ SEED[3]);
    let (blocks, rest) = bytes.as_chunks::<16>();
    for block in blocks {
        let (low, high) = halves(*block);
        state = fold(low ^ SEED[0], high ^ state);
    }
    if !rest.is_empty() {
        let (low, high) = tail(rest);
        state = fold(low ^ SEED[0], high ^ state);
    }
    fold(state ^ SEED[1], length ^ SEED[2])
}

#[inline]
fn halves(block: [u8; 16]) -> (u64, u64) {
    let whole = u128::from_le_bytes(block);
    (whole as u64, (whole >> 64) as u64)
}

/// One to fifteen bytes as two words that overlap where they may: cheaper than padding them.
#[inline]
fn tail(bytes: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into());
    }
    let at = |i: usize| u64::from(bytes.get(i).copied().unwrap_or_default());
    (at(0) | at(1) << 8 | at(2) << 16, 0)
}

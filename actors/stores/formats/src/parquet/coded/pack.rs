//! Parquet's hybrid of runs and packed bits, for the codes of a page.
//!
//! The format is that of the specification, "Run Length Encoding / Bit-Packing Hybrid": a varint whose lowest bit tells a
//! packed run, of groups of eight values, from a repeated one, of any number.

/// Values of a packed group.
const GROUP: usize = 8;

/// Bits that codes below `count` need.
pub(super) fn width(count: usize) -> u8 {
    let largest = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
    (u32::BITS - largest.leading_zeros()) as u8
}

/// Appends `codes`, each of which fits `width` bits.
pub(super) fn pack(codes: &[u32], width: u8, out: &mut Vec<u8>) {
    out.reserve(codes.len() * usize::from(width) / 8 + 16);
    let mut at = 0;
    // Where the packed run begins that has not been written yet.
    let mut packed = 0;
    while let Some(group) = codes[at..].first_chunk::<GROUP>() {
        if group.iter().any(|code| *code != group[0]) {
            at += GROUP;
            continue;
        }
        flush(&codes[packed..at], width, out);
        let same = codes[at..].iter().take_while(|code| **code == group[0]).count();
        repeat(group[0], same, width, out);
        at += same;
        packed = at;
    }
    flush(&codes[packed..], width, out);
}

/// A repeated value.
fn repeat(code: u32, count: usize, width: u8, out: &mut Vec<u8>) {
    varint((count as u64) << 1, out);
    out.extend_from_slice(&code.to_le_bytes()[..usize::from(width.div_ceil(8))]);
}

/// A packed run; its last group is filled with zeros.
fn flush(codes: &[u32], width: u8, out: &mut Vec<u8>) {
    if codes.is_empty() {
        return;
    }
    varint((codes.len().div_ceil(GROUP) as u64) << 1 | 1, out);
    let (groups, rest) = codes.as_chunks::<GROUP>();
    for group in groups {
        bits(group, width, out);
    }
    if !rest.is_empty() {
        let mut last = [0; GROUP];
        last[..rest.len()].copy_from_slice(rest);
        bits(&last, width, out);
    }
}

/// Eight values, the first in the lowest bits: as many bytes as each has bits.
#[inline]
fn bits(group: &[u32; GROUP], width: u8, out: &mut Vec<u8>) {
    // Of up to 16 bits, all eight of them fit one register of 128.
    if width <= 16 {
        let mut all = 0_u128;
        for (index, code) in group.iter().enumerate() {
            all |= u128::from(*code) << (index * usize::from(width));
        }
        out.extend_from_slice(&all.to_le_bytes()[..usize::from(width)]);
        return;
    }
    let (mut some, mut have) = (0_u64, 0);
    for code in group {
        some |= u64::from(*code) << have;
        have += width;
        while have >= 8 {
            out.push(some as u8);
            some >>= 8;
            have -= 8;
        }
    }
}

/// An unsigned number, seven bits a byte.
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Reads what was packed, as the specification says.
    fn unpack(mut bytes: &[u8], width: u8, count: usize) -> Vec<u32> {
        let mut codes = Vec::new();
        while codes.len() < count {
            let mut header = 0_u64;
            let mut shift = 0;
            loop {
                let (byte, rest) = bytes.split_first().unwrap();
                bytes = rest;
                header |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let many = usize::try_from(header >> 1).unwrap();
            if header & 1 == 0 {
                let (value, rest) = bytes.split_at(usize::from(width.div_ceil(8)));
                bytes = rest;
                let value = value.iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte));
                codes.extend(std::iter::repeat_n(value, many));
            } else {
                let (packed, rest) = bytes.split_at(many * usize::from(width));
                bytes = rest;
                for index in 0..many * GROUP {
                    let bit = |at: usize| u32::from(packed[at / 8] >> (at % 8) & 1);
                    let first = index * usize::from(width);
                    codes.push((0..usize::from(width)).fold(0, |all, i| all | bit(first + i) << i));
                }
            }
        }
        assert!(bytes.is_empty(), "{} bytes are left", bytes.len());
        // A last packed group may be filled up.
        assert!(codes.len() < count + GROUP && codes[count..].iter().all(|code| *code == 0));
        codes.truncate(count);
        codes
    }

    proptest! {
        #[test]
        fn what_is_packed_is_read(runs in vec((any::<u32>(), 1_usize..30), 0..40), single in vec(any::<u32>(), 0..40), bits in 0_u8..=32) {
            let mask = u32::MAX.checked_shr(32 - u32::from(bits)).unwrap_or(0);
            let mut codes: Vec<u32> = Vec::new();
            for (code, times) in runs {
                codes.extend(std::iter::repeat_n(code & mask, times));
                codes.extend(single.iter().map(|code| code & mask));
            }
            let mut out = Vec::new();
            pack(&codes, bits, &mut out);
            prop_assert_eq!(unpack(&out, bits, codes.len()), codes);
        }
    }

    #[test]
    fn widths() {
        let widths = [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 3),
            (256, 8),
            (257, 9),
            (1 << 20, 20),
        ];
        for (count, bits) in widths {
            assert_eq!(width(count), bits, "{count}");
        }
    }
}

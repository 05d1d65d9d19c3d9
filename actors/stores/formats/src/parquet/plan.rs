//! From footers to partitions: ranges of row groups of about the same weight.

use parquet::file::metadata::ParquetMetaData;
use std::ops::Range;

/// A range of one file's row groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// Which file.
    pub(super) file: usize,
    /// Which of its row groups.
    pub(super) groups: Range<usize>,
}

/// Bytes of each row group of a file.
pub(super) fn weights(metadata: &ParquetMetaData) -> Vec<u64> {
    let weight = |bytes: i64| u64::try_from(bytes).unwrap_or(0).max(1);
    let groups = metadata.row_groups().iter();
    groups.map(|group| weight(group.compressed_size())).collect()
}

/// Splits every file into at least one slice, and large ones into more, so that about `parallel` slices of about the same weight
/// come out where the row groups allow it. A file without rows has one empty slice.
pub(super) fn slices(files: &[Vec<u64>], parallel: usize) -> Vec<Slice> {
    let total: u64 = files.iter().flatten().sum::<u64>().max(1);
    let parallel = parallel.max(1) as u64;
    let mut slices = Vec::new();
    for (file, groups) in files.iter().enumerate() {
        let weight: u64 = groups.iter().sum();
        // Rounded: a file of half a share or more gets a slice of its own.
        let share = u128::from(weight) * u128::from(parallel) * 2 + u128::from(total);
        let wanted = usize::try_from(share / (u128::from(total) * 2)).unwrap_or(1);
        let wanted = wanted.clamp(1, groups.len().max(1));
        let mut start = 0;
        let mut before = 0u64;
        for slice in 0..wanted {
            let until = u128::from(weight) * (slice as u128 + 1) / wanted as u128;
            let mut end = start;
            // At least one group for this slice, and one for each that follows.
            let last = groups.len() - (wanted - 1 - slice).min(groups.len());
            while end < last && (end == start || u128::from(before) + u128::from(groups[end]) / 2 <= until) {
                before += groups[end];
                end += 1;
            }
            let end = if slice + 1 == wanted { groups.len() } else { end };
            slices.push(Slice {
                file,
                groups: start..end,
            });
            start = end;
        }
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(files: &[Vec<u64>], parallel: usize) -> Vec<(usize, Range<usize>)> {
        let slices = slices(files, parallel);
        slices.into_iter().map(|slice| (slice.file, slice.groups)).collect()
    }

    #[test]
    fn slices_are_balanced_and_leave_nothing_out() {
        assert_eq!(ranges(&[vec![]], 4), vec![(0, 0..0)]);
        assert_eq!(ranges(&[vec![5; 8]], 1), vec![(0, 0..8)]);
        assert_eq!(
            ranges(&[vec![5; 8]], 4),
            vec![(0, 0..2), (0, 2..4), (0, 4..6), (0, 6..8)]
        );
        assert_eq!(ranges(&[vec![5; 2]], 9), vec![(0, 0..1), (0, 1..2)]);
        assert_eq!(ranges(&[vec![100, 1, 1, 1]], 2), vec![(0, 0..1), (0, 1..4)]);
        assert_eq!(
            ranges(&[vec![10; 6], vec![1]], 3),
            vec![(0, 0..2), (0, 2..4), (0, 4..6), (1, 0..1)]
        );
        for groups in 1..40usize {
            for parallel in 1..12 {
                let weights: Vec<u64> = (0..groups).map(|i| (i as u64 * 7919) % 97 + 1).collect();
                let found = ranges(std::slice::from_ref(&weights), parallel);
                assert!(found.len() <= parallel && found.iter().all(|(_, range)| !range.is_empty()));
                let all: Vec<usize> = found.into_iter().flat_map(|(_, range)| range).collect();
                assert_eq!(all, (0..groups).collect::<Vec<_>>());
            }
        }
    }
}

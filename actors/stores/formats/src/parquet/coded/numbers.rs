//! A dictionary of numbers.

use ahash::RandomState;
use hashbrown::HashTable;

/// Numbers that a window covers at most.
const WINDOW: usize = 1 << 16;
/// And at least.
const LEAST_WINDOW: usize = 1 << 10;

/// Gives every number it sees a code: 0, 1, 2, in the order in which they come.
///
/// What most columns with a dictionary hold lies close together: days, quantities, flags, keys of small tables. Such a number is its
/// own place in a window of codes; only others are hashed.
pub(super) struct Numbers {
    values: Vec<i64>,
    /// The number of the window's first place.
    base: i64,
    /// A number's code and one; 0 for none yet.
    window: Vec<u32>,
    others: HashTable<(i64, u32)>,
    hasher: RandomState,
    /// Numbers it holds at most.
    most: usize,
}

impl Numbers {
    /// An empty one, for at most so many numbers, of which the first to come lie between these.
    pub(super) fn new(most: usize, least: i64, greatest: i64) -> Self {
        let span = greatest.abs_diff(least);
        let window = match usize::try_from(span) {
            // Room on both sides for those that come later.
            Ok(span) if span < WINDOW => ((span + 1) * 4).next_power_of_two().clamp(LEAST_WINDOW, WINDOW),
            _ => 0,
        };
        let before = (window as u64).saturating_sub(span + u64::from(window > 0)) / 2;
        Self {
            values: Vec::new(),
            base: least.saturating_sub_unsigned(before),
            window: vec![0; window],
            others: HashTable::new(),
            hasher: RandomState::new(),
            most,
        }
    }

    /// The code of a number; none when it is new and there is no room.
    #[inline]
    pub(super) fn code(&mut self, value: i64) -> Option<u32> {
        let place = value.wrapping_sub(self.base) as usize;
        match self.window.get(place) {
            Some(0) => {
                let code = self.push(value)?;
                self.window[place] = code + 1;
                Some(code)
            }
            Some(next) => Some(next - 1),
            None => self.hashed(value),
        }
    }

    fn hashed(&mut self, value: i64) -> Option<u32> {
        let hash = self.hasher.hash_one(value);
        if let Some((_, code)) = self.others.find(hash, |(other, _)| *other == value) {
            return Some(*code);
        }
        let code = self.push(value)?;
        let hasher = &self.hasher;
        self.others
            .insert_unique(hash, (value, code), |(other, _)| hasher.hash_one(other));
        Some(code)
    }

    fn push(&mut self, value: i64) -> Option<u32> {
        let code = self.values.len();
        if code >= self.most {
            return None;
        }
        self.values.push(value);
        u32::try_from(code).ok()
    }

    /// The numbers, by their codes.
    pub(super) fn values(&self) -> &[i64] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_numbers_have_one_code(
            values in vec(prop_oneof![any::<i64>(), -70_000_i64..70_000, 0_i64..50, Just(i64::MIN), Just(i64::MAX)], 1..300),
            first in 1_usize..20,
        ) {
            let first = &values[..first.min(values.len())];
            let mut numbers = Numbers::new(1000, *first.iter().min().unwrap(), *first.iter().max().unwrap());
            let codes: Vec<u32> = values.iter().map(|value| numbers.code(*value).unwrap()).collect();
            let decoded: Vec<i64> = codes.iter().map(|code| numbers.values()[*code as usize]).collect();
            prop_assert_eq!(&decoded, &values);
            let mut distinct = values.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(numbers.values().len(), distinct.len());
        }
    }

    #[test]
    fn a_full_one_still_knows_its_own() {
        let mut numbers = Numbers::new(2, 5, 6);
        assert_eq!(numbers.code(5), Some(0));
        assert_eq!(numbers.code(1 << 40), Some(1));
        assert_eq!((numbers.code(6), numbers.code(1 << 41)), (None, None));
        assert_eq!((numbers.code(5), numbers.code(1 << 40)), (Some(0), Some(1)));
    }
}

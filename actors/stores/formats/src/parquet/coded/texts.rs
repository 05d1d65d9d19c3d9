//! A dictionary of texts.

use ahash::RandomState;
use hashbrown::HashTable;
use std::ops::Range;

/// Gives every text it sees a code: 0, 1, 2, in the order in which they come.
pub(super) struct Texts {
    /// The texts as a dictionary page holds them: each behind its length, 32 bits, the lowest first.
    page: Vec<u8>,
    places: Vec<Range<usize>>,
    /// Of texts of one byte, flags and the like: code and one; 0 for none yet.
    flags: [u32; 256],
    others: HashTable<(u64, u32)>,
    hasher: RandomState,
    /// Bytes its page holds at most.
    most: usize,
}

impl Texts {
    /// An empty one, with a page of at most so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            page: Vec::new(),
            places: Vec::new(),
            flags: [0; 256],
            others: HashTable::new(),
            hasher: RandomState::new(),
            most,
        }
    }

    /// The code of a text; none when it is new and there is no room.
    #[inline]
    pub(super) fn code(&mut self, text: &[u8]) -> Option<u32> {
        match text {
            [byte] => match self.flags[usize::from(*byte)] {
                0 => {
                    let code = self.push(text)?;
                    self.flags[usize::from(*byte)] = code + 1;
                    Some(code)
                }
                next => Some(next - 1),
            },
            _ => self.hashed(text),
        }
    }

    fn hashed(&mut self, text: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        let same = |(other, code): &(u64, u32)| *other == hash && self.text(*code) == text;
        if let Some((_, code)) = self.others.find(hash, same) {
            return Some(*code);
        }
        let code = self.push(text)?;
        self.others.insert_unique(hash, (hash, code), |(hash, _)| *hash);
        Some(code)
    }

    fn push(&mut self, text: &[u8]) -> Option<u32> {
        let length = u32::try_from(text.len()).ok()?;
        if self.page.len() + 4 + text.len() > self.most {
            return None;
        }
        self.page.extend_from_slice(&length.to_le_bytes());
        let start = self.page.len();
        self.page.extend_from_slice(text);
        let code = u32::try_from(self.places.len()).ok()?;
        self.places.push(start..self.page.len());
        Some(code)
    }

    /// The text of a code that was given out.
    pub(super) fn text(&self, code: u32) -> &[u8] {
        let place = self.places.get(code as usize).cloned().unwrap_or_default();
        self.page.get(place).unwrap_or_default()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The dictionary page so far.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equal_texts_have_one_code(texts in vec("[ab]{0,4}|\\PC{0,12}", 0..200)) {
            let mut dictionary = Texts::new(1 << 20);
            let codes: Vec<u32> = texts.iter().map(|text| dictionary.code(text.as_bytes()).unwrap()).collect();
            for (text, code) in texts.iter().zip(codes) {
                prop_assert_eq!(dictionary.text(code), text.as_bytes());
            }
            let mut distinct = texts.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(dictionary.len(), distinct.len());
        }
    }

    #[test]
    fn a_full_one_still_knows_its_own() {
        let mut texts = Texts::new(4 + 3 + 4 + 1);
        assert_eq!((texts.code(b"abc"), texts.code(b"d")), (Some(0), Some(1)));
        assert_eq!(
            (texts.code(b""), texts.code(b"e"), texts.code(b"ef")),
            (None, None, None)
        );
        assert_eq!((texts.code(b"abc"), texts.code(b"d")), (Some(0), Some(1)));
    }
}

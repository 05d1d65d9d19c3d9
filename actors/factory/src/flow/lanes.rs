//! Lanes: what has the same key goes one after the other, what has another goes at the same time.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::hash::Hash;

/// What waits in each lane in which something is under way.
#[derive(Debug)]
pub(crate) struct Lanes<K, T> {
    waiting: HashMap<K, VecDeque<T>>,
}

impl<K: Eq + Hash, T> Lanes<K, T> {
    pub(crate) fn new() -> Self {
        Self {
            waiting: HashMap::new(),
        }
    }

    /// Something came. It comes back when it is its turn at once; then it is under way until [`Lanes::leave`].
    pub(crate) fn enter(&mut self, key: K, item: T) -> Option<T> {
        match self.waiting.entry(key) {
            Entry::Occupied(mut lane) => {
                lane.get_mut().push_back(item);
                None
            }
            Entry::Vacant(lane) => {
                lane.insert(VecDeque::new());
                Some(item)
            }
        }
    }

    /// What was under way in a lane is over; the next one, which is under way now.
    pub(crate) fn leave(&mut self, key: &K) -> Option<T> {
        let next = self.waiting.get_mut(key).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.waiting.remove(key);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_keeps_its_order_and_holds_up_no_other() {
        let mut lanes = Lanes::new();
        assert_eq!(lanes.enter("a", 1), Some(1));
        assert_eq!((lanes.enter("a", 2), lanes.enter("a", 3)), (None, None));
        assert_eq!(lanes.enter("b", 4), Some(4));
        assert_eq!(lanes.leave(&"a"), Some(2));
        assert_eq!(lanes.enter("a", 5), None);
        assert_eq!((lanes.leave(&"a"), lanes.leave(&"a")), (Some(3), Some(5)));
        assert_eq!((lanes.leave(&"a"), lanes.leave(&"b")), (None, None));
        assert_eq!(lanes.enter("a", 6), Some(6));
    }
}

//! Who gets room next. Pure bookkeeping: no waiting, no locks.
//!
//! First come, first served, but nobody waits for a copy that waits for itself: a copy over its own limit is passed over,
//! and half of the memory is set apart in equal parts for every place of the node, so that one copy whose sink stands
//! still does not stop the others. What is larger than that leaves waits until the others have let go, and nobody
//! overtakes it then.

use std::collections::{HashMap, VecDeque};
use tokio::sync::oneshot;

#[derive(Debug)]
pub(super) struct Ledger {
    total: usize,
    /// Set apart for every place.
    apart: usize,
    places: usize,
    pub(super) used: usize,
    pub(super) peak: usize,
    copies: HashMap<u64, Share>,
    waiting: VecDeque<Waiter>,
    next: u64,
}

#[derive(Debug)]
struct Share {
    used: usize,
    limit: usize,
}

#[derive(Debug)]
struct Waiter {
    copy: u64,
    bytes: usize,
    granted: oneshot::Sender<()>,
}

/// Whether there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    /// Within what is set apart for the copy: also when others wait already.
    Own,
    /// The copy has reached its own limit.
    Later,
    /// Others have it.
    Full,
    /// Only when the others have let go of nearly all.
    Large,
}

impl Ledger {
    pub(super) fn new(total: usize, places: usize) -> Self {
        let (total, places) = (total.max(1), places.max(1));
        Self {
            total,
            apart: if places > 1 { total / places / 2 } else { 0 },
            places,
            used: 0,
            peak: 0,
            copies: HashMap::new(),
            waiting: VecDeque::new(),
            next: 0,
        }
    }

    pub(super) fn join(&mut self, limit: usize) -> u64 {
        self.next += 1;
        let limit = limit.clamp(1, self.total);
        self.copies.insert(self.next, Share { used: 0, limit });
        self.next
    }

    pub(super) fn leave(&mut self, copy: u64) {
        self.copies.remove(&copy);
        self.serve();
    }

    pub(super) fn used_by(&self, copy: u64) -> usize {
        self.copies.get(&copy).map_or(0, |share| share.used)
    }

    pub(super) fn waits(&self, copy: u64) -> bool {
        self.waiting.iter().any(|waiter| waiter.copy == copy)
    }

    /// What is charged for so many bytes: there is never more than all.
    pub(super) fn charge(&self, bytes: usize) -> usize {
        bytes.clamp(1, self.total)
    }

    /// Joins the queue; the receiver hears when `bytes`, as [charged](Self::charge), are taken.
    pub(super) fn queue(&mut self, copy: u64, bytes: usize) -> oneshot::Receiver<()> {
        let (granted, receiver) = oneshot::channel();
        self.waiting.push_back(Waiter { copy, bytes, granted });
        self.serve();
        receiver
    }

    /// Takes bytes without waiting, if nobody is passed over by that.
    pub(super) fn try_take(&mut self, copy: u64, bytes: usize) -> bool {
        let free = match self.ask(copy, bytes) {
            Answer::Own => true,
            Answer::Yes => self.waiting.is_empty(),
            _ => false,
        };
        if free {
            self.take(copy, bytes);
        }
        free
    }

    pub(super) fn give_back(&mut self, copy: u64, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
        if let Some(share) = self.copies.get_mut(&copy) {
            share.used = share.used.saturating_sub(bytes);
        }
        self.serve();
    }

    /// Gives room to all who can have it now.
    pub(super) fn serve(&mut self) {
        let mut passed_over: Vec<u64> = Vec::new();
        let mut full = false;
        let mut still = VecDeque::with_capacity(self.waiting.len());
        let mut waiting = std::mem::take(&mut self.waiting);
        while let Some(waiter) = waiting.pop_front() {
            if waiter.granted.is_closed() {
                continue;
            }
            let answer = match passed_over.contains(&waiter.copy) {
                true => Answer::Later,
                false => self.ask(waiter.copy, waiter.bytes),
            };
            let granted = answer == Answer::Own || (answer == Answer::Yes && !full);
            if granted {
                self.take(waiter.copy, waiter.bytes);
                let (copy, bytes) = (waiter.copy, waiter.bytes);
                if waiter.granted.send(()).is_err() {
                    self.used -= bytes;
                    self.copies.entry(copy).and_modify(|share| share.used -= bytes);
                }
                continue;
            }
            full |= matches!(answer, Answer::Full | Answer::Large);
            passed_over.push(waiter.copy);
            still.push_back(waiter);
            if answer == Answer::Large {
                break;
            }
        }
        still.append(&mut waiting);
        self.waiting = still;
    }

    fn ask(&self, copy: u64, bytes: usize) -> Answer {
        let Some(share) = self.copies.get(&copy) else {
            return Answer::Later;
        };
        // What is larger than the limit passes alone.
        if share.used > 0 && share.used + bytes > share.limit {
            return Answer::Later;
        }
        let unused = |share: &Share| self.apart.saturating_sub(share.used);
        let others = self.copies.iter().filter(|(id, _)| **id != copy);
        let others: usize = others.map(|(_, share)| unused(share)).sum();
        let absent = self.places.saturating_sub(self.copies.len()) * self.apart;
        let fits = self.used + bytes + others + absent <= self.total;
        if fits && share.used + bytes <= self.apart {
            return Answer::Own;
        }
        let large = bytes > self.total - (self.places - 1) * self.apart;
        match (fits, large) {
            (true, _) => Answer::Yes,
            (false, true) if self.used + bytes <= self.total => Answer::Yes,
            (false, true) => Answer::Large,
            (false, false) => Answer::Full,
        }
    }

    fn take(&mut self, copy: u64, bytes: usize) {
        self.used += bytes;
        self.peak = self.peak.max(self.used);
        self.copies.entry(copy).and_modify(|share| share.used += bytes);
    }
}

//! The live figures of one component.

use std::any::TypeId;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use dashmap::DashMap;

use crate::sync::lock;
use crate::timing::TimingCell;
use crate::{Counts, LastPanic, MessageSnapshot, Reason, Restarts};

/// A value on a cache line of its own, or two where they are fetched in pairs.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Apart<T>(T);

impl<T> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A type's id is a hash already.
#[derive(Default)]
struct TypeHasher(u64);

impl Hasher for TypeHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not the way an id goes today; right all the same.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The figures of one message type.
#[derive(Default)]
pub(crate) struct MessageStats {
    pub(crate) name: &'static str,
    /// Position in [`Stats::types`].
    pub(crate) index: usize,
    /// Counted by the senders, everything behind by the component: not on one cache line.
    pub(crate) sent: Apart<AtomicU64>,
    pub(crate) handled: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) fenced: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    pub(crate) wait: TimingCell,
    pub(crate) run: TimingCell,
}

impl MessageStats {
    fn read(&self) -> MessageSnapshot {
        // The ends are read before the beginning, so that a message counted as ended is also counted as sent.
        let mut counts = Counts {
            handled: self.handled.load(Ordering::Acquire),
            rejected: self.rejected.load(Ordering::Acquire),
            lost: self.lost.load(Ordering::Acquire),
            fenced: self.fenced.load(Ordering::Acquire),
            cancelled: self.cancelled.load(Ordering::Acquire),
            sent: 0,
        };
        counts.sent = self.sent.load(Ordering::Acquire);
        MessageSnapshot {
            message: self.name,
            counts,
            wait: self.wait.read(),
            run: self.run.read(),
        }
    }
}

/// Adds one to a counter.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Release);
}

/// What went wrong with a component.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    pub(crate) restarts: Restarts,
    /// The last fault, in words.
    pub(crate) last: Option<String>,
    pub(crate) last_panic: Option<LastPanic>,
}

/// The figures of one component.
#[derive(Default)]
pub(crate) struct Stats {
    by_type: DashMap<TypeId, Arc<MessageStats>, BuildHasherDefault<TypeHasher>>,
    types: RwLock<Vec<Arc<MessageStats>>>,
    faults: Mutex<Faults>,
    pub(crate) depth_peak: AtomicUsize,
    pub(crate) task_panics: AtomicU64,
}

impl Stats {
    /// The figures of message type `M`.
    pub(crate) fn of<M: 'static>(&self) -> Arc<MessageStats> {
        let key = TypeId::of::<M>();
        if let Some(found) = self.by_type.get(&key) {
            return Arc::clone(&found);
        }
        let entry = self.by_type.entry(key).or_insert_with(|| {
            let mut types = self.types.write().unwrap_or_else(PoisonError::into_inner);
            let stats = Arc::new(MessageStats {
                name: short_name::<M>(),
                index: types.len(),
                ..MessageStats::default()
            });
            types.push(Arc::clone(&stats));
            stats
        });
        Arc::clone(&entry)
    }

    /// The figures of the message type with this index.
    pub(crate) fn at(&self, index: usize) -> Option<Arc<MessageStats>> {
        let types = self.types.read().unwrap_or_else(PoisonError::into_inner);
        types.get(index).cloned()
    }

    /// Counts a restart.
    pub(crate) fn restarted(&self, reason: &Reason) {
        let mut faults = lock(&self.faults);
        let restarts = &mut faults.restarts;
        let counter = match reason {
            Reason::Panic { .. } => &mut restarts.panic,
            Reason::Hang { .. } => &mut restarts.hang,
            Reason::Stalled { .. } => &mut restarts.stalled,
            Reason::Stopped => &mut restarts.stopped,
            Reason::Requested => &mut restarts.requested,
            Reason::Neighbour { .. } => &mut restarts.neighbour,
        };
        *counter += 1;
    }

    /// Remembers the last fault, whether or not a restart follows.
    pub(crate) fn fault(&self, reason: &Reason) {
        if reason.is_fault() {
            let mut faults = lock(&self.faults);
            faults.last = Some(reason.to_string());
            if let Reason::Panic { message, handling } = reason {
                faults.last_panic = Some(LastPanic {
                    message: message.clone(),
                    handling: *handling,
                });
            }
        }
    }

    /// Counts an escalation.
    pub(crate) fn escalated(&self) {
        lock(&self.faults).restarts.escalated += 1;
    }

    pub(crate) fn faults(&self) -> Faults {
        lock(&self.faults).clone()
    }

    pub(crate) fn messages(&self) -> Vec<MessageSnapshot> {
        let types = self.types.read().unwrap_or_else(PoisonError::into_inner);
        types.iter().map(|stats| stats.read()).collect()
    }
}

/// The type's name without its path; generic types keep theirs, so that two of them stay apart.
fn short_name<M>() -> &'static str {
    let full = std::any::type_name::<M>();
    if full.contains('<') {
        return full;
    }
    full.rsplit("::").next().unwrap_or(full)
}

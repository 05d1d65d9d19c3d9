//! What is known of a component of the tree, over all its incarnations and all trees that it was part of.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::fault::{Fault, decide};
use crate::generation::Generation;
use crate::sync::lock;
use crate::{Event, EventSink, Reason};

/// Longer than any hang deadline in the tree.
const NAP: Duration = Duration::from_millis(600);

/// One execution of a question.
#[derive(Default)]
pub(super) struct Receipt {
    times: AtomicUsize,
    by: OnceLock<Arc<Generation>>,
}

impl Receipt {
    pub(super) fn executed(&self, by: &Arc<Generation>) {
        self.times.fetch_add(1, Ordering::SeqCst);
        drop(self.by.set(Arc::clone(by)));
    }

    pub(super) fn times(&self) -> usize {
        self.times.load(Ordering::SeqCst)
    }

    /// Whoever executed it has been replaced, so that its answer was nobody's.
    pub(super) fn was_fenced(&self) -> bool {
        self.by.get().is_some_and(|generation| generation.is_fenced())
    }
}

/// One component's story.
#[derive(Default)]
pub(super) struct Life {
    name: String,
    messages: AtomicU64,
    /// Instances that have been made and not been dropped.
    pub(super) instances: AtomicUsize,
    pub(super) executed: AtomicU64,
    bad_create: AtomicBool,
    bad_start: AtomicBool,
    slow_start: AtomicBool,
    bad_drop: AtomicBool,
}

impl Life {
    /// An instance is made.
    pub(super) fn create(&self) {
        assert!(!self.bad_create.swap(false, Ordering::SeqCst), "told to fail in create");
        self.instances.fetch_add(1, Ordering::SeqCst);
    }

    /// An instance is started.
    pub(super) fn started(&self) {
        assert!(!self.bad_start.swap(false, Ordering::SeqCst), "told to fail in started");
        if self.slow_start.swap(false, Ordering::SeqCst) {
            std::thread::sleep(NAP);
        }
    }

    /// An instance is dropped.
    pub(super) fn dropped(&self) {
        self.instances.fetch_sub(1, Ordering::SeqCst);
        assert!(!self.bad_drop.swap(false, Ordering::SeqCst), "told to fail in drop");
    }
}

/// The chaos as a whole.
pub(super) struct Chaos {
    pub(super) seed: u64,
    lives: Mutex<BTreeMap<String, Arc<Life>>>,
    happened: Mutex<BTreeMap<Fault, u64>>,
    pub(super) tally: Tally,
}

impl Chaos {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            lives: Mutex::default(),
            happened: Mutex::default(),
            tally: Tally::default(),
        }
    }

    /// The story of a component; its first chapter, if there is none yet.
    pub(super) fn life(&self, name: &str) -> Arc<Life> {
        let mut lives = lock(&self.lives);
        let life = lives.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(Life {
                name: name.to_owned(),
                ..Life::default()
            })
        });
        Arc::clone(life)
    }

    pub(super) fn lives(&self) -> Vec<Arc<Life>> {
        lock(&self.lives).values().cloned().collect()
    }

    /// The component's next message: what it suffers. The part that is the same everywhere happens here, and may not
    /// return.
    pub(super) fn suffer(&self, life: &Life, often: u64) -> Option<Fault> {
        let message = life.messages.fetch_add(1, Ordering::SeqCst);
        let fault = decide(self.seed, &life.name, message, often)?;
        *lock(&self.happened).entry(fault).or_default() += 1;
        match fault {
            Fault::Panic => {}
            Fault::PanicAndDrop => life.bad_drop.store(true, Ordering::SeqCst),
            Fault::PanicAndCreate => life.bad_create.store(true, Ordering::SeqCst),
            Fault::PanicAndStarted => life.bad_start.store(true, Ordering::SeqCst),
            Fault::PanicAndHang => life.slow_start.store(true, Ordering::SeqCst),
            Fault::Nap => {
                std::thread::sleep(NAP);
                return None;
            }
            Fault::PanicLater | Fault::Stop | Fault::Stall | Fault::Task => return Some(fault),
        }
        panic!("told to panic: {fault:?}");
    }

    pub(super) fn everything_has_happened(&self) -> bool {
        lock(&self.happened).len() == Fault::ALL.len()
    }

    /// For the output: what happened, and how far each component came.
    pub(super) fn report(&self) -> String {
        let lives = self.lives();
        let messages: Vec<_> = lives
            .iter()
            .map(|life| format!("{} {}", life.name, life.messages.load(Ordering::SeqCst)))
            .collect();
        format!(
            "{:?}\nrestarts: {:?}\nmessages: {}",
            lock(&self.happened),
            lock(&self.tally.0),
            messages.join(", ")
        )
    }
}

/// Counts restarts by reason, of all roots of the tree.
#[derive(Clone, Default)]
pub(super) struct Tally(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl EventSink for Tally {
    fn on(&self, e: &Event) {
        let what = match e {
            Event::Restarted { reason, .. } => match reason {
                Reason::Panic { .. } => "panic",
                Reason::Hang { .. } => "hang",
                Reason::Stalled { .. } => "stalled",
                Reason::Stopped => "stopped",
                Reason::Requested => "requested",
                Reason::Neighbour { .. } => "neighbour",
            },
            Event::Escalated { .. } => "escalated",
            _ => return,
        };
        *lock(&self.0).entry(what).or_default() += 1;
    }
}

//! One supervised component: everything about it that outlives its restarts.

mod any;
mod drain;
mod hold;
mod judge;
mod life;
mod replace;
mod send;
mod sight;
mod stop;

pub(crate) use any::AnySlot;
pub(crate) use hold::Hold;
pub(crate) use judge::Decision;
pub(crate) use life::{Beginning, Repair};

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::generation::Generation;
use crate::health::HealthCell;
use crate::policy::RestartTracker;
use crate::queue::Queue;
use crate::shared::Shared;
use crate::stats::{Stats, count};
use crate::watch::Watch;
use crate::{Component, Escalation, Health, Placement, RestartPolicy, Strategy, TaskPanic};

pub(crate) struct Slot<A: Component> {
    pub(crate) id: String,
    pub(crate) deps: A::Deps,
    pub(crate) policy: RestartPolicy,
    pub(crate) dataplane: &'static Runtime,
    pub(crate) clock: Clock,
    pub(crate) queue: Queue<A>,
    pub(crate) stats: Stats,
    /// Generations up to this one are fenced.
    pub(crate) fenced_upto: AtomicU64,
    /// Wakes askers when a generation is fenced.
    pub(crate) fences: Notify,
    placement: Placement,
    strategy: Strategy,
    sequence: u64,
    shared: Weak<Shared>,
    health: HealthCell,
    incarnation: AtomicU64,
    control: Mutex<Control>,
    watch: Mutex<Watch>,
}

/// What is decided under one lock, so that the component's own thread, the watchdog and the outside agree.
#[derive(Default)]
struct Control {
    current: Option<Arc<Generation>>,
    tracker: RestartTracker,
    generations: u64,
    stopping: bool,
    /// It takes messages from nobody but itself.
    draining: bool,
    /// It may not start yet.
    hold: Option<Arc<Hold>>,
    /// Why it was given up, until it runs again.
    escalation: Option<Escalation>,
}

impl Control {
    fn is_current(&self, generation: &Arc<Generation>) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, generation))
    }
}

impl<A: Component> Slot<A> {
    pub(crate) fn new(id: &str, deps: A::Deps, placement: Placement, shared: &Arc<Shared>) -> Self {
        let policy = A::policy();
        Self {
            id: id.to_owned(),
            deps,
            dataplane: shared.dataplane,
            clock: shared.options.clock.clone(),
            queue: Queue::new(policy.capacity),
            policy,
            stats: Stats::default(),
            fenced_upto: AtomicU64::new(0),
            fences: Notify::new(),
            placement,
            strategy: shared.strategy,
            sequence: shared.next_sequence(),
            shared: Arc::downgrade(shared),
            health: HealthCell::default(),
            incarnation: AtomicU64::new(0),
            control: Mutex::new(Control::default()),
            watch: Mutex::new(Watch::default()),
        }
    }

    pub(crate) fn health(&self) -> Health {
        self.health.get()
    }

    pub(crate) fn next_incarnation(&self) -> u64 {
        self.incarnation.fetch_add(1, Ordering::AcqRel) + 1
    }
}

impl<A: Component> Slot<A> {
    /// Notes that a task panicked.
    pub(crate) fn task_panicked(&self, task: &'static str, message: String) -> TaskPanic {
        count(&self.stats.task_panics);
        tracing::warn!(
            component = A::NAME,
            id = self.id,
            task,
            panic = message,
            "A task of a component panicked."
        );
        TaskPanic { message }
    }
}

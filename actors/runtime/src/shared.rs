//! What the parts of one root share.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix::System;
use dashmap::DashMap;
use tokio::runtime::Runtime;

use crate::generation::Generation;
use crate::lane::Lane;
use crate::prometheus::Text;
use crate::slot::AnySlot;
use crate::sync::{guarded, lock};
use crate::{EXIT_HUNG_THREADS, Event, EventSink, Options, Overall, Placement, Strategy};

/// Writes figures of a program's own onto the page.
pub(crate) type Figures = Arc<dyn Fn(&mut Text) + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) dataplane: &'static Runtime,
    pub(crate) system: System,
    /// The system runs on a thread of this root's own.
    pub(crate) owns_system: bool,
    pub(crate) strategy: Strategy,
    pub(crate) options: Options,
    pub(crate) slots: DashMap<String, Arc<dyn AnySlot>>,
    pub(crate) closing: AtomicBool,
    /// Components that are retired stay in the figures.
    pub(crate) keeps_figures: AtomicBool,
    /// One failure that concerns several components at a time.
    pub(crate) fates: tokio::sync::Mutex<()>,
    /// What the program says of itself.
    status: Mutex<String>,
    /// Figures of the program's own.
    figures: Mutex<Vec<Figures>>,
    events: Box<dyn EventSink>,
    lanes: Mutex<HashMap<&'static str, Arc<Lane>>>,
    zombies: AtomicUsize,
    sequence: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        dataplane: &'static Runtime,
        system: System,
        owns_system: bool,
        strategy: Strategy,
        events: Box<dyn EventSink>,
        options: Options,
    ) -> Self {
        Self {
            dataplane,
            system,
            owns_system,
            strategy,
            options,
            slots: DashMap::new(),
            closing: AtomicBool::new(false),
            keeps_figures: AtomicBool::new(false),
            fates: tokio::sync::Mutex::new(()),
            status: Mutex::default(),
            figures: Mutex::default(),
            events,
            lanes: Mutex::new(HashMap::new()),
            zombies: AtomicUsize::new(0),
            sequence: AtomicU64::new(0),
        }
    }

    /// The next place in the order of starting.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    /// All components in the order they were started.
    pub(crate) fn in_order(&self) -> Vec<Arc<dyn AnySlot>> {
        let mut slots: Vec<_> = self.slots.iter().map(|slot| Arc::clone(&slot)).collect();
        slots.sort_by_key(|slot| slot.sequence());
        slots
    }

    /// How all components are doing.
    pub(crate) fn overall(&self) -> Overall {
        Overall::of(self.in_order().iter().filter_map(|slot| slot.trouble()).collect())
    }

    pub(crate) fn add_figures(&self, figures: Figures) {
        lock(&self.figures).push(figures);
    }

    /// The program's own figures. A panic in them is not ours: what that writer has written is left out.
    pub(crate) fn own_figures(&self) -> String {
        let all = lock(&self.figures).clone();
        let written = all.iter().filter_map(|figures| {
            let mut text = Text::new();
            match guarded(|| figures(&mut text)) {
                Ok(()) => Some(text.into_string()),
                Err(panic) => {
                    tracing::warn!(panic, "Figures of the program's own could not be written.");
                    None
                }
            }
        });
        written.collect()
    }

    pub(crate) fn set_status(&self, text: &str) {
        text.clone_into(&mut lock(&self.status));
    }

    /// What the program says of itself and how its components are doing, for the service manager.
    pub(crate) fn status_text(&self) -> String {
        let own = lock(&self.status).clone();
        match self.overall() {
            Overall::Healthy if own.is_empty() => "healthy".to_owned(),
            Overall::Healthy => own,
            degraded if own.is_empty() => degraded.to_string(),
            degraded => format!("{own}; {degraded}"),
        }
    }

    /// Tells the sink; its panic is not ours.
    pub(crate) fn emit(&self, event: &Event) {
        if let Err(panic) = guarded(|| self.events.on(event)) {
            tracing::warn!(panic, "An event sink panicked.");
        }
    }

    /// The thread for a placement, started if need be.
    pub(crate) fn lane(&self, at: &Placement) -> io::Result<Arc<Lane>> {
        match at {
            Placement::OwnThread => Lane::start(self.dataplane, &self.system, false).map(Arc::new),
            Placement::Shared(name) => {
                let mut lanes = lock(&self.lanes);
                if let Some(lane) = lanes.get(name).filter(|lane| lane.alive()) {
                    return Ok(Arc::clone(lane));
                }
                let lane = Arc::new(Lane::start(self.dataplane, &self.system, true)?);
                lanes.insert(name, Arc::clone(&lane));
                Ok(lane)
            }
        }
    }

    /// A component hung on a thread. Nobody starts there any more, and whoever else lives there moves.
    pub(crate) fn condemn(&self, lane: &Arc<Lane>, culprit: &str) {
        if lane.shared {
            lock(&self.lanes).retain(|_, known| !Arc::ptr_eq(known, lane));
            for slot in self.in_order() {
                slot.evict(lane, culprit);
            }
        }
        // Last: a thread that can still be ended takes with it whoever lives there.
        lane.stop();
    }

    /// Counts a fenced generation whose thread has not come back. Too many end the process.
    pub(crate) fn add_zombie(&self, generation: &Generation) {
        if !generation.is_busy() || generation.set_zombie(true) {
            return;
        }
        let zombies = self.zombies.fetch_add(1, Ordering::AcqRel) + 1;
        if generation.ended.is_cancelled() {
            // It came back while we were counting.
            return self.lay_zombie(generation);
        }
        if zombies >= self.options.max_zombies {
            self.exit(
                EXIT_HUNG_THREADS,
                format!("{zombies} component threads hang and cannot be ended"),
            );
        }
    }

    /// A fenced generation's thread came back after all.
    pub(crate) fn lay_zombie(&self, generation: &Generation) {
        if generation.set_zombie(false) {
            self.zombies.fetch_sub(1, Ordering::AcqRel);
        }
    }

    pub(crate) fn exit(&self, code: i32, cause: String) {
        if let Some(service) = &self.options.service {
            service.status(&cause);
        }
        self.emit(&Event::Exiting { code, cause });
        (self.options.exit)(code);
    }

    /// Ends the shared threads, and the system if it is this root's own.
    pub(crate) fn stop_threads(&self) {
        for lane in lock(&self.lanes).drain().map(|(_, lane)| lane) {
            lane.stop();
        }
        if self.owns_system {
            self.system.stop();
        }
    }
}

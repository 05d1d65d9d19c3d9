//! What the outside sees of a component.

use std::sync::atomic::Ordering;

use super::Slot;
use crate::sync::lock;
use crate::{Component, Counts, Current, Health, Snapshot, Timing, Trouble};

impl<A: Component> Slot<A> {
    /// The figures at this moment.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let messages = self.stats.messages();
        let mut counts = Counts::default();
        let (mut wait, mut run) = (Timing::default(), Timing::default());
        for message in &messages {
            counts.add(&message.counts);
            wait.add(&message.wait);
            run.add(&message.run);
        }
        let faults = self.stats.faults();
        let (generation, escalation, draining) = {
            let control = lock(&self.control);
            (control.current.clone(), control.escalation.clone(), control.draining)
        };
        let current = generation.as_ref().and_then(|generation| {
            let stats = self.stats.at(generation.handling()?)?;
            Some(Current {
                message: stats.name,
                age_ns: u64::try_from(generation.handling_for().as_nanos()).unwrap_or(u64::MAX),
            })
        });
        Snapshot {
            component: A::NAME,
            health: self.health.get(),
            incarnation: self.incarnation.load(Ordering::Acquire),
            restarts: faults.restarts,
            last_fault: faults.last,
            last_panic: faults.last_panic,
            escalation,
            draining,
            capacity: self.queue.capacity(),
            depth: self.queue.depth(),
            depth_peak: self.stats.depth_peak.load(Ordering::Relaxed),
            waiting: self.queue.waiting(),
            handling: current.as_ref().map(|current| current.message),
            current,
            tasks: generation.map_or(0, |generation| generation.tasks().running()),
            task_panics: self.stats.task_panics.load(Ordering::Relaxed),
            counts,
            wait,
            run,
            messages,
        }
    }

    /// Whether, and why, it is down.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let health = self.health.get();
        if !matches!(health, Health::Failed | Health::BackingOff | Health::Stalled) {
            return None;
        }
        let escalation = lock(&self.control).escalation.clone();
        Some(Trouble {
            id: self.id.clone(),
            component: A::NAME,
            health,
            reason: escalation
                .map(|escalation| escalation.reason)
                .or_else(|| self.stats.faults().last),
        })
    }
}

//! The places for jobs: how many there are, how many are taken, and whether new jobs may come in at all.

use super::pressure::Pressure;
use tokio::sync::watch;

/// What there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Places in all.
    pub(crate) slots: u32,
    /// Places taken.
    pub(crate) used: u32,
    /// Why no new job is taken.
    pub(crate) draining: Option<String>,
    /// Why none can be taken, whatever an administrator says of draining.
    pub(crate) held: Option<String>,
    /// What the machine is short of.
    pub(crate) pressure: Option<Pressure>,
}

impl Capacity {
    /// How many more jobs may come in.
    pub(crate) fn free(&self) -> u32 {
        match self.reason() {
            Some(_) => 0,
            None => self.places().saturating_sub(self.used),
        }
    }

    /// Why no new job is taken.
    pub(crate) fn reason(&self) -> Option<&String> {
        self.draining.as_ref().or(self.held.as_ref())
    }

    /// How many jobs may run: as many as there are places, unless the machine is short of something.
    fn places(&self) -> u32 {
        self.pressure
            .as_ref()
            .map_or(self.slots, |pressure| pressure.places(self.slots, self.used))
    }

    /// Why fewer jobs are taken than there are places.
    pub(crate) fn busy(&self) -> Option<String> {
        let drained = self.reason().map(|why| format!("it takes no jobs: {why}"));
        drained.or_else(|| Some(self.pressure.as_ref()?.to_string()))
    }
}

/// The shared count. The scheduler says what is taken; the queue listener gives as much credit as is free.
#[derive(Debug)]
pub(crate) struct Places(watch::Sender<Capacity>);

impl Places {
    pub(crate) fn new(slots: u32) -> Self {
        Self(watch::Sender::new(Capacity {
            slots: slots.max(1),
            used: 0,
            draining: None,
            held: None,
            pressure: None,
        }))
    }

    /// The count at this moment.
    pub(crate) fn now(&self) -> Capacity {
        self.0.borrow().clone()
    }

    /// To be told of every change.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Capacity> {
        self.0.subscribe()
    }

    /// Takes no new jobs from now on.
    pub(crate) fn drain(&self, reason: &str) {
        tracing::info!(reason, "No new jobs are taken.");
        self.0
            .send_modify(|capacity| capacity.draining = Some(reason.to_owned()));
    }

    /// Takes jobs again.
    pub(crate) fn resume(&self) {
        tracing::info!("New jobs are taken again.");
        self.0.send_modify(|capacity| capacity.draining = None);
    }

    /// Takes no new jobs as long as something is missing; `None` when it is there.
    pub(crate) fn hold(&self, reason: Option<&str>) {
        self.0.send_if_modified(|capacity| {
            let reason = reason.map(str::to_owned);
            let changed = capacity.held != reason;
            capacity.held = reason;
            changed
        });
    }

    /// Changes how many places there are.
    pub(crate) fn set_slots(&self, slots: u32) {
        tracing::info!(slots, "The number of places for jobs was changed.");
        self.0.send_modify(|capacity| capacity.slots = slots.max(1));
    }

    /// The machine is short of something, or is not any more.
    pub(crate) fn set_pressure(&self, pressure: Option<Pressure>) {
        self.0.send_if_modified(|capacity| {
            let changed = capacity.pressure != pressure;
            if changed {
                tracing::info!(?pressure, "How many jobs this machine can run has changed.");
                capacity.pressure = pressure;
            }
            changed
        });
    }

    pub(super) fn set_used(&self, used: usize) {
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        self.0.send_if_modified(|capacity| {
            let changed = capacity.used != used;
            capacity.used = used;
            changed
        });
    }
}

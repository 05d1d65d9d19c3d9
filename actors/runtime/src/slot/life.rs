//! Starting a component, and its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Control, Slot};
use crate::generation::{Command, Generation};
use crate::queue::Gate;
use crate::supervise::Supervise;
use crate::sync::lock;
use crate::{Component, Escalation, Event, Health, Reason};

/// A restart under way.
#[derive(Clone)]
pub(crate) struct Repair {
    pub(crate) reason: Reason,
    pub(crate) detected: Instant,
    /// Messages that were being handled and are gone.
    pub(crate) lost: u64,
}

/// How a generation begins.
#[derive(Default)]
pub(crate) struct Beginning {
    /// Wait this long before `started`.
    pub(crate) delay: Option<Duration>,
    /// What this repairs; nothing at the very first start.
    pub(crate) repair: Option<Repair>,
}

impl Control {
    /// It stays down until somebody restarts it.
    fn escalate(&mut self, reason: String) {
        self.escalation = Some(Escalation {
            reason,
            cools_down: false,
        });
    }

    fn open_gate(&self) -> Gate {
        if self.draining { Gate::Draining } else { Gate::Open }
    }
}

impl<A: Component> Slot<A> {
    /// Starts the first generation, or the first after a failure.
    pub(crate) fn launch(self: &Arc<Self>, beginning: Beginning) -> bool {
        let begun = {
            let mut control = lock(&self.control);
            control.current.is_none() && !control.stopping && self.begin(&mut control, beginning)
        };
        if !begun {
            drop(self.queue.shut());
        }
        begun
    }

    /// Starts a generation. False, with the component failed, when the system has no thread for it.
    pub(super) fn begin(self: &Arc<Self>, control: &mut Control, beginning: Beginning) -> bool {
        let Some(shared) = self.shared.upgrade() else {
            return false;
        };
        let lane = match shared.lane(&self.placement) {
            Ok(lane) => lane,
            Err(error) => {
                tracing::error!(component = A::NAME, id = self.id, %error, "No thread could be started for a component.");
                return self.not_begun(control, &error.to_string());
            }
        };
        control.generations += 1;
        let generation = Arc::new(Generation::new(
            control.generations,
            Arc::clone(&lane),
            self.clock.clone(),
        ));
        control.current = Some(Arc::clone(&generation));
        self.queue.assign(generation.number);
        let slot = Arc::clone(self);
        let begun = lane.run(move || {
            actix_rt::spawn(Supervise::new(slot, generation, beginning));
        });
        begun || self.not_begun(control, "its thread has ended")
    }

    fn not_begun(&self, control: &mut Control, cause: &str) -> bool {
        control.current = None;
        control.escalate(format!("no thread could be started for it: {cause}"));
        self.queue.set_gate(Gate::Shut);
        self.health.set(Health::Failed);
        false
    }

    /// `started` has returned.
    pub(crate) fn running(&self, generation: &Arc<Generation>, repair: Option<Repair>, incarnation: u64) {
        {
            let mut control = lock(&self.control);
            if !control.is_current(generation) {
                return;
            }
            control.escalation = None;
            self.health.set(Health::Running);
        }
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        let (id, component) = (self.id.clone(), A::NAME);
        shared.emit(&match repair {
            None => Event::Started { id, component },
            Some(repair) => Event::Restarted {
                id,
                component,
                took: self.clock.now().saturating_duration_since(repair.detected),
                reason: repair.reason,
                incarnation,
                lost: repair.lost,
            },
        });
    }

    /// The cooling down is over.
    pub(crate) fn reopen(&self, generation: &Arc<Generation>) {
        let control = lock(&self.control);
        if control.is_current(generation) && !control.stopping {
            self.queue.set_gate(control.open_gate());
            self.health.set(Health::Starting);
        }
    }

    /// The supervising future ends.
    pub(crate) fn ended(&self, generation: &Arc<Generation>) {
        let undelivered = {
            let mut control = lock(&self.control);
            control.is_current(generation).then(|| {
                control.current = None;
                // Not asked to: its thread was ended under it, by somebody who stopped the actix system.
                let stopping = control.stopping;
                if !stopping {
                    control.escalate("its thread was ended".to_owned());
                }
                let undelivered = self.queue.shut();
                self.health.set(if stopping { Health::Stopped } else { Health::Failed });
                undelivered
            })
        };
        drop(undelivered);
        generation.tasks().end();
        generation.ended.cancel();
        if let Some(shared) = self.shared.upgrade() {
            shared.lay_zombie(generation);
        }
        if !generation.lane.shared {
            generation.lane.stop();
        }
    }

    /// Asks for a restart; a failed component is started again with a clean record.
    pub(crate) fn request_restart(self: &Arc<Self>, reason: Reason) -> bool {
        let mut control = lock(&self.control);
        if control.stopping {
            return false;
        }
        if let Some(generation) = &control.current {
            generation.command(Command::Restart(reason));
            self.queue.wake();
            return true;
        }
        if reason != Reason::Requested {
            return false;
        }
        control.tracker.reset();
        self.stats.restarted(&reason);
        self.health.set(Health::Starting);
        self.queue.set_gate(control.open_gate());
        let repair = Repair {
            reason,
            detected: self.clock.now(),
            lost: 0,
        };
        self.begin(
            &mut control,
            Beginning {
                delay: None,
                repair: Some(repair),
            },
        )
    }
}

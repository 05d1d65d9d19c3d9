//! The watchdog's look at a component, and its replacement on another thread.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Beginning, Decision, Repair, Slot};
use crate::generation::{Command, Generation};
use crate::lane::Lane;
use crate::queue::NOBODY;
use crate::stats::count;
use crate::sync::lock;
use crate::watch::{Finding, Sight};
use crate::{Component, Event, Health, Reason};

impl<A: Component> Slot<A> {
    /// One look, `step` after the last. False when there was something wrong with it.
    pub(crate) fn inspect(self: &Arc<Self>, step: Duration) -> bool {
        let Some(generation) = lock(&self.control).current.clone() else {
            return true;
        };
        // The beat before the moment, so that no beat lies in the future.
        let beat_ns = generation.beat_ns();
        let sight = Sight {
            generation: generation.number,
            busy: generation.is_busy(),
            beat_ns,
            now_ns: generation.now_ns(),
            running: self.health.get() == Health::Running,
            depth: self.queue.depth(),
            taken: self.queue.taken(),
            commanded: generation.has_command(),
        };
        let finding = lock(&self.watch).look(&sight, step, &self.policy);
        match finding {
            None => return true,
            Some(Finding::Hang(stale)) => {
                let handling = generation.handling().and_then(|index| self.stats.at(index));
                let handling = handling.map(|stats| stats.name);
                self.replace(&generation, Reason::Hang { stale, handling });
            }
            Some(Finding::Stall) => {
                let reason = Reason::Stalled { depth: sight.depth };
                if sight.commanded {
                    self.replace(&generation, reason);
                } else {
                    self.health_if_current(&generation, Health::Stalled);
                    self.unresponsive(&reason);
                    generation.command(Command::Restart(reason));
                    self.queue.wake();
                }
            }
        }
        false
    }

    fn health_if_current(&self, generation: &Arc<Generation>, health: Health) {
        let control = lock(&self.control);
        if control.is_current(generation) {
            self.health.set(health);
        }
    }

    fn unresponsive(&self, reason: &Reason) {
        if let Some(shared) = self.shared.upgrade() {
            shared.emit(&Event::Unresponsive {
                id: self.id.clone(),
                component: A::NAME,
                reason: reason.clone(),
            });
        }
    }

    /// Fences a generation and starts the next one on another thread, as far as the policy allows.
    pub(crate) fn replace(self: &Arc<Self>, old: &Arc<Generation>, reason: Reason) {
        let detected = self.clock.now();
        let (decision, undelivered) = {
            let mut control = lock(&self.control);
            if !control.is_current(old) {
                return;
            }
            old.fence();
            self.queue.assign(NOBODY);
            // Should it be idle rather than hung, it ends itself now.
            self.queue.wake();
            let fenced = old.end_message().and_then(|index| self.stats.at(index));
            if let Some(stats) = &fenced {
                count(&stats.fenced);
            }
            control.current = None;
            let (mut decision, mut undelivered) = self.decide(&mut control, &reason);
            let delay = match decision {
                Decision::Start(delay) => Some(delay),
                Decision::CoolDown(delay) => Some(Some(delay)),
                Decision::Fail | Decision::Exit(_) | Decision::End => None,
            };
            if let Some(delay) = delay {
                let repair = Repair {
                    reason: reason.clone(),
                    detected,
                    lost: u64::from(fenced.is_some()),
                };
                let beginning = Beginning {
                    delay,
                    repair: Some(repair),
                };
                if !self.begin(&mut control, beginning) {
                    decision = Decision::Fail;
                    undelivered = undelivered.or_else(|| Some(self.queue.shut()));
                }
            }
            (decision, undelivered)
        };
        drop(undelivered);
        // The new generation is in charge: now the old one's askers and tasks are let go.
        self.fenced_upto.fetch_max(old.number, Ordering::AcqRel);
        self.fences.notify_waiters();
        old.tasks().end();
        if decision == Decision::End {
            self.health.set(Health::Stopped);
            old.ended.cancel();
        }
        if reason.is_unresponsive() {
            self.unresponsive(&reason);
        }
        // Its thread may never come back: nobody waits for it.
        let gone = CancellationToken::new();
        gone.cancel();
        self.proclaim(decision, &reason, gone);
        if let Some(shared) = self.shared.upgrade() {
            if decision != Decision::End {
                shared.add_zombie(old);
            }
            if reason.is_unresponsive() {
                shared.condemn(&old.lane, &self.id);
            }
        }
    }

    /// Moves the component off a thread that `culprit` blocks.
    pub(crate) fn evict(self: &Arc<Self>, lane: &Arc<Lane>, culprit: &str) {
        let current = lock(&self.control).current.clone();
        if let Some(generation) = current.filter(|current| Arc::ptr_eq(&current.lane, lane)) {
            self.replace(&generation, Reason::Neighbour { id: culprit.to_owned() });
        }
    }
}

//! The watchdog's look at a component, and its replacement on another thread.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Beginning, Decision, Repair, Slot};
use crate::clock::now_ns;
use crate::generation::{Command, Generation};
use crate::lane::Lane;
use crate::queue::NOBODY;
use crate::stats::count;
use crate::sync::lock;
use crate::{Component, Event, Health, Reason};

/// What the watchdog saw last.
#[derive(Default)]
pub(crate) struct Watch {
    generation: u64,
    beat_ns: u64,
    /// How long the component has been busy without a beat.
    stale: Duration,
    taken: u64,
    /// How long messages have been waiting with none taken.
    idle: Duration,
    /// How long a repair has been asked for in vain.
    ignored: Duration,
}

impl<A: Component> Slot<A> {
    /// One look, `step` after the last. Time is summed up in the watchdog's own steps, which are bounded: when the
    /// whole machine was paused, components are not blamed for it.
    pub(crate) fn inspect(self: &Arc<Self>, step: Duration) {
        let Some(generation) = lock(&self.control).current.clone() else {
            return;
        };
        let verdict = {
            let mut watch = lock(&self.watch);
            if watch.generation != generation.number {
                *watch = Watch {
                    generation: generation.number,
                    taken: self.queue.taken(),
                    ..Watch::default()
                };
            }
            self.look(&mut watch, &generation, step)
        };
        match verdict {
            None => {}
            Some(Reason::Stalled { depth }) if !generation.has_command() => {
                self.health_if_current(&generation, Health::Stalled);
                self.unresponsive(&Reason::Stalled { depth });
                generation.command(Command::Restart(Reason::Stalled { depth }));
                self.queue.wake();
            }
            Some(reason) => self.replace(&generation, reason),
        }
    }

    fn look(&self, watch: &mut Watch, generation: &Generation, step: Duration) -> Option<Reason> {
        let beat_ns = generation.beat_ns();
        if !generation.is_busy() {
            watch.stale = Duration::ZERO;
        } else if beat_ns == watch.beat_ns {
            watch.stale += step;
        } else {
            let age = Duration::from_nanos(now_ns().saturating_sub(beat_ns));
            watch.stale = age.min(step);
        }
        watch.beat_ns = beat_ns;
        if watch.stale >= self.policy.hang_after {
            let handling = generation.handling().and_then(|index| self.stats.at(index));
            return Some(Reason::Hang {
                stale: watch.stale,
                handling: handling.map(|stats| stats.name),
            });
        }

        // A repair that nobody carries out: the thread is gone or blocked by something else.
        if generation.has_command() && !generation.is_busy() {
            watch.ignored += step;
        } else {
            watch.ignored = Duration::ZERO;
        }
        let (depth, taken) = (self.queue.depth(), self.queue.taken());
        let waiting = self.health.get() == Health::Running && depth > 0 && taken == watch.taken;
        watch.taken = taken;
        if !waiting {
            watch.idle = Duration::ZERO;
        } else if !generation.is_busy() {
            watch.idle += step;
        }
        let stalled = watch.idle >= self.policy.stall_after;
        let in_vain = watch.ignored >= self.policy.hang_after;
        (stalled || in_vain).then_some(Reason::Stalled { depth })
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
        let detected = Instant::now();
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
        self.proclaim(decision, &reason);
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

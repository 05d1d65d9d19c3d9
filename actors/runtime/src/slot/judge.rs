//! Judging a component's faults.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Control, Slot};
use crate::fate::{self, Failed};
use crate::generation::Generation;
use crate::queue::Undelivered;
use crate::sync::lock;
use crate::{Component, Escalation, Event, Exhausted, Health, Reason, Strategy, Verdict};

/// What follows from a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Start again, after this time.
    Start(Option<Duration>),
    /// Start again after this time, refusing messages until then.
    CoolDown(Duration),
    /// Stay down.
    Fail,
    /// End the process.
    Exit(i32),
    /// The component was stopping anyway.
    End,
}

impl<A: Component> Slot<A> {
    /// Judges a fault. The caller holds the lock, and drops the messages that nobody will handle after it has let go.
    pub(super) fn decide(&self, control: &mut Control, reason: &Reason) -> (Decision, Option<Undelivered<A>>) {
        self.stats.fault(reason);
        if control.stopping {
            return (Decision::End, Some(self.queue.shut()));
        }
        let verdict = if reason.is_fault() {
            control.tracker.record(self.clock.now(), &self.policy)
        } else {
            Verdict::Now
        };
        let wait = match verdict {
            Verdict::Now => None,
            Verdict::After(wait) => Some(wait),
            Verdict::Exhausted => {
                self.stats.escalated();
                control.tracker.reset();
                // First the gate, then the word: who sees `Failed` is refused.
                let undelivered = self.queue.shut();
                self.health.set(Health::Failed);
                let decision = match self.policy.on_exhausted {
                    Exhausted::FailComponent => Decision::Fail,
                    Exhausted::CoolDown(wait) => Decision::CoolDown(wait),
                    Exhausted::ExitProcess(code) => Decision::Exit(code),
                };
                if matches!(decision, Decision::CoolDown(_)) {
                    self.wait_for_turn(control);
                }
                control.escalation = Some(Escalation {
                    reason: reason.to_string(),
                    cools_down: matches!(decision, Decision::CoolDown(_)),
                });
                return (decision, Some(undelivered));
            }
        };
        if reason.is_fault() {
            self.wait_for_turn(control);
        }
        self.stats.restarted(reason);
        self.health.set(Health::BackingOff);
        (Decision::Start(wait), None)
    }

    /// It starts when it is its turn among those that go down with it.
    fn wait_for_turn(&self, control: &mut Control) {
        if self.strategy != Strategy::OneForOne {
            control.hold();
        }
    }

    /// Tells the others about a decision. Without the lock. `gone` is cancelled when the failed component has been taken
    /// apart, if it does not start again.
    pub(super) fn proclaim(&self, decision: Decision, reason: &Reason, gone: CancellationToken) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        if decision == Decision::End {
            return;
        }
        if !matches!(decision, Decision::Start(_)) {
            shared.emit(&Event::Escalated {
                id: self.id.clone(),
                component: A::NAME,
                reason: reason.clone(),
            });
        }
        if reason.is_fault() && shared.strategy != Strategy::OneForOne {
            let hold = match decision {
                Decision::Start(_) | Decision::CoolDown(_) => lock(&self.control).hold.clone(),
                _ => None,
            };
            let failed = Failed {
                id: self.id.clone(),
                sequence: self.sequence,
                gone: hold.as_ref().map_or(gone, |hold| hold.down.clone()),
                hold,
                patience: self.policy.shutdown,
            };
            fate::share(&shared, failed);
        }
        if let Decision::Exit(code) = decision {
            shared.exit(code, format!("component {} failed: {reason}", self.id));
        }
    }

    /// A fault that the component's own thread noticed. `None` when it was replaced meanwhile.
    pub(crate) fn fault(&self, generation: &Arc<Generation>, reason: &Reason) -> Option<Decision> {
        let (decision, undelivered) = {
            let mut control = lock(&self.control);
            if !control.is_current(generation) {
                return None;
            }
            let judged = self.decide(&mut control, reason);
            if matches!(judged.0, Decision::Fail | Decision::Exit(_)) {
                control.current = None;
            }
            judged
        };
        drop(undelivered);
        self.proclaim(decision, reason, generation.ended.clone());
        Some(decision)
    }
}

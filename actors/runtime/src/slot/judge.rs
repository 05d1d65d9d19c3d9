//! Judging a component's faults.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Control, Slot};
use crate::generation::Generation;
use crate::queue::Undelivered;
use crate::sync::lock;
use crate::{Component, Event, Exhausted, Health, Reason, Verdict};

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
            control.tracker.record(Instant::now(), &self.policy)
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
                return (decision, Some(undelivered));
            }
        };
        self.stats.restarted(reason);
        self.health.set(Health::BackingOff);
        (Decision::Start(wait), None)
    }

    /// Tells the others about a decision. Without the lock.
    pub(super) fn proclaim(&self, decision: Decision, reason: &Reason) {
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
        shared.share_fate(&self.id, self.sequence, reason);
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
        self.proclaim(decision, reason);
        Some(decision)
    }
}

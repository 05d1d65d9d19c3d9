//! The watchdog's judgement of one component. Pure: what is seen, and how much time has passed, are arguments.

use std::time::Duration;

use crate::RestartPolicy;

/// What the watchdog sees of a component at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    /// The generation in charge.
    pub(crate) generation: u64,
    /// Its future is being polled.
    pub(crate) busy: bool,
    /// When it last gave a sign of life, and the present moment, by the same clock.
    pub(crate) beat_ns: u64,
    pub(crate) now_ns: u64,
    /// Its `started` has returned and it has no reason to take no messages.
    pub(crate) running: bool,
    /// Messages that wait.
    pub(crate) depth: usize,
    /// Messages ever taken.
    pub(crate) taken: u64,
    /// Something was asked of it and it has not looked yet.
    pub(crate) commanded: bool,
}

/// What is wrong with a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It does not come back from one piece of work; this long it has given no sign of life.
    Hang(Duration),
    /// Its thread is alive but it takes no messages, or does not do what it is told.
    Stall,
}

/// What the watchdog remembers of a component from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    generation: u64,
    beat_ns: u64,
    taken: u64,
    /// How long the component has been busy without a beat.
    stale: Duration,
    /// How long messages have been waiting with none taken.
    idle: Duration,
    /// How long a command has been waiting in vain.
    ignored: Duration,
}

impl Watch {
    /// One look, `step` after the last. Time is summed up in the watchdog's own steps, which are bounded: when the
    /// whole machine was paused, components are not blamed for it.
    pub(crate) fn look(&mut self, sight: &Sight, step: Duration, policy: &RestartPolicy) -> Option<Finding> {
        if self.generation != sight.generation {
            *self = Self {
                generation: sight.generation,
                taken: sight.taken,
                ..Self::default()
            };
        }
        if !sight.busy {
            self.stale = Duration::ZERO;
        } else if sight.beat_ns == self.beat_ns {
            self.stale += step;
        } else {
            let age = Duration::from_nanos(sight.now_ns.saturating_sub(sight.beat_ns));
            self.stale = age.min(step);
        }
        self.beat_ns = sight.beat_ns;
        if self.stale >= policy.hang_after {
            return Some(Finding::Hang(self.stale));
        }

        if sight.commanded && !sight.busy {
            self.ignored += step;
        } else {
            self.ignored = Duration::ZERO;
        }
        let waiting = sight.running && sight.depth > 0 && sight.taken == self.taken;
        self.taken = sight.taken;
        if !waiting {
            self.idle = Duration::ZERO;
        } else if !sight.busy {
            self.idle += step;
        }
        let stalled = self.idle >= policy.stall_after;
        // The thread is gone or blocked by something else.
        let deaf = self.ignored >= policy.hang_after;
        (stalled || deaf).then_some(Finding::Stall)
    }
}

/// What a gap between two rounds of the watchdog means: how much of it counts against components, and whether the
/// watchdog was itself on time. A longer gap means that it did not run: a paused machine, not hung components.
pub(crate) fn step(gap: Duration, period: Duration) -> (Duration, bool) {
    let longest = period * 2;
    (gap.min(longest), gap <= longest)
}

#[cfg(test)]
mod tests;

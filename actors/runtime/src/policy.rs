//! When a failed component is started again, and when no more. Pure: the time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

/// How a component is restarted, watched and bounded.
#[derive(Clone, Debug)]
pub struct RestartPolicy {
    /// More faults than this within `window` are escalated.
    pub max_restarts: u32,
    /// The time over which faults are counted.
    pub window: Duration,
    /// Start again at once after the first fault, and wait only after further ones.
    pub first_restart_immediate: bool,
    /// The waits between restarts. Its `max_elapsed_time` is ignored: when to give up is decided by `max_restarts`.
    pub backoff: ExponentialBackoff,
    /// A component that ran this long without a fault is healthy: faults and waits are counted from the start again.
    pub healthy_after: Duration,
    /// One piece of work that takes longer without [`Ctx::heartbeat`](crate::Ctx::heartbeat) is a hang.
    pub hang_after: Duration,
    /// Messages waiting this long with none taken are a stall.
    pub stall_after: Duration,
    /// How many messages may wait; further ones are refused.
    pub capacity: usize,
    /// How long the component and its tasks may take to stop.
    pub shutdown: Duration,
    /// What happens when it failed too often.
    pub on_exhausted: Exhausted,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            max_restarts: 5,
            window: Duration::from_secs(30),
            first_restart_immediate: true,
            backoff: ExponentialBackoff {
                current_interval: Duration::from_millis(10),
                initial_interval: Duration::from_millis(10),
                randomization_factor: 0.3,
                multiplier: 2.0,
                max_interval: Duration::from_secs(10),
                max_elapsed_time: None,
                ..ExponentialBackoff::default()
            },
            healthy_after: Duration::from_secs(60),
            hang_after: Duration::from_secs(5),
            stall_after: Duration::from_secs(30),
            capacity: 4096,
            shutdown: Duration::from_secs(10),
            on_exhausted: Exhausted::CoolDown(Duration::from_secs(30)),
        }
    }
}

/// What happens to a component that failed too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// It stays down until somebody restarts it by hand; its callers get `Down` at once. Right for a connector.
    FailComponent,
    /// It is down for this long, its callers get `Down`, then it is started again with a clean record.
    CoolDown(Duration),
    /// The process ends with this code, so that the service manager starts it again.
    ExitProcess(i32),
}

/// What to do about a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Start again at once.
    Now,
    /// Start again after this time.
    After(Duration),
    /// Too many faults.
    Exhausted,
}

/// Counts the faults of one component.
#[derive(Debug, Default)]
pub struct RestartTracker {
    faults: VecDeque<Instant>,
    waits: Option<ExponentialBackoff>,
}

impl RestartTracker {
    /// Notes a fault and says what to do about it.
    pub fn record(&mut self, now: Instant, p: &RestartPolicy) -> Verdict {
        let healthy = self
            .faults
            .back()
            .is_some_and(|last| now.saturating_duration_since(*last) >= p.healthy_after);
        if healthy {
            self.reset();
        }
        while self
            .faults
            .front()
            .is_some_and(|first| now.saturating_duration_since(*first) >= p.window)
        {
            self.faults.pop_front();
        }
        let fresh = self.waits.is_none();
        let waits = self.waits.get_or_insert_with(|| {
            let mut waits = p.backoff.clone();
            waits.max_elapsed_time = None;
            waits.current_interval = waits.initial_interval;
            waits
        });
        self.faults.push_back(now);
        if self.faults.len() > p.max_restarts as usize {
            return Verdict::Exhausted;
        }
        if fresh && p.first_restart_immediate {
            return Verdict::Now;
        }
        match waits.next_backoff() {
            Some(wait) if !wait.is_zero() => Verdict::After(wait),
            _ => Verdict::Now,
        }
    }

    /// Forgets all faults.
    pub fn reset(&mut self) {
        self.faults.clear();
        self.waits = None;
    }
}

#[cfg(test)]
mod tests;

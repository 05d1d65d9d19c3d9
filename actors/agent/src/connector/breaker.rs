//! A circuit breaker: a store that cannot be reached is left alone for a while.

use crate::pauses::Pauses;
use sluice_contract::{Code, Fault};
use std::time::{Duration, Instant};

/// An attempt that was let through and of which nothing is heard for this long does not hold up the next.
const TRIAL: Duration = Duration::from_secs(60);
/// The longest pause, as a multiple of the first.
const LONGEST: u32 = 20;

/// Counts failures in a row. Pure: the time is an argument.
#[derive(Debug)]
pub(super) struct Breaker {
    limit: u32,
    failures: u32,
    pauses: Pauses,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    fault: Fault,
    /// The pause is over and one attempt was let through to find out.
    trying: bool,
}

/// What the breaker does at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Lets everybody through.
    Closed,
    /// Lets nobody through.
    Open,
    /// Lets one through.
    HalfOpen,
}

impl Breaker {
    pub(super) fn new(limit: u32, pause: Duration) -> Self {
        Self {
            limit: limit.max(1),
            failures: 0,
            pauses: Pauses::new(pause, pause.saturating_mul(LONGEST)),
            open: None,
        }
    }

    /// Whether a copy may use the store now.
    ///
    /// # Errors
    /// The fault that opened the breaker, with how long the store is left alone.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Fault> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if now < open.until {
            let seconds = open.until.saturating_duration_since(now).as_secs();
            return Err(open.fault.clone().context(format!(
                "not tried again for {seconds} s after {} failures in a row",
                self.failures
            )));
        }
        open.trying = true;
        open.until = now + TRIAL;
        Ok(())
    }

    /// The store was reached.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.open = None;
        self.pauses.reset();
    }

    /// The store answered with this fault, or did not. Only failures to reach it count; true when the breaker opened.
    pub(super) fn failed(&mut self, fault: &Fault, now: Instant) -> bool {
        if !is_unreachable(fault) {
            self.succeeded();
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < self.limit {
            return false;
        }
        // Copies that were already under way may fail while it is open; they do not lengthen the pause.
        if self.open.as_ref().is_some_and(|open| !open.trying) {
            return false;
        }
        self.open = Some(Open {
            until: now + self.pauses.next(),
            fault: fault.clone(),
            trying: false,
        });
        true
    }

    pub(super) fn state(&self, now: Instant) -> State {
        match &self.open {
            None => State::Closed,
            Some(open) if now < open.until && !open.trying => State::Open,
            Some(_) => State::HalfOpen,
        }
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// Whether the fault means that the store was not reached.
pub(super) fn is_unreachable(fault: &Fault) -> bool {
    fault.retryable && matches!(fault.code, Code::StoreUnreachable | Code::StoreBusy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try() {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(2, Duration::from_secs(10));
        let unreachable = Fault::new(Code::StoreUnreachable, "refused");
        assert!(!breaker.failed(&unreachable, now));
        breaker.succeeded();
        assert!(!breaker.failed(&unreachable, now));
        assert!(breaker.failed(&unreachable, now));
        assert_eq!(breaker.state(now), State::Open);
        let fault = breaker.admit(now).unwrap_err();
        assert_eq!(fault.code, Code::StoreUnreachable);
        now += Duration::from_secs(14);
        assert_eq!(breaker.state(now), State::HalfOpen);
        breaker.admit(now).unwrap();
        breaker.admit(now).unwrap_err();
        // The trial fails: the pause doubles.
        assert!(breaker.failed(&unreachable, now));
        now += Duration::from_secs(13);
        breaker.admit(now).unwrap_err();
        now += Duration::from_secs(14);
        breaker.admit(now).unwrap();
        // Nothing is heard of that one: the next may try.
        now += TRIAL;
        breaker.admit(now).unwrap();
        breaker.succeeded();
        assert_eq!((breaker.state(now), breaker.failures()), (State::Closed, 0));
    }

    #[test]
    fn a_refusal_is_no_failure_to_reach_the_store() {
        let mut breaker = Breaker::new(1, Duration::from_secs(10));
        let now = Instant::now();
        assert!(!breaker.failed(&Fault::new(Code::LoginFailed, "no"), now));
        assert_eq!(breaker.state(now), State::Closed);
    }
}

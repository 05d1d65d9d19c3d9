//! The factory's clock. This machine's may be wrong by hours, and either may be set in the middle of a session: what the factory
//! said last is counted on by a clock that nobody sets, and learnt anew with every heartbeat.

use chrono::{DateTime, TimeDelta, Utc};
use sluice_contract::Envelope;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// What the factory's clock shows.
#[derive(Debug)]
pub(super) struct FactoryClock(Mutex<(DateTime<Utc>, Instant)>);

impl FactoryClock {
    /// `time` is the factory's clock as a message says that came just now.
    pub(super) fn at(time: DateTime<Utc>) -> Self {
        Self(Mutex::new((time, Instant::now())))
    }

    /// The same of a later message.
    pub(super) fn learn(&self, time: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (time, Instant::now());
    }

    /// Whether a message of the factory is too old to act on. What answers this node never is: it knows itself when it asked,
    /// and whether it still wants the answer.
    pub(super) fn expired(&self, envelope: &Envelope) -> bool {
        self.expired_at(envelope, Instant::now())
    }

    fn expired_at(&self, envelope: &Envelope, now: Instant) -> bool {
        if envelope.corr.is_some() {
            return false;
        }
        let (told, at) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = TimeDelta::from_std(now.saturating_duration_since(at)).ok();
        let now = since.and_then(|since| told.checked_add_signed(since));
        now.is_some_and(|now| envelope.expired(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_contract::Message;
    use sluice_contract::message::Drain;
    use std::time::Duration;

    fn message(expires: DateTime<Utc>) -> Envelope {
        let mut envelope = Envelope::new("g".into(), &Message::GatewayDrain(Drain::default()));
        envelope.expires = Some(expires);
        envelope
    }

    #[test]
    fn a_wrong_clock_here_does_not_make_fresh_messages_old() {
        let theirs = Utc::now() - TimeDelta::hours(5);
        let clock = FactoryClock::at(theirs);
        let fresh = message(theirs + TimeDelta::seconds(60));
        assert!(fresh.expired(Utc::now()), "by this machine's clock it is old");
        assert!(!clock.expired(&fresh));
        assert!(clock.expired(&message(theirs - TimeDelta::seconds(60))));
    }

    #[test]
    fn a_clock_that_was_set_is_learnt_and_answers_do_not_depend_on_it() {
        let before = Utc::now();
        let clock = FactoryClock::at(before);
        let after = before - TimeDelta::hours(1);
        let mut told = message(after + TimeDelta::seconds(60));
        assert!(clock.expired(&told));
        told.corr = Some("a claim".into());
        assert!(!clock.expired(&told));
        told.corr = None;
        clock.learn(after);
        assert!(!clock.expired(&told));
    }

    #[test]
    fn it_goes_on_by_itself() {
        let (begun, at) = (Utc::now(), Instant::now());
        let clock = FactoryClock(Mutex::new((begun, at)));
        let soon = message(begun + TimeDelta::seconds(60));
        assert!(!clock.expired_at(&soon, at + Duration::from_secs(59)));
        assert!(clock.expired_at(&soon, at + Duration::from_secs(61)));
    }
}

//! The factory's clock, as the welcome told it: this machine's may be wrong by hours.

use chrono::{DateTime, TimeDelta, Utc};
use sluice_contract::Envelope;

/// The difference of the two clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct FactoryClock(TimeDelta);

impl FactoryClock {
    /// `time` is the factory's clock as a message says that came just now.
    pub(super) fn at(time: DateTime<Utc>) -> Self {
        Self(time - Utc::now())
    }

    /// Whether a message of the factory is too old to act on.
    pub(super) fn expired(self, envelope: &Envelope) -> bool {
        let now = Utc::now().checked_add_signed(self.0);
        now.is_some_and(|now| envelope.expired(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_contract::Message;
    use sluice_contract::message::LeaseDenied;

    #[test]
    fn a_wrong_clock_here_does_not_make_fresh_messages_old() {
        let ahead = TimeDelta::hours(5);
        let message = Message::LeaseDenied(LeaseDenied {
            reason: String::new(),
            extra: Default::default(),
        });
        let mut envelope = Envelope::new("g".into(), &message);
        envelope.expires = Some(Utc::now() - ahead + TimeDelta::seconds(60));
        assert!(envelope.expired(Utc::now()));
        let clock = FactoryClock::at(Utc::now() - ahead);
        assert!(!clock.expired(&envelope));
        envelope.expires = Some(Utc::now() - ahead - TimeDelta::seconds(60));
        assert!(clock.expired(&envelope));
    }
}

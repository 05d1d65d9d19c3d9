//! The conditions that hold at this moment. Components and tasks write on it; it outlives their restarts.

use super::{Condition, Severity};
use chrono::Utc;
use sluice_contract::Fault;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a condition is about; there is one condition per topic at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// The control channel.
    Channel,
    /// The node's membership in its gateway.
    Membership,
    /// The journal of jobs.
    Ledger,
    /// The credential keys.
    Vault,
    /// The credential keys wait for their passphrase.
    Locked,
    /// The node's own policy.
    Policy,
    /// The node's certificate.
    Certificate,
    /// A linked service's store.
    Store(String),
    /// A supervised component, by its id.
    Component(String),
}

/// All conditions by topic.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<BTreeMap<Topic, Condition>>);

impl Board {
    /// Notes a condition. One that holds already keeps its beginning, and is logged only once.
    pub(crate) fn raise(&self, topic: Topic, severity: Severity, fault: &Fault) {
        let mut conditions = self.lock();
        let old = conditions.get(&topic);
        let known = old.is_some_and(|old| old.code == fault.code);
        let since = old.filter(|_| known).map_or_else(Utc::now, |old| old.since);
        let condition = Condition {
            code: fault.code,
            severity,
            text: fault.message.clone(),
            since,
        };
        conditions.insert(topic.clone(), condition);
        drop(conditions);
        if !known {
            tracing::warn!(?topic, ?severity, code = %fault.code, text = fault.message, "A health condition was raised.");
        }
    }

    /// The condition holds no more.
    pub(crate) fn clear(&self, topic: &Topic) {
        if let Some(condition) = self.lock().remove(topic) {
            tracing::info!(?topic, code = %condition.code, "A health condition is over.");
        }
    }

    /// Whatever holds about components that are not among these holds no more.
    pub(crate) fn keep_components(&self, down: &[&str]) {
        let over = |topic: &&Topic| matches!(topic, Topic::Component(id) if !down.contains(&id.as_str()));
        let over: Vec<Topic> = self.lock().keys().filter(over).cloned().collect();
        for topic in over {
            self.clear(&topic);
        }
    }

    /// All conditions.
    pub(crate) fn list(&self) -> Vec<Condition> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Topic, Condition>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{NodeHealth, word};
    use sluice_contract::Code;

    #[test]
    fn one_condition_per_topic_that_keeps_its_beginning() {
        let board = Board::default();
        let fault = |text: &str| Fault::new(Code::LedgerFailed, text);
        board.raise(Topic::Ledger, Severity::Warning, &fault("one"));
        let since = board.list()[0].since;
        assert_eq!(word(true, &board.list()), NodeHealth::Online);
        board.raise(Topic::Ledger, Severity::Error, &fault("two"));
        let list = board.list();
        assert_eq!((list.len(), list[0].text.as_str(), list[0].since), (1, "two", since));
        assert_eq!(word(true, &list), NodeHealth::Limited);
        assert_eq!(word(false, &list), NodeHealth::Offline);
        board.clear(&Topic::Ledger);
        assert!(board.list().is_empty());
    }
}

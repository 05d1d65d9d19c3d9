//! The expressions in a trigger's parameters: they see the trigger, and nothing else.

use super::random;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sluice_expression::{Root, Scope};
use std::borrow::Cow;

/// What `trigger()` is at one firing.
pub(crate) struct OfTrigger<'a> {
    trigger: &'a Value,
    now: DateTime<Utc>,
}

impl<'a> OfTrigger<'a> {
    pub(crate) fn new(trigger: &'a Value, now: DateTime<Utc>) -> Self {
        Self { trigger, now }
    }
}

impl Scope for OfTrigger<'_> {
    fn root(&self, root: Root<'_>) -> Result<Cow<'_, Value>, String> {
        match root {
            Root::Trigger => Ok(Cow::Borrowed(self.trigger)),
            Root::TriggerBody => match self.trigger["outputs"].get("body") {
                Some(body) => Ok(Cow::Borrowed(body)),
                None => Err("this trigger has no body; only events have one".to_owned()),
            },
            _ => Err("a trigger's parameters can refer to nothing but trigger()".to_owned()),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn random(&self) -> u64 {
        random()
    }
}

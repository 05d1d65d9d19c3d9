//! What an expression can refer to.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::borrow::Cow;

/// A root of references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root<'a> {
    /// `pipeline()`: an object with `parameters`, `globalParameters`, `RunId`, `Pipeline`, `DataFactory`, `TriggerTime`, ...
    Pipeline,
    /// `activity('name')`: an object with `output`, `status`, `error`, ...
    Activity(&'a str),
    /// `variables('name')`: the variable's value.
    Variables(&'a str),
    /// `item()`: the item of the innermost `ForEach` or `Filter`.
    Item,
    /// `dataset()`: the parameters of the dataset that is being resolved.
    Dataset,
    /// `linkedService()`: the parameters of the linked service that is being resolved.
    LinkedService,
    /// `trigger()`: an object with `outputs`, `scheduledTime`, `startTime`, `name`.
    Trigger,
    /// `triggerBody()`: `trigger().outputs.body`.
    TriggerBody,
}

/// Says what the roots are, and what time it is.
pub trait Scope {
    /// The value of a root.
    ///
    /// # Errors
    /// In words: why there is none here, such as an activity that has not run.
    fn root(&self, root: Root<'_>) -> Result<Cow<'_, Value>, String>;

    /// The time, the same for every `utcNow()` of one evaluation.
    fn now(&self) -> DateTime<Utc>;

    /// A random number, for `rand`.
    fn random(&self) -> u64;

    /// 16 random bytes, for `guid`.
    fn random_bytes(&self) -> [u8; 16] {
        let (high, low) = (self.random(), self.random());
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }
}

/// A root without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RootKind {
    Pipeline,
    Activity,
    Variables,
    Item,
    Dataset,
    LinkedService,
    Trigger,
    TriggerBody,
}

const ROOTS: [(&str, RootKind); 8] = [
    ("pipeline", RootKind::Pipeline),
    ("activity", RootKind::Activity),
    ("variables", RootKind::Variables),
    ("item", RootKind::Item),
    ("dataset", RootKind::Dataset),
    ("linkedService", RootKind::LinkedService),
    ("trigger", RootKind::Trigger),
    ("triggerBody", RootKind::TriggerBody),
];

impl RootKind {
    /// By its name, in any case.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let found = ROOTS.iter().find(|(root, _)| root.eq_ignore_ascii_case(name));
        found.map(|(_, root)| *root)
    }

    pub(crate) fn name(self) -> &'static str {
        ROOTS
            .iter()
            .find(|(_, root)| *root == self)
            .map_or("", |(name, _)| name)
    }

    pub(crate) fn takes_name(self) -> bool {
        matches!(self, Self::Activity | Self::Variables)
    }

    pub(crate) fn root(self, name: &str) -> Root<'_> {
        match self {
            Self::Pipeline => Root::Pipeline,
            Self::Activity => Root::Activity(name),
            Self::Variables => Root::Variables(name),
            Self::Item => Root::Item,
            Self::Dataset => Root::Dataset,
            Self::LinkedService => Root::LinkedService,
            Self::Trigger => Root::Trigger,
            Self::TriggerBody => Root::TriggerBody,
        }
    }

    /// All names, for suggestions.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        ROOTS.iter().map(|(name, _)| *name)
    }
}

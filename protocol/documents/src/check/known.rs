//! What the build that asks can do.

use crate::Kind;
use sluice_contract::{Fault, Object};

/// A kind of store with its names in documents.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// For people.
    pub title: String,
    /// Types of linked services.
    pub linked_services: Vec<String>,
    /// Types of datasets.
    pub datasets: Vec<String>,
    /// Types of sources; empty when it cannot be read.
    pub sources: Vec<String>,
    /// Types of sinks; empty when it cannot be written.
    pub sinks: Vec<String>,
}

/// Says what is wrong with a copy's settings, source and sink; the last one is whether files are copied as they are.
pub type CopyRules<'a> = &'a dyn Fn(&Object, &Object, &Object, bool) -> Vec<Fault>;

/// What runs here, from the lists that this build has.
#[derive(Clone)]
pub struct Known<'a> {
    /// The stores of the registry.
    pub stores: Vec<Store>,
    /// Types of linked services that are no stores, and are used: vaults.
    pub services: &'a [&'a str],
    /// Types of activities that run.
    pub activities: &'a [&'a str],
    /// Types of triggers that run.
    pub triggers: &'a [&'a str],
    /// The rules of copies.
    pub copy: CopyRules<'a>,
    /// Whether there is a document besides those that are checked.
    pub elsewhere: &'a dyn Fn(Kind, &str) -> bool,
}

impl Known<'_> {
    /// The store that a type of linked services belongs to.
    pub(super) fn store(&self, linked_service: &str) -> Option<&Store> {
        self.stores
            .iter()
            .find(|store| among(&store.linked_services, linked_service))
    }
}

/// Whether a list has a name, without regard to case.
pub(super) fn among<T: AsRef<str>>(list: &[T], name: &str) -> bool {
    list.iter().any(|other| other.as_ref().eq_ignore_ascii_case(name))
}

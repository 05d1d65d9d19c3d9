//! What this build runs: from the registry of stores, and from the lists of the contract.

use sluice_contract::document::served;
use sluice_documents::{Kind, Known, Store};

/// The stores of the registry, by their names in documents.
fn stores() -> Vec<Store> {
    let own = |names: &[&str], can: bool| -> Vec<String> {
        let names = names.iter().filter(|_| can);
        names.map(|name| (*name).to_owned()).collect()
    };
    let registry = crate::registry::stores();
    let kinds = registry.kinds();
    kinds
        .map(|kind| Store {
            title: kind.title.to_owned(),
            linked_services: own(kind.linked_services, true),
            datasets: own(kind.datasets, true),
            sources: own(kind.sources, kind.capabilities.read),
            sinks: own(kind.sinks, kind.capabilities.write),
        })
        .collect()
}

/// What runs here; `elsewhere` says what there is besides the documents that are checked.
pub(super) fn known<'a>(elsewhere: &'a dyn Fn(Kind, &str) -> bool) -> Known<'a> {
    Known {
        stores: stores(),
        services: served::SERVICES,
        activities: served::ACTIVITIES,
        triggers: served::TRIGGERS,
        copy: &sluice_copy::unserved,
        elsewhere,
    }
}

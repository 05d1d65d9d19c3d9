//! Whether a dataset's store is served, and its type with it.

use super::Verdict;
use super::expressions::{self, Scope};
use super::finding::Notes;
use super::known::{Store, among};
use super::linked_service::unknown;
use super::set::{Found, Set};
use crate::names::Names;
use crate::{Document, Kind};
use sluice_contract::Code;
use sluice_contract::document::{Dataset, LinkedService};

pub(super) fn check(document: &Document, set: &Set<'_>, notes: &mut Notes) -> Option<String> {
    expressions::check(document, &Scope::of_dataset(document), notes);
    let view = match Dataset::view(&document.body) {
        Ok(view) => view,
        Err(fault) => {
            notes.wrong(fault.code, &["properties"], fault.message);
            return None;
        }
    };
    let anywhere = set.known.stores.iter().any(|store| among(&store.datasets, view.kind()));
    if !anywhere {
        unknown(Names::Datasets, "datasets", view.kind(), notes);
        return None;
    }
    match set.find(Kind::LinkedService, view.linked_service()) {
        Found::Here(service, verdict) => {
            let Some(store) = store_of(service, set) else {
                let text = format!("its linked service {} does not run here", service.name);
                notes.stored(Code::StoreTypeUnknown, &["properties", "linkedServiceName"], text);
                return None;
            };
            if !among(&store.datasets, view.kind()) {
                let text = format!(
                    "a dataset of type {} does not lie in {}, the store of {}",
                    view.kind(),
                    store.title,
                    service.name
                );
                notes.wrong(Code::TypeMissing, &["properties", "type"], text);
            } else if verdict != Verdict::Runs {
                let text = format!("its linked service {} does not run as it is", service.name);
                notes.stored(Code::StoreTypeUnknown, &["properties", "linkedServiceName"], text);
            }
            Some(store.title.clone())
        }
        _ => Some(view.kind().to_owned()),
    }
}

/// The store of a linked service.
pub(super) fn store_of<'a>(service: &Document, set: &Set<'a>) -> Option<&'a Store> {
    let view = LinkedService::view(&service.body).ok()?;
    set.known.store(view.kind())
}

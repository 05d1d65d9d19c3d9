//! Which connector serves a linked service.

use super::expressions::{self, Scope};
use super::finding::{Notes, Severity};
use super::known::among;
use super::set::{Found, Set};
use crate::names::Names;
use crate::text::Path;
use crate::{Document, Kind};
use sluice_contract::Code;
use sluice_contract::document::{LinkedService, properties, text};

pub(super) fn check(document: &Document, set: &Set<'_>, notes: &mut Notes) -> Option<String> {
    expressions::check(document, &Scope::of_linked_service(document), notes);
    let view = match LinkedService::view(&document.body) {
        Ok(view) => view,
        Err(fault) => {
            notes.wrong(fault.code, &["properties"], fault.message);
            return None;
        }
    };
    let kind = view.kind();
    via(view.gateway(), set, notes);
    if let Some(store) = set.known.store(kind) {
        return Some(store.title.clone());
    }
    if among(set.known.services, kind) {
        return Some("secrets that other linked services name".to_owned());
    }
    unknown(Names::LinkedServices, "linked services", kind, notes);
    None
}

/// A type that nobody serves: one of Data Factory's, or a slip of the pen.
pub(super) fn unknown(names: Names, what: &str, kind: &str, notes: &mut Notes) {
    let path = Path::of(&["properties", "type"]);
    if kind.starts_with('[') {
        // A template's expression without a value was told already.
        notes.add(
            Severity::Stored,
            Code::StoreTypeUnknown,
            path,
            format!("the type {kind} is computed by a template"),
        );
    } else if names.has(kind) {
        let text = format!("no connector serves {what} of type {kind}");
        notes.add(Severity::Stored, Code::StoreTypeUnknown, path, text);
    } else {
        let near = names
            .nearest(kind)
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        let text = format!("there is no type {kind:?} of {what}{near}");
        notes.add(Severity::Wrong, Code::TypeMissing, path, text);
    }
}

/// A machine of Azure's cannot be asked to connect.
fn via(gateway: Option<&str>, set: &Set<'_>, notes: &mut Notes) {
    let Some(name) = gateway else { return };
    let Found::Here(runtime, _) = set.find(Kind::IntegrationRuntime, name) else {
        return;
    };
    let kind = properties(&runtime.body)
        .ok()
        .and_then(|properties| text(properties, "type"));
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("SelfHosted")) {
        let text = format!(
            "connectVia names {name}, which is not a gateway: name one, or none where the factory has only one"
        );
        notes.stored(Code::NoGateway, &["properties", "connectVia"], text);
    }
}

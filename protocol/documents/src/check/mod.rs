//! What will run, what is stored only, and what is wrong, said before anything is sent.

mod dataset;
mod expressions;
mod finding;
mod known;
mod linked_service;
mod pipeline;
mod references;
mod set;
mod steps;
mod trigger;

pub use finding::{Checked, Finding, Severity, Verdict};
pub use known::{CopyRules, Known, Store};

use crate::{Document, Kind, order};
use finding::Notes;
use set::Set;
use sluice_contract::document::{check_name, text};
use sluice_contract::{Code, Object};

/// Checks documents together; the answer has one entry for each, in their order.
pub fn check(documents: &[Document], known: &Known<'_>) -> Vec<Checked> {
    let mut set = Set::new(documents, known);
    for i in order(documents) {
        let document = &documents[i];
        let mut notes = Notes::default();
        if set.is_twice(i) {
            let other = format!("another document is the {} {} as well", document.kind, document.name);
            notes.wrong(Code::DocumentTwice, &["name"], other);
        }
        for (path, cause) in &document.open {
            notes.add(
                Severity::Wrong,
                Code::TemplateParameterMissing,
                path.clone(),
                cause.clone(),
            );
        }
        if document.open.is_empty()
            && let Err(fault) = check_name(&document.name)
        {
            notes.wrong(fault.code, &["name"], fault.message);
        }
        references::check(document, &set, &mut notes);
        let by = match document.kind {
            Kind::Factory => factory(),
            Kind::IntegrationRuntime => runtime(document, &mut notes),
            Kind::LinkedService => linked_service::check(document, &set, &mut notes),
            Kind::Dataset => dataset::check(document, &set, &mut notes),
            Kind::Pipeline => pipeline::check(document, &set, &mut notes),
            Kind::Trigger => trigger::check(document, &set, &mut notes),
            Kind::Credential => {
                let cause = "credentials of Azure's identities are not used here";
                notes.stored(Code::OperationNotSupported, &["properties"], cause);
                None
            }
            Kind::DataFlow => {
                notes.stored(Code::ActivityUnsupported, &["properties"], "data flows do not run here");
                None
            }
        };
        set.note(i, notes.into_checked(by));
    }
    set.finish()
}

fn factory() -> Option<String> {
    Some("the factory's global parameters".to_owned())
}

fn runtime(document: &Document, notes: &mut Notes) -> Option<String> {
    let kind = properties(document).and_then(|properties| text(properties, "type"));
    match kind {
        None => Some("a gateway".to_owned()),
        Some(kind) if kind.eq_ignore_ascii_case("SelfHosted") => Some("a gateway".to_owned()),
        Some(kind) => {
            let cause =
                format!("an integration runtime of type {kind} is a machine of Azure's; here are gateways only");
            notes.stored(Code::TypeMissing, &["properties", "type"], cause);
            None
        }
    }
}

/// A document's `properties`.
fn properties(document: &Document) -> Option<&Object> {
    sluice_contract::document::properties(&document.body).ok()
}

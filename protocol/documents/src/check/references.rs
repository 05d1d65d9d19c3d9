//! Whether what a document refers to is there, and of the kind that belongs there.

use super::Severity;
use super::finding::Notes;
use super::set::{Found, Set};
use crate::references::{Reference, references};
use crate::text::{Path, Step};
use crate::{Document, Kind};
use serde_json::Value;
use sluice_contract::document::{member, properties};
use sluice_contract::{Code, Object};

pub(super) fn check(document: &Document, set: &Set<'_>, notes: &mut Notes) {
    for reference in references(document) {
        one(document, &reference, set, notes);
    }
}

fn one(document: &Document, reference: &Reference, set: &Set<'_>, notes: &mut Notes) {
    let path = &reference.path;
    let expected = expected(path);
    if let (Some(expected), Some(kind)) = (expected, reference.kind)
        && expected != kind
    {
        let text = format!(
            "a reference to a {expected} belongs here, and its type is {:?}",
            reference.said
        );
        notes.add(Severity::Wrong, Code::ReferenceTypeWrong, path.name("type"), text);
        return;
    }
    let Some(kind) = reference.kind else {
        // Notebooks, Spark pools and others that only Azure has.
        if expected.is_some() {
            let text = format!("{:?} is no type of reference", reference.said);
            notes.add(Severity::Wrong, Code::ReferenceTypeWrong, path.name("type"), text);
        }
        return;
    };
    let Some(name) = &reference.name else { return };
    if kind == Kind::IntegrationRuntime && name.eq_ignore_ascii_case("AutoResolveIntegrationRuntime") {
        return;
    }
    match set.find(kind, name) {
        Found::Nowhere => {
            let text = match set.kinds_of(name).first() {
                Some(other) => format!("there is no {kind} named {name}, but a {other} of this name"),
                None => format!("there is no {kind} named {name}"),
            };
            notes.add(Severity::Wrong, Code::ReferenceMissing, path.clone(), text);
        }
        Found::Here(other, _) => parameters(document, reference, other, notes),
        Found::Elsewhere => {}
    }
}

/// The kind that belongs at a place, by the member's name.
fn expected(path: &Path) -> Option<Kind> {
    let names = path.0.iter().rev().find_map(|step| match step {
        Step::Name(name) => Some(name.to_ascii_lowercase()),
        Step::Index(_) => None,
    });
    match names?.as_str() {
        "linkedservicename" => Some(Kind::LinkedService),
        "inputs" | "outputs" | "dataset" => Some(Kind::Dataset),
        "pipelinereference" => Some(Kind::Pipeline),
        "connectvia" => Some(Kind::IntegrationRuntime),
        _ => None,
    }
}

/// Every parameter without a default needs a value.
fn parameters(document: &Document, reference: &Reference, other: &Document, notes: &mut Notes) {
    // A pipeline's parameters stand beside the reference; see the pipeline's and the trigger's own checks.
    // A data flow's datasets get theirs from the activity that runs it.
    if !matches!(other.kind, Kind::Dataset | Kind::LinkedService) || document.kind == Kind::DataFlow {
        return;
    }
    let given = &reference.parameters;
    missing(other, given, &reference.path, notes);
    for name in given {
        if declared(other).is_none_or(|declared| member(declared, name).is_none()) {
            let text = format!("the {} {} has no parameter {name}", other.kind, other.name);
            let path = reference.path.name("parameters").name(name);
            notes.add(Severity::Note, Code::DatasetParameterMissing, path, text);
        }
    }
}

/// The parameters that a document declares.
pub(super) fn declared(document: &Document) -> Option<&Object> {
    let properties = properties(&document.body).ok()?;
    member(properties, "parameters").and_then(Value::as_object)
}

/// Tells of parameters that have neither a value nor a default.
pub(super) fn missing(other: &Document, given: &[String], path: &Path, notes: &mut Notes) {
    for (name, declaration) in declared(other).into_iter().flatten() {
        let default = declaration
            .as_object()
            .and_then(|declaration| member(declaration, "defaultValue"));
        if default.is_none() && !given.iter().any(|given| given.eq_ignore_ascii_case(name)) {
            let text = format!(
                "the {} {} needs a value for its parameter {name}",
                other.kind, other.name
            );
            notes.add(Severity::Wrong, Code::DatasetParameterMissing, path.clone(), text);
        }
    }
}

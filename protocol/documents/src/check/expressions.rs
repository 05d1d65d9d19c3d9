//! Expressions: whether they can be read, and whether what they refer to is there.

use super::finding::{Notes, Severity};
use super::references::declared;
use crate::Document;
use crate::text::Path;
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Code, Object};
use sluice_expression::{Reference, Template, is_expression, references};
use std::collections::BTreeSet;

/// What expressions of a document may refer to; names in lower case.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) parameters: BTreeSet<String>,
    pub(super) variables: BTreeSet<String>,
    pub(super) activities: BTreeSet<String>,
    dataset: bool,
    linked_service: bool,
    pipeline: bool,
}

impl Scope {
    pub(super) fn of_dataset(document: &Document) -> Self {
        Self {
            parameters: lower(declared(document)),
            dataset: true,
            ..Self::default()
        }
    }

    pub(super) fn of_linked_service(document: &Document) -> Self {
        Self {
            parameters: lower(declared(document)),
            linked_service: true,
            ..Self::default()
        }
    }

    pub(super) fn of_trigger() -> Self {
        Self::default()
    }

    pub(super) fn of_pipeline(document: &Document, properties: &Object, activities: BTreeSet<String>) -> Self {
        Self {
            parameters: lower(declared(document)),
            variables: lower(member(properties, "variables").and_then(Value::as_object)),
            activities,
            pipeline: true,
            ..Self::default()
        }
    }

    fn complaint(&self, reference: &Reference) -> Option<String> {
        let no = |names: &BTreeSet<String>, name: &String| !names.contains(&name.to_lowercase());
        match reference {
            Reference::Activity(name) if self.pipeline && no(&self.activities, name) => {
                Some(format!("there is no activity {name} in the pipeline"))
            }
            Reference::Variable(name) if self.pipeline && no(&self.variables, name) => {
                Some(format!("the pipeline has no variable {name}"))
            }
            Reference::Parameter(name) if self.pipeline && no(&self.parameters, name) => {
                Some(format!("the pipeline has no parameter {name}"))
            }
            Reference::DatasetParameter(name) if self.dataset && no(&self.parameters, name) => {
                Some(format!("the dataset has no parameter {name}"))
            }
            Reference::LinkedServiceParameter(name) if self.linked_service && no(&self.parameters, name) => {
                Some(format!("the linked service has no parameter {name}"))
            }
            _ => None,
        }
    }
}

fn lower(object: Option<&Object>) -> BTreeSet<String> {
    object
        .into_iter()
        .flat_map(|object| object.keys())
        .map(|name| name.to_lowercase())
        .collect()
}

/// Members whose texts are for people.
const PROSE: &[&str] = &[
    "description",
    "annotations",
    "folder",
    "name",
    "$schema",
    "defaultValue",
    "structure",
    "schema",
];

/// Checks every expression of a document's `properties`.
pub(super) fn check(document: &Document, scope: &Scope, notes: &mut Notes) {
    if let Some(properties) = super::properties(document) {
        for (name, value) in properties {
            walk(value, &Path::of(&["properties", name]), name, scope, notes);
        }
    }
}

fn walk(value: &Value, path: &Path, name: &str, scope: &Scope, notes: &mut Notes) {
    // A schema may be computed as well, but its columns are names.
    if PROSE.iter().any(|prose| name.eq_ignore_ascii_case(prose)) && !matches!(value, Value::Object(_)) {
        return;
    }
    match value {
        Value::String(text) if is_expression(value) => one(text, path, scope, notes),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                walk(item, &path.index(i), name, scope, notes);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                walk(value, &path.name(name), name, scope, notes);
            }
        }
        _ => {}
    }
}

fn one(text: &str, path: &Path, scope: &Scope, notes: &mut Notes) {
    match Template::parse(text) {
        Err(error) => notes.add(
            Severity::Wrong,
            Code::ExpressionInvalid,
            path.clone(),
            error.to_string(),
        ),
        Ok(template) => {
            for complaint in references(&template)
                .iter()
                .filter_map(|reference| scope.complaint(reference))
            {
                notes.add(Severity::Wrong, Code::ExpressionInvalid, path.clone(), complaint);
            }
        }
    }
}

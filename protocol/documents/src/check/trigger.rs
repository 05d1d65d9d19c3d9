//! Whether a trigger is of a type that fires here, and its pipelines have what they need.

use super::Verdict;
use super::expressions::{self, Scope};
use super::finding::{Notes, Severity};
use super::known::among;
use super::references::missing;
use super::set::{Found, Set};
use crate::names::{Names, kind_of};
use crate::text::Path;
use crate::{Document, Kind};
use serde_json::Value;
use sluice_contract::document::{Trigger, TriggerKind, member, text};
use sluice_contract::{Code, Object};
use sluice_schedule::{Arrivals, Recurrence, Tumbling};

pub(super) fn check(document: &Document, set: &Set<'_>, notes: &mut Notes) -> Option<String> {
    expressions::check(document, &Scope::of_trigger(), notes);
    let properties = super::properties(document)?;
    let kind = kind_of(properties);
    let path = Path::of(&["properties"]);
    if !among(set.known.triggers, kind) {
        if Names::Triggers.has(kind) {
            let text = format!("triggers of type {kind} do not fire here");
            notes.stored(Code::TriggerUnsupported, &["properties", "type"], text);
        } else {
            let near = Names::Triggers.nearest(kind);
            let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            notes.wrong(
                Code::TypeMissing,
                &["properties", "type"],
                format!("there is no type {kind:?} of triggers{near}"),
            );
        }
    }
    times(document, notes);
    let many = member(properties, "pipelines").and_then(Value::as_array);
    let mut started = Vec::new();
    for (i, item) in many.into_iter().flatten().enumerate() {
        started.push((item, path.name("pipelines").index(i)));
    }
    started.extend(member(properties, "pipeline").map(|item| (item, path.name("pipeline"))));
    if started.is_empty() {
        notes.add(Severity::Note, Code::PipelineInvalid, path, "it starts no pipeline");
    }
    for (item, path) in started {
        if let Some(item) = item.as_object() {
            pipeline(item, &path, set, notes);
        }
    }
    Some(kind.to_owned())
}

/// Times and windows: what is wrong with them is known before anything is sent.
fn times(document: &Document, notes: &mut Notes) {
    let Ok(view) = Trigger::view(&document.body) else {
        return;
    };
    // What a template leaves open is told at its own place.
    if !document.open.is_empty() {
        return;
    }
    let inner = view.type_properties();
    let read = match view.kind() {
        TriggerKind::Schedule => Recurrence::read(inner, chrono::DateTime::UNIX_EPOCH).map(drop),
        TriggerKind::Tumbling => Tumbling::read(inner).map(drop),
        TriggerKind::Arrivals => Arrivals::read(inner).map(drop),
        TriggerKind::Stored(_) => Ok(()),
    };
    if let Err(what) = read {
        notes.wrong(Code::TriggerInvalid, &["properties", "typeProperties"], what);
    }
}

fn pipeline(item: &Object, path: &Path, set: &Set<'_>, notes: &mut Notes) {
    let reference = member(item, "pipelineReference").and_then(Value::as_object);
    let Some(name) = reference.and_then(|reference| text(reference, "referenceName")) else {
        return;
    };
    let Found::Here(pipeline, verdict) = set.find(Kind::Pipeline, name) else {
        return;
    };
    let given = member(item, "parameters").and_then(Value::as_object);
    let given: Vec<String> = given.into_iter().flat_map(|given| given.keys().cloned()).collect();
    missing(pipeline, &given, path, notes);
    if verdict != Verdict::Runs {
        let text = format!("its pipeline {} does not run", pipeline.name);
        notes.add(Severity::Stored, Code::PipelineInvalid, path.clone(), text);
    }
}

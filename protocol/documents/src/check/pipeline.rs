//! Which activities of a pipeline run.

use super::expressions::{self, Scope};
use super::finding::{Notes, Severity};
use super::known::among;
use super::references::missing;
use super::set::{Found, Set};
use super::steps::{self, Placed};
use super::{Verdict, dataset};
use crate::names::{Names, kind_of};
use crate::text::Path;
use crate::{Document, Kind};
use serde_json::Value;
use sluice_contract::document::{Dataset, is_expression, member, text};
use sluice_contract::{Code, Object};
use std::collections::BTreeSet;

pub(super) fn check(document: &Document, set: &Set<'_>, notes: &mut Notes) -> Option<String> {
    let properties = super::properties(document)?;
    if let Err(fault) = sluice_contract::document::Pipeline::view(&document.body) {
        notes.wrong(fault.code, &["properties", "activities"], fault.message);
    }
    let path = Path::of(&["properties"]);
    let top = steps::list(properties, "activities", &path);
    if top.is_empty() {
        notes.add(
            Severity::Note,
            Code::PipelineInvalid,
            path.name("activities"),
            "it has no activities",
        );
    }
    let mut seen = Seen::default();
    level(&top, set, &mut seen, notes);
    let scope = Scope::of_pipeline(document, properties, seen.names.clone());
    expressions::check(document, &scope, notes);
    variables(&seen, &scope, notes);
    let kinds: Vec<&str> = seen.kinds.iter().map(String::as_str).collect();
    Some(kinds.join(", "))
}

/// What the activities have in common.
#[derive(Default)]
struct Seen {
    names: BTreeSet<String>,
    kinds: BTreeSet<String>,
    /// Variables that are set, and where.
    variables: Vec<(String, Path)>,
}

fn level(steps: &[Placed<'_>], set: &Set<'_>, seen: &mut Seen, notes: &mut Notes) {
    steps::check(steps, notes);
    for step in steps {
        if !seen.names.insert(step.name().to_lowercase()) {
            let text = format!("two activities are named {:?}", step.name());
            notes.add(Severity::Wrong, Code::PipelineInvalid, step.path.name("name"), text);
        }
        activity(step, set, seen, notes);
        for inner in step.within() {
            level(&inner, set, seen, notes);
        }
    }
}

fn activity(step: &Placed<'_>, set: &Set<'_>, seen: &mut Seen, notes: &mut Notes) {
    // azure-mgmt-datafactory 10.0.0 sends "Execution" for a Copy.
    let copies = step
        .settings()
        .is_some_and(|all| all.contains_key("source") && all.contains_key("sink"));
    let kind = if step.kind() == "Execution" && copies {
        "Copy"
    } else {
        step.kind()
    };
    if kind.is_empty() {
        return;
    }
    seen.kinds.insert(kind.to_owned());
    let path = step.path.name("type");
    if !among(set.known.activities, kind) {
        if Names::Activities.has(kind) {
            let text = format!("activity {}: the type {kind} does not run here", step.name());
            notes.add(Severity::Stored, Code::ActivityUnsupported, path, text);
        } else {
            let near = Names::Activities.nearest(kind);
            let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            let text = format!(
                "activity {}: there is no type {kind:?} of activities{near}",
                step.name()
            );
            // Others than Data Factory's own are there: Synapse and Fabric write pipelines, too.
            let severity = if near.is_empty() {
                Severity::Stored
            } else {
                Severity::Wrong
            };
            notes.add(severity, Code::ActivityUnsupported, path, text);
        }
    }
    match kind {
        "Copy" => copy(step, set, notes),
        "ExecutePipeline" => execute(step, set, notes),
        "SetVariable" | "AppendVariable" => {
            let name = step.settings().and_then(|settings| text(settings, "variableName"));
            let own = step
                .settings()
                .and_then(|settings| member(settings, "setSystemVariable"))
                == Some(&Value::Bool(true));
            if let Some(name) = name.filter(|_| !own) {
                let path = step.path.name("typeProperties").name("variableName");
                seen.variables.push((name.to_owned(), path));
            }
        }
        _ => {}
    }
    datasets_run(step, set, notes);
}

fn variables(seen: &Seen, scope: &Scope, notes: &mut Notes) {
    for (name, path) in &seen.variables {
        if !name.starts_with('@') && !scope.variables.contains(&name.to_lowercase()) {
            let text = format!("the pipeline has no variable {name}");
            notes.add(Severity::Wrong, Code::PipelineInvalid, path.clone(), text);
        }
    }
}

fn reference_name(value: &Value) -> Option<&str> {
    text(value.as_object()?, "referenceName")
}

/// A called pipeline needs its parameters, and has to run.
fn execute(step: &Placed<'_>, set: &Set<'_>, notes: &mut Notes) {
    let Some(settings) = step.settings() else { return };
    let name = member(settings, "pipeline").and_then(reference_name);
    let Some(Found::Here(pipeline, verdict)) = name.map(|name| set.find(Kind::Pipeline, name)) else {
        return;
    };
    let path = step.path.name("typeProperties");
    let given = member(settings, "parameters").filter(|given| !is_expression(given));
    let given = given.and_then(Value::as_object);
    let given: Vec<String> = given.into_iter().flat_map(|given| given.keys().cloned()).collect();
    missing(pipeline, &given, &path, notes);
    if verdict != Verdict::Runs {
        let text = format!("activity {}: the pipeline {} does not run", step.name(), pipeline.name);
        notes.add(Severity::Stored, Code::PipelineInvalid, path.name("pipeline"), text);
    }
}

/// Whether the datasets that an activity names run.
fn datasets_run(step: &Placed<'_>, set: &Set<'_>, notes: &mut Notes) {
    let ends = ["inputs", "outputs"]
        .iter()
        .filter_map(|end| Some((*end, member(step.object, end)?.as_array()?)));
    let mut named: Vec<(&str, Path)> = Vec::new();
    for (end, items) in ends {
        for (i, item) in items.iter().enumerate() {
            named.extend(reference_name(item).map(|name| (name, step.path.name(end).index(i))));
        }
    }
    let own = step
        .settings()
        .and_then(|settings| member(settings, "dataset"))
        .and_then(reference_name);
    named.extend(own.map(|name| (name, step.path.name("typeProperties").name("dataset"))));
    for (name, path) in named {
        if let Found::Here(other, verdict) = set.find(Kind::Dataset, name)
            && verdict != Verdict::Runs
        {
            let text = format!("activity {}: the dataset {} does not run", step.name(), other.name);
            notes.add(Severity::Stored, Code::StoreTypeUnknown, path, text);
        }
    }
}

/// Source and sink have to be of the datasets' stores, and the settings have to be ones that a copy follows.
fn copy(step: &Placed<'_>, set: &Set<'_>, notes: &mut Notes) {
    let settings = step.settings();
    let mut ends = Vec::new();
    for (end, side) in [("inputs", "source"), ("outputs", "sink")] {
        let path = step.path.name("typeProperties").name(side);
        let object = settings
            .and_then(|settings| member(settings, side))
            .and_then(Value::as_object);
        let Some(object) = object else {
            let text = format!("activity {}: it has no {side}", step.name());
            notes.add(
                Severity::Wrong,
                Code::PipelineInvalid,
                step.path.name("typeProperties"),
                text,
            );
            return;
        };
        let first = member(step.object, end)
            .and_then(Value::as_array)
            .and_then(|items| items.first());
        let Some(first) = first else {
            let text = format!("activity {}: it has no {end}", step.name());
            notes.add(Severity::Wrong, Code::PipelineInvalid, step.path.clone(), text);
            return;
        };
        end_fits(step, kind_of(object), side, reference_name(first), &path, set, notes);
        ends.push(object);
    }
    let (Some(settings), [source, sink]) = (settings, ends.as_slice()) else {
        return;
    };
    let others: Object = settings
        .iter()
        .filter(|(name, _)| !["source", "sink"].iter().any(|end| name.eq_ignore_ascii_case(end)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let binary = kind_of(source).eq_ignore_ascii_case("BinarySource");
    for fault in (set.known.copy)(&others, source, sink, binary) {
        let text = format!("activity {}: {}", step.name(), fault.message);
        notes.add(Severity::Stored, fault.code, step.path.name("typeProperties"), text);
    }
}

fn end_fits(
    step: &Placed<'_>,
    kind: &str,
    side: &str,
    dataset: Option<&str>,
    path: &Path,
    set: &Set<'_>,
    notes: &mut Notes,
) {
    let list = |store: &super::Store| match side {
        "source" => store.sources.clone(),
        _ => store.sinks.clone(),
    };
    let names = if side == "source" { Names::Sources } else { Names::Sinks };
    let path = path.name("type");
    if kind.is_empty() {
        let text = format!("activity {}: its {side} has no type", step.name());
        notes.add(Severity::Wrong, Code::TypeMissing, path, text);
        return;
    }
    if !set.known.stores.iter().any(|store| among(&list(store), kind)) {
        if names.has(kind) || kind.starts_with(['[', '@']) {
            let text = format!("activity {}: no connector serves a {side} of type {kind}", step.name());
            notes.add(Severity::Stored, Code::StoreTypeUnknown, path, text);
        } else {
            let near = names
                .nearest(kind)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            let text = format!("activity {}: there is no {side} of type {kind:?}{near}", step.name());
            notes.add(Severity::Wrong, Code::TypeMissing, path, text);
        }
        return;
    }
    let Some(Found::Here(found, Verdict::Runs)) = dataset.map(|name| set.find(Kind::Dataset, name)) else {
        return;
    };
    let service = Dataset::view(&found.body)
        .ok()
        .map(|view| set.find(Kind::LinkedService, view.linked_service()));
    let Some(Found::Here(service, _)) = service else { return };
    if let Some(store) = dataset::store_of(service, set)
        && !among(&list(store), kind)
    {
        let text = format!(
            "activity {}: a {side} of type {kind} does not fit the dataset {}, which lies in {}",
            step.name(),
            found.name,
            store.title
        );
        notes.add(Severity::Wrong, Code::TypeMissing, path, text);
    }
}

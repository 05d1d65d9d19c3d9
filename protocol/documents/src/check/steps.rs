//! The activities of one level of a pipeline: names, and what they wait for.

use super::finding::{Notes, Severity};
use crate::text::Path;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Object};

/// An activity, where it stands, and whether it is within another one.
pub(super) struct Placed<'a> {
    pub(super) object: &'a Object,
    pub(super) path: Path,
}

impl<'a> Placed<'a> {
    pub(super) fn name(&self) -> &'a str {
        text(self.object, "name").unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &'a str {
        text(self.object, "type").unwrap_or_default()
    }

    pub(super) fn settings(&self) -> Option<&'a Object> {
        member(self.object, "typeProperties").and_then(Value::as_object)
    }

    /// The lists of activities within this one.
    pub(super) fn within(&self) -> Vec<Vec<Placed<'a>>> {
        let Some(settings) = self.settings() else {
            return Vec::new();
        };
        let path = self.path.name("typeProperties");
        let lists = [
            "activities",
            "ifTrueActivities",
            "ifFalseActivities",
            "defaultActivities",
        ];
        let mut found: Vec<_> = lists.iter().map(|name| list(settings, name, &path)).collect();
        let cases = member(settings, "cases").and_then(Value::as_array);
        for (i, case) in cases.into_iter().flatten().enumerate() {
            if let Some(case) = case.as_object() {
                found.push(list(case, "activities", &path.name("cases").index(i)));
            }
        }
        found.retain(|list| !list.is_empty());
        found
    }
}

/// The activities of a member.
pub(super) fn list<'a>(object: &'a Object, name: &str, path: &Path) -> Vec<Placed<'a>> {
    let items = member(object, name).and_then(Value::as_array);
    let items = items.into_iter().flatten().enumerate();
    items
        .filter_map(|(i, item)| {
            Some(Placed {
                object: item.as_object()?,
                path: path.name(name).index(i),
            })
        })
        .collect()
}

/// Checks what the activities of one level wait for.
pub(super) fn check(steps: &[Placed<'_>], notes: &mut Notes) {
    let names: Vec<String> = steps.iter().map(|step| step.name().to_lowercase()).collect();
    let mut waits: Vec<Vec<usize>> = Vec::with_capacity(steps.len());
    for step in steps {
        let mut for_these = Vec::new();
        let depends = member(step.object, "dependsOn").and_then(Value::as_array);
        for (i, item) in depends.into_iter().flatten().enumerate() {
            let path = step.path.name("dependsOn").index(i);
            let Some(item) = item.as_object() else { continue };
            conditions(item, &path, notes);
            let wanted = text(item, "activity").unwrap_or_default();
            match names.iter().position(|name| *name == wanted.to_lowercase()) {
                Some(at) => for_these.push(at),
                None => {
                    let text = format!("it depends on {wanted:?}, which is not among the activities beside it");
                    notes.add(Severity::Wrong, Code::PipelineInvalid, path, text);
                }
            }
        }
        waits.push(for_these);
    }
    let circle = circle(&waits);
    if let Some(first) = circle.first() {
        let names: Vec<&str> = circle.iter().map(|at| steps[*at].name()).collect();
        let text = format!("these activities wait for each other in a circle: {}", names.join(", "));
        notes.add(
            Severity::Wrong,
            Code::PipelineInvalid,
            steps[*first].path.name("dependsOn"),
            text,
        );
    }
}

fn conditions(item: &Object, path: &Path, notes: &mut Notes) {
    const WORDS: &[&str] = &["Succeeded", "Failed", "Skipped", "Completed"];
    let all = member(item, "dependencyConditions").and_then(Value::as_array);
    for condition in all.into_iter().flatten().filter_map(Value::as_str) {
        if !WORDS.iter().any(|word| condition.eq_ignore_ascii_case(word)) {
            let text = format!("{condition:?} is no condition: there are {}", WORDS.join(", "));
            notes.add(
                Severity::Wrong,
                Code::PipelineInvalid,
                path.name("dependencyConditions"),
                text,
            );
        }
    }
}

/// Those that are left when what waits for nothing is taken away, again and again; and of those, the ones that something
/// left waits for.
fn circle(waits: &[Vec<usize>]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..waits.len()).collect();
    loop {
        let before = left.len();
        let current = left.clone();
        left.retain(|i| waits[*i].iter().any(|other| current.contains(other)));
        let current = left.clone();
        left.retain(|i| current.iter().any(|other| waits[*other].contains(i)));
        if left.len() == before {
            return left;
        }
    }
}

//! Pipelines: their activities by the windows that they work on.

use crate::activity::{self, Activity};
use crate::availability::{Availability, Period};
use crate::dataset::{Dataset, Shape};
use crate::policy::Guards;
use crate::translate::{Kind, Names, Notes, Old1, Translation, Use, Uses, push};
use crate::trigger;
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Object};
use std::collections::{BTreeMap, BTreeSet};

/// Who makes the slices of a dataset.
#[derive(Clone, Debug)]
pub struct Output {
    /// The dataset.
    pub dataset: String,
    /// The pipeline of v1.
    pub old_pipeline: String,
    /// The pipeline of today.
    pub pipeline: String,
    /// The trigger of its windows; none where it is started by hand.
    pub trigger: Option<String>,
    /// The activity.
    pub activity: String,
    /// When the slices are.
    pub availability: Option<Availability>,
    /// When the pipeline is active.
    pub period: Option<Period>,
    /// Whether it is paused.
    pub paused: bool,
}

/// Activities of one pipeline that work on the same windows.
pub(crate) struct Group<'a> {
    pub(crate) of: usize,
    pub(crate) old: &'a str,
    pub(crate) name: String,
    pub(crate) availability: Option<Availability>,
    pub(crate) activities: Vec<Activity<'a>>,
    pub(crate) period: Option<Period>,
    pub(crate) paused: bool,
    pub(crate) description: Option<&'a str>,
}

/// The name of a dataset that is read as text by some and as it is by others.
pub(crate) fn text_name(name: &str) -> String {
    format!("{name}-text")
}

/// How datasets of files without a format are used by copies.
pub(crate) fn uses(all: &Old1<'_>) -> Uses {
    let mut uses = Uses::new();
    for (_, _, properties) in &all.pipelines {
        for activity in activity::list(properties).filter(|activity| activity.kind == "Copy") {
            let (Some(input), Some(output)) = (activity.inputs.first(), activity.outputs.first()) else {
                continue;
            };
            let as_is = copies_as_is(all, &input.name, output);
            for name in [&input.name, output] {
                let using: &mut Use = uses.entry(name.to_lowercase()).or_default();
                using.as_is |= as_is;
                using.as_text |= !as_is;
            }
            let header = activity.settings().and_then(|settings| {
                let sink = member(settings, "sink")?.as_object()?;
                member(sink, "blobWriterAddHeader")?.as_bool()
            });
            uses.entry(output.to_lowercase()).or_default().header |= header.unwrap_or(false);
        }
    }
    uses
}

/// Whether both ends are files, and neither says a format.
pub(crate) fn copies_as_is(all: &Old1<'_>, input: &str, output: &str) -> bool {
    let bare = |name: &str| {
        let dataset = all
            .datasets
            .get(&name.to_lowercase())
            .map(|(_, _, dataset)| &dataset.shape);
        matches!(dataset, Some(Shape::Files { format: None, .. }))
    };
    bare(input) && bare(output)
}

pub(crate) fn translate(all: &Old1<'_>, uses: &Uses, made: &mut Translation) {
    let mut groups = Vec::new();
    for (of, name, properties) in &all.pipelines {
        let mut notes = Notes {
            of: *of,
            all: &mut made.notes,
        };
        groups.extend(split(*of, name, properties, all, &mut notes));
    }
    let makers = makers(&groups, made);
    for group in &groups {
        let mut notes = Notes {
            of: group.of,
            all: &mut made.notes,
        };
        let pipeline = write(group, all, uses, &mut notes);
        let trigger = trigger::write(group, &groups, &makers, all, &mut notes);
        push(&mut made.documents, Kind::Pipeline, &group.name, pipeline, group.of);
        let name = trigger.as_ref().map(|_| group.name.clone());
        if let Some(trigger) = trigger {
            push(&mut made.documents, Kind::Trigger, &group.name, trigger, group.of);
        }
        for activity in &group.activities {
            made.outputs.extend(activity.outputs.iter().map(|dataset| Output {
                dataset: dataset.clone(),
                old_pipeline: group.old.to_owned(),
                pipeline: group.name.clone(),
                trigger: name.clone(),
                activity: activity.name.to_owned(),
                availability: group.availability,
                period: group.period,
                paused: group.paused,
            }));
        }
    }
}

/// The group that makes a dataset, by its name in lower case.
pub(crate) type Makers = BTreeMap<String, usize>;

fn makers(groups: &[Group<'_>], made: &mut Translation) -> Makers {
    let mut makers = Makers::new();
    for (i, group) in groups.iter().enumerate() {
        for output in group.activities.iter().flat_map(|activity| &activity.outputs) {
            let before = makers.insert(output.to_lowercase(), i);
            if before.is_some_and(|before| groups[before].of != group.of) {
                let mut notes = Notes {
                    of: group.of,
                    all: &mut made.notes,
                };
                let text = format!(
                    "the dataset {output} is made by two pipelines; what reads it waits for the last of them only"
                );
                notes.note(&["properties", "activities"], text);
            }
        }
    }
    makers
}

/// One pipeline of v1: activities whose windows differ become pipelines of their own.
fn split<'a>(
    of: usize,
    name: &'a str,
    properties: &'a Object,
    all: &Old1<'_>,
    notes: &mut Notes<'_>,
) -> Vec<Group<'a>> {
    let period = Period::read(properties).unwrap_or_else(|cause| {
        notes.refuse(Code::OldDocumentRefused, &["properties", "start"], cause);
        None
    });
    let once = text(properties, "pipelineMode").is_some_and(|mode| mode.eq_ignore_ascii_case("OneTime"));
    if once {
        let text = "a pipeline that runs once is started by hand: sluice pipeline run";
        notes.note(&["properties", "pipelineMode"], text);
    }
    let paused = member(properties, "isPaused") == Some(&Value::Bool(true));
    let group = |availability, number: usize| Group {
        of,
        old: name,
        name: if number == 0 {
            name.to_owned()
        } else {
            format!("{name}-{}", number + 1)
        },
        availability,
        activities: Vec::new(),
        period: period.filter(|_| !once),
        paused,
        description: text(properties, "description").filter(|text| !text.is_empty()),
    };
    let mut groups: Vec<Group<'a>> = Vec::new();
    for activity in activity::list(properties) {
        activity.check(notes);
        let availability = windows_of(&activity, all, notes);
        let same = |group: &Group<'_>| match (&group.availability, &availability) {
            (Some(a), Some(b)) => a.same_windows(b),
            (None, None) => true,
            _ => false,
        };
        let at = groups.iter().position(same).unwrap_or_else(|| {
            groups.push(group(availability, groups.len()));
            groups.len() - 1
        });
        groups[at].activities.push(activity);
    }
    if groups.is_empty() {
        groups.push(group(None, 0));
    }
    groups
}

/// When an activity runs: as its outputs are made, which its scheduler has to agree with.
fn windows_of(activity: &Activity<'_>, all: &Old1<'_>, notes: &mut Notes<'_>) -> Option<Availability> {
    let scheduler = member(activity.object, "scheduler")
        .and_then(Value::as_object)
        .map(Availability::read);
    let scheduler = match scheduler {
        Some(Err(cause)) => {
            notes.refuse_at(
                Code::OldDocumentRefused,
                activity.path(&["scheduler"]),
                format!("its scheduler: {cause}"),
            );
            return None;
        }
        Some(Ok(scheduler)) => Some(scheduler),
        None => None,
    };
    let output = activity
        .outputs
        .iter()
        .find_map(|output| dataset(all, output)?.availability);
    if let (Some(scheduler), Some(output)) = (&scheduler, &output)
        && !scheduler.same_windows(output)
    {
        let text = format!(
            "activity {}: its scheduler differs from the availability of its output",
            activity.name
        );
        notes.refuse_at(Code::OldDocumentRefused, activity.path(&["scheduler"]), text);
    }
    output.or(scheduler)
}

pub(crate) fn dataset<'a>(all: &'a Old1<'_>, name: &str) -> Option<&'a Dataset> {
    all.datasets.get(&name.to_lowercase()).map(|(_, _, dataset)| dataset)
}

/// The pipeline of today.
fn write(group: &Group<'_>, all: &Old1<'_>, uses: &Uses, notes: &mut Notes<'_>) -> Value {
    let guards = Guards::of(group, all, notes);
    let mut activities: Vec<Value> = group
        .activities
        .iter()
        .map(|activity| {
            let mut before: Vec<&str> = waits_for(activity, group);
            let guarding = guards.before(activity, &before);
            before.extend(guarding.iter().map(String::as_str));
            activity.write(&before, group, all, uses, notes)
        })
        .collect();
    activities.extend(guards.made);
    let mut made = json!({
        "activities": activities,
        "parameters": { "windowStart": { "type": "String" }, "windowEnd": { "type": "String" } },
        "annotations": ["v1"],
    });
    // Today only copies name datasets, and some by another name; whose slices the windows are is told here.
    let renamed = |name: &str| {
        uses.get(&name.to_lowercase())
            .is_some_and(|using| using.as_is && using.as_text)
    };
    let untold = |activity: &Activity<'_>| {
        let inputs = activity.inputs.iter().map(|input| input.name.as_str());
        activity.kind != "Copy" || inputs.chain(activity.outputs.iter().map(String::as_str)).any(renamed)
    };
    if group.activities.iter().any(untold) {
        made["v1"] = ends(group);
    }
    if let (Some(description), Some(object)) = (group.description, made.as_object_mut()) {
        object.insert("description".to_owned(), description.into());
    }
    made
}

/// The datasets of all activities.
fn ends(group: &Group<'_>) -> Value {
    let activities = || group.activities.iter();
    let inputs: BTreeSet<&str> = activities()
        .flat_map(|activity| activity.inputs.iter().map(|input| input.name.as_str()))
        .collect();
    let outputs: BTreeSet<&str> = activities()
        .flat_map(|activity| activity.outputs.iter().map(String::as_str))
        .collect();
    json!({ "inputs": inputs, "outputs": outputs })
}

/// The activities of the same group that make what this one reads.
fn waits_for<'a>(activity: &Activity<'_>, group: &'a Group<'_>) -> Vec<&'a str> {
    let read: Names = activity.inputs.iter().map(|input| input.name.to_lowercase()).collect();
    let makes = |other: &&Activity<'_>| {
        other.name != activity.name && other.outputs.iter().any(|output| read.contains(&output.to_lowercase()))
    };
    group.activities.iter().filter(makes).map(|other| other.name).collect()
}

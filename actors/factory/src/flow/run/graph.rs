//! Which activities of a pipeline may start, and how the pipeline ended. Pure.

use sluice_contract::document::{Activity, Dependency};
use sluice_contract::{Code, Fault};
use std::collections::HashMap;

/// One activity and what it waits for. Names are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) waits_for: Vec<Dependency>,
}

/// How far an activity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Skipped,
}

impl Progress {
    /// From an activity run's status.
    pub(crate) fn of(status: &str) -> Self {
        match status {
            "Succeeded" => Progress::Succeeded,
            "Failed" => Progress::Failed,
            "Cancelled" => Progress::Cancelled,
            "Skipped" => Progress::Skipped,
            _ => Progress::Running,
        }
    }
}

/// What to do with an activity that has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Start,
    Skip,
}

/// The steps of a list of activities.
///
/// # Errors
/// `SL4011` when a name is there twice, an activity waits for one that is not there, or they wait in a circle.
pub(crate) fn steps(activities: &[Activity<'_>]) -> Result<Vec<Step>, Fault> {
    let invalid = |what: String| Fault::new(Code::PipelineInvalid, what);
    let steps: Vec<Step> = activities
        .iter()
        .map(|activity| Step {
            name: activity.name().to_lowercase(),
            waits_for: activity
                .depends_on()
                .into_iter()
                .map(|on| Dependency {
                    activity: on.activity.to_lowercase(),
                    ..on
                })
                .collect(),
        })
        .collect();
    for (i, step) in steps.iter().enumerate() {
        if steps[..i].iter().any(|other| other.name == step.name) {
            return Err(invalid(format!("two activities are named {}", step.name)));
        }
        for on in &step.waits_for {
            if !steps.iter().any(|other| other.name == on.activity) {
                return Err(invalid(format!(
                    "the activity {} depends on {}, which is not there",
                    step.name, on.activity
                )));
            }
        }
    }
    // Take away what waits for nothing any more, until nothing is left to take.
    let mut left: Vec<&Step> = steps.iter().collect();
    loop {
        let before = left.len();
        let names: Vec<&str> = left.iter().map(|step| step.name.as_str()).collect();
        left.retain(|step| step.waits_for.iter().any(|on| names.contains(&on.activity.as_str())));
        if left.is_empty() {
            return Ok(steps);
        }
        if left.len() == before {
            return Err(invalid(format!(
                "these activities wait for each other in a circle: {}",
                names.join(", ")
            )));
        }
    }
}

/// What can be decided now, in the order of the pipeline.
pub(crate) fn decide(steps: &[Step], done: &HashMap<String, Progress>) -> Vec<(usize, Decision)> {
    let undecided = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| !done.contains_key(&step.name));
    undecided
        .filter_map(|(i, step)| {
            let mut decision = Decision::Start;
            for on in &step.waits_for {
                let ended = done
                    .get(&on.activity)
                    .filter(|progress| **progress != Progress::Running)?;
                if !on.conditions.iter().any(|condition| holds(condition, *ended)) {
                    decision = Decision::Skip;
                }
            }
            Some((i, decision))
        })
        .collect()
}

fn holds(condition: &str, ended: Progress) -> bool {
    match ended {
        Progress::Succeeded => ["Succeeded", "Completed"]
            .iter()
            .any(|c| condition.eq_ignore_ascii_case(c)),
        Progress::Failed => ["Failed", "Completed"]
            .iter()
            .any(|c| condition.eq_ignore_ascii_case(c)),
        Progress::Skipped => condition.eq_ignore_ascii_case("Skipped"),
        Progress::Cancelled | Progress::Running => false,
    }
}

/// Whether every activity is over.
pub(crate) fn is_over(steps: &[Step], done: &HashMap<String, Progress>) -> bool {
    steps.iter().all(|step| {
        done.get(&step.name)
            .is_some_and(|progress| *progress != Progress::Running)
    })
}

/// The activities that make the whole pipeline fail: a pipeline succeeds when its last activities did, and a skipped one
/// counts as what it waited for.
pub(crate) fn failed<'a>(steps: &'a [Step], done: &HashMap<String, Progress>) -> Vec<&'a str> {
    let is_waited_for = |name: &str| {
        steps
            .iter()
            .any(|step| step.waits_for.iter().any(|on| on.activity == name))
    };
    let mut open: Vec<&Step> = steps.iter().filter(|step| !is_waited_for(&step.name)).collect();
    let mut seen: Vec<&str> = Vec::new();
    let mut failed = Vec::new();
    while let Some(step) = open.pop() {
        if seen.contains(&step.name.as_str()) {
            continue;
        }
        seen.push(&step.name);
        match done.get(&step.name) {
            Some(Progress::Skipped) => {
                let parents = steps
                    .iter()
                    .filter(|other| step.waits_for.iter().any(|on| on.activity == other.name));
                open.extend(parents);
            }
            Some(Progress::Failed | Progress::Cancelled) => failed.push(step.name.as_str()),
            _ => {}
        }
    }
    failed.sort_unstable();
    failed
}

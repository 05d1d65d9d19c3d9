//! Dependencies between activities.

use crate::flow::run::graph::{Decision, Progress, decide, failed, is_over, steps};
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_contract::document::Pipeline;
use std::collections::HashMap;

fn pipeline(activities: &[(&str, &[(&str, &str)])]) -> Value {
    let activities: Vec<Value> = activities
        .iter()
        .map(|(name, on)| {
            let on: Vec<Value> = on
                .iter()
                .map(|(activity, condition)| json!({ "activity": activity, "dependencyConditions": [condition] }))
                .collect();
            json!({ "name": name, "type": "Copy", "dependsOn": on })
        })
        .collect();
    json!({ "properties": { "activities": activities } })
}

fn done(list: &[(&str, Progress)]) -> HashMap<String, Progress> {
    list.iter()
        .map(|(name, progress)| ((*name).to_owned(), *progress))
        .collect()
}

#[test]
fn circles_and_missing_activities_are_refused() {
    for (activities, word) in [
        (
            &[("a", &[("b", "Succeeded")][..]), ("b", &[("a", "Succeeded")][..])][..],
            "circle",
        ),
        (&[("a", &[("a", "Succeeded")][..])][..], "circle"),
        (&[("a", &[("z", "Succeeded")][..])][..], "not there"),
        (&[("a", &[][..]), ("A", &[][..])][..], "two activities"),
    ] {
        let document = pipeline(activities);
        let fault = steps(Pipeline::view(&document).unwrap().activities()).unwrap_err();
        assert_eq!(fault.code, Code::PipelineInvalid);
        assert!(fault.message.contains(word), "{fault}");
    }
}

#[test]
fn conditions_decide_what_starts() {
    let document = pipeline(&[
        ("a", &[]),
        ("ok", &[("a", "Succeeded")]),
        ("bad", &[("a", "Failed")]),
        ("any", &[("a", "Completed")]),
        ("after", &[("bad", "Skipped")]),
    ]);
    let steps = steps(Pipeline::view(&document).unwrap().activities()).unwrap();
    assert_eq!(decide(&steps, &done(&[])), [(0, Decision::Start)]);
    assert_eq!(decide(&steps, &done(&[("a", Progress::Running)])), []);
    let next = decide(&steps, &done(&[("a", Progress::Succeeded)]));
    assert_eq!(next, [(1, Decision::Start), (2, Decision::Skip), (3, Decision::Start)]);
    let next = decide(&steps, &done(&[("a", Progress::Failed), ("bad", Progress::Skipped)]));
    assert_eq!(next, [(1, Decision::Skip), (3, Decision::Start), (4, Decision::Start)]);
    let next = decide(&steps, &done(&[("a", Progress::Cancelled)]));
    assert!(next.iter().all(|(_, decision)| *decision == Decision::Skip), "{next:?}");
}

#[test]
fn a_pipeline_ends_as_its_last_activities_do() {
    let document = pipeline(&[("a", &[]), ("fix", &[("a", "Failed")]), ("next", &[("a", "Succeeded")])]);
    let steps = steps(Pipeline::view(&document).unwrap().activities()).unwrap();
    // The failure is handled by `fix`, but `next` was skipped because of it and counts as what it waited for.
    let all = done(&[
        ("a", Progress::Failed),
        ("fix", Progress::Succeeded),
        ("next", Progress::Skipped),
    ]);
    assert!(is_over(&steps, &all));
    assert_eq!(failed(&steps, &all), ["a"]);
    let document = pipeline(&[("a", &[]), ("fix", &[("a", "Failed")])]);
    let steps = crate::flow::run::graph::steps(Pipeline::view(&document).unwrap().activities()).unwrap();
    assert!(failed(&steps, &done(&[("a", Progress::Failed), ("fix", Progress::Succeeded)])).is_empty());
    assert!(failed(&steps, &done(&[("a", Progress::Succeeded), ("fix", Progress::Skipped)])).is_empty());
    assert!(!is_over(&steps, &done(&[("a", Progress::Running)])));
}

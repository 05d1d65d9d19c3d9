//! The factory dies at any step of a large pipeline: what comes out is what comes out without.
//!
//! A step of the factory is a transaction, and a crash is one that is not committed, or a bell that nobody hears. Both
//! happen here at places that a seed chooses, with transactions as small as they can be.

use super::fixture::{Fixture, copy, run};
use crate::flow::run::advance;
use crate::flow::timekeeper::keep;
use crate::flow::{InvokedBy, NewRun, settle, start};
use crate::state::activities::latest_of_run;
use crate::state::{State, factories, jobs, runs};
use crate::wire::now;
use serde_json::{Value, json};
use sluice_contract::job::{CopyOutcome, Outcome};
use std::path::Path;

fn e(text: &str) -> Value {
    json!({ "type": "Expression", "value": text })
}

fn activity(name: &str, kind: &str, after: &str, properties: Value) -> Value {
    let (after, condition) = after.split_once('!').unwrap_or((after, "Succeeded"));
    let on = match after {
        "" => json!([]),
        name => json!([{ "activity": name, "dependencyConditions": [condition] }]),
    };
    json!({ "name": name, "type": kind, "dependsOn": on, "typeProperties": properties })
}

fn append(name: &str, after: &str, value: &str) -> Value {
    activity(
        name,
        "AppendVariable",
        after,
        json!({ "variableName": "list", "value": e(value) }),
    )
}

fn count(name: &str, after: &str) -> Value {
    let next = e("@add(variables('count'), 1)");
    activity(
        name,
        "SetVariable",
        after,
        json!({ "variableName": "count", "value": next }),
    )
}

/// Thirty activities, loops within loops, with everything that the factory runs.
fn pipeline() -> Value {
    let inner = json!({ "batchCount": 2, "items": e("@range(mul(item(), 10), 3)"), "activities": [
        append("Inner", "", "@concat('inner ', item())"),
        activity("Check", "IfCondition", "Inner", json!({ "expression": e("@equals(mod(item(), 10), 1)"),
            "ifTrueActivities": [activity("Odd", "Fail", "", json!({ "errorCode": "7", "message": e("@string(item())") }))],
            "ifFalseActivities": [append("Even", "", "@concat('even ', item())")] })),
        append("Caught", "Check!Failed", "@activity('Check').error.errorCode"),
    ] });
    let outer = json!({ "batchCount": 3, "items": e("@activity('Pick').output.value"), "activities": [
        append("Outer", "", "@concat('outer ', item())"),
        activity("Pause", "Wait", "Outer", json!({ "waitTimeInSeconds": e("@item()") })),
        activity("Loop", "ForEach", "Pause", inner),
        activity("Call", "ExecutePipeline", "Loop", json!({ "waitOnCompletion": true, "parameters": { "x": e("@item()") },
            "pipeline": { "referenceName": "child", "type": "PipelineReference" } })),
        append("Sum", "Call", "@activity('Call').output.pipelineReturnValue.double"),
    ] });
    let until = json!({ "expression": e("@greaterOrEquals(variables('count'), 4)"), "activities": [
        count("Up", ""), activity("Breathe", "Wait", "Up", json!({ "waitTimeInSeconds": 1 })) ] });
    let case = |value: &str, list: Value| json!({ "value": value, "activities": list });
    let switch = json!({ "on": e("@string(variables('count'))"), "cases": [case("1", json!([append("One", "", "@string('one')")]))],
        "defaultActivities": [append("Many", "", "@string('many')")] });
    let mut list = vec![
        count("Begin", ""),
        activity("Switch", "Switch", "Begin", switch),
        activity(
            "Pick",
            "Filter",
            "Switch",
            json!({ "items": e("@range(1, 6)"), "condition": e("@less(item(), 5)") }),
        ),
        copy(
            "Copy",
            json!({}),
            json!([{ "activity": "Pick", "dependencyConditions": ["Succeeded"] }]),
        ),
        activity("Each", "ForEach", "Copy", outer),
        activity("Until", "Until", "Each", until),
        activity(
            "Broken",
            "Fail",
            "Until",
            json!({ "errorCode": "1", "message": "on purpose" }),
        ),
        append("Rescue", "Broken!Failed", "@activity('Broken').error.message"),
        activity("Never", "Wait", "Rescue!Failed", json!({ "waitTimeInSeconds": 9 })),
        append("Instead", "Never!Skipped", "@string('instead')"),
    ];
    // A tail, so that there are thirty.
    let mut last = "Instead".to_owned();
    for n in 0..5 {
        let name = format!("Tail{n}");
        list.push(count(&name, &last));
        last = name;
    }
    let end = json!({ "variableName": "text", "value": e("@concat(string(length(variables('list'))), '/', variables('count'))") });
    list.push(activity("End", "SetVariable", &last, end));
    json!({ "properties": { "activities": list, "variables": { "list": { "type": "Array" },
        "count": { "type": "Integer", "defaultValue": 0 }, "text": { "type": "String" } } } })
}

/// A database with the documents in it.
async fn prepared() -> tempfile::TempDir {
    let fixture = Fixture::with_factory().await;
    fixture.gateway().await;
    fixture.pipeline(json!({})).await;
    let double =
        json!([{ "key": "double", "value": { "type": "Expression", "content": "@mul(pipeline().parameters.x, 2)" } }]);
    let child = json!({ "properties": { "parameters": { "x": { "type": "Int" } }, "activities": [
        activity("Sleep", "Wait", "", json!({ "waitTimeInSeconds": 1 })),
        activity("Return", "SetVariable", "Sleep", json!({ "variableName": "pipelineReturnValue",
            "setSystemVariable": true, "value": double })) ] } });
    fixture.put("/pipelines/child", child).await.ok();
    let large = pipeline();
    assert_eq!(large.to_string().matches("\"dependsOn\"").count(), 30);
    fixture.put("/pipelines/large", large).await.ok();
    fixture.factory.shutdown().await;
    fixture.root.shutdown().await;
    fixture.dir
}

/// What a seed says.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Runs the pipeline. Without a seed nothing ever dies. What came out: the run's end, and what each activity did.
async fn outcome(prepared: &Path, seed: Option<u64>) -> (String, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(prepared.join("factory.db"), dir.path().join("factory.db")).unwrap();
    let mut state = State::open(dir.path(), &crate::StateOptions::Directory, None)
        .await
        .unwrap();
    let mut chance = Chance(seed.unwrap_or_default());
    let mut tx = state.write().await.unwrap();
    let factory: String = sqlx::query_scalar("SELECT id FROM factories")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    let factory = factories::by_id(&mut tx, &factory).await.unwrap().unwrap();
    let new = NewRun {
        pipeline: "large".to_owned(),
        parameters: Default::default(),
        invoked_by: InvokedBy::manual(),
        trigger: None,
    };
    let id = start(&mut tx, &factory, new).await.unwrap().id;
    tx.commit().await.unwrap();
    // Time passes as fast as there is nothing else to do.
    let mut moment = now();
    for step in 0.. {
        assert!(step < 20_000, "the run does not end");
        if seed.is_some() && chance.below(40) == 0 {
            state.close().await;
            state = State::open(dir.path(), &crate::StateOptions::Directory, None)
                .await
                .unwrap();
        }
        let waiting = runs::unattended(&mut state.read().await.unwrap()).await.unwrap();
        let mut tx = state.write().await.unwrap();
        let live = jobs::live(&mut tx, None).await.unwrap();
        match chance.below(4) {
            0 if !live.is_empty() => {
                let outcome = Outcome::Copy(Box::new(CopyOutcome {
                    rows_copied: 7,
                    ..CopyOutcome::default()
                }));
                settle::complete(&mut tx, &live[0], &outcome).await.unwrap();
            }
            1 => drop(keep(&mut tx, moment).await.unwrap()),
            _ if !waiting.is_empty() => {
                let which = &waiting[chance.below(waiting.len())];
                advance(&mut tx, which, 1).await.unwrap();
            }
            _ => moment += 500_000,
        }
        // The factory dies: nothing of this step happened.
        if seed.is_none() || chance.below(3) > 0 {
            tx.commit().await.unwrap();
        }
        let mut conn = state.read().await.unwrap();
        let row = runs::find(&mut conn, &factory.id, &id).await.unwrap().unwrap();
        if row.is_over() {
            let rows = latest_of_run(&mut conn, &id, 1000).await.unwrap();
            let mut told: Vec<String> = rows
                .iter()
                .map(|row| {
                    let mut output: Value = serde_json::from_str(row.output.as_deref().unwrap_or("{}")).unwrap();
                    output.as_object_mut().unwrap().remove("pipelineRunId");
                    // How long a copy took is a matter of the clock.
                    let output = if row.kind == "Copy" {
                        output["rowsCopied"].clone()
                    } else {
                        output
                    };
                    format!("{} {} {output}", row.name, row.status)
                })
                .collect();
            told.sort();
            let children: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM runs WHERE parent IS NOT NULL")
                .fetch_one(&mut *conn)
                .await
                .unwrap();
            told.push(format!("{children} children"));
            return (format!("{}: {}", row.status, row.message), told);
        }
    }
    unreachable!()
}

#[test]
fn a_crash_at_any_step_changes_nothing() {
    run(async {
        let prepared = prepared().await;
        let undisturbed = outcome(prepared.path(), None).await;
        assert_eq!(undisturbed.0, "Succeeded: ");
        // 4 of the outer loop (Outer, Sum), 12 of the inner one (Inner, and Even or Caught), and three more.
        let end = "End Succeeded {\"name\":\"text\",\"value\":\"35/9\"}".to_owned();
        assert!(undisturbed.1.contains(&end), "{:#?}", undisturbed.1);
        assert!(undisturbed.1.contains(&"4 children".to_owned()));
        for seed in 1..=30 {
            assert_eq!(outcome(prepared.path(), Some(seed)).await, undisturbed, "seed {seed}");
        }
    });
}

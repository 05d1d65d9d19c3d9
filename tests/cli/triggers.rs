//! `sluice trigger`, and triggers in folders of documents.

use super::factory::call;
use serde_json::{Value, json};
use sluice_tests::binary::run;
use sluice_tests::factory::Factory;
use sluice_tests::poll::until;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A pipeline with a trigger for three hours that lie behind, and a trigger of a type that does not fire.
fn folder(dir: &Path, state: &str) {
    let write = |file: &str, body: Value| {
        let path = dir.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body.to_string()).unwrap();
    };
    let set = json!({ "name": "Keep", "type": "SetVariable", "typeProperties": { "variableName": "v",
        "value": { "type": "Expression", "value": "@pipeline().parameters.from" } } });
    let starts = json!({ "pipelineReference": { "type": "PipelineReference", "referenceName": "P" },
        "parameters": { "from": "@trigger().outputs.windowStartTime" } });
    write(
        "pipeline/P.json",
        json!({ "name": "P", "properties": { "activities": [set], "variables": { "v": { "type": "String" } },
            "parameters": { "from": { "type": "String" } } } }),
    );
    write(
        "trigger/Hours.json",
        json!({ "name": "Hours", "properties": { "type": "TumblingWindowTrigger", "runtimeState": state, "pipeline": starts,
            "typeProperties": { "frequency": "Hour", "interval": 1, "maxConcurrency": 1,
                "startTime": "2024-02-29T00:00:00Z", "endTime": "2024-02-29T03:00:00Z" } } }),
    );
    write(
        "trigger/Custom.json",
        json!({ "name": "Custom", "properties": { "type": "CustomEventsTrigger", "pipelines": [] } }),
    );
}

fn actions(factory: &Factory, path: &str) -> Vec<String> {
    let applied = call(factory, &["apply", path, "-o", "json"]).expect(0).json();
    let row = |row: &Value| format!("{} {}", row["action"].as_str().unwrap(), row["name"].as_str().unwrap());
    let mut rows: Vec<String> = applied.as_array().unwrap().iter().map(row).collect();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_applied_started_looked_at_and_run_again() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), "Stopped");
    let path = dir.path().display().to_string();
    let factory = Factory::start();
    let validated = run(&["validate", &path, "-o", "json"]);
    assert!(validated.stdout.contains("SL4030"), "{}", validated.stdout);
    assert_eq!(actions(&factory, &path), ["create Custom", "create Hours", "create P"]);
    let list = call(&factory, &["trigger", "list"]).expect(0).stdout;
    assert!(
        list.contains("Hours") && list.contains("TumblingWindowTrigger  Stopped"),
        "{list}"
    );
    // The file says that it is to run: it is started, and not sent again.
    folder(dir.path(), "Started");
    assert_eq!(
        actions(&factory, &path),
        ["unchanged Custom", "unchanged Hours", "unchanged P"]
    );
    let shown = call(&factory, &["trigger", "show", "Hours", "-o", "json"])
        .expect(0)
        .json();
    assert_eq!(shown["properties"]["runtimeState"], "Started", "{shown:#}");
    let runs = async || {
        let found = call(
            &factory,
            &["trigger", "runs", "Hours", "--status", "Succeeded", "-o", "json"],
        )
        .expect(0)
        .json();
        let found = found.as_array()?.clone();
        (found.len() == 3).then_some(found)
    };
    let first = until("the windows to run", PATIENCE, runs).await;
    let id = first[0]["triggerRunId"].as_str().unwrap();
    let table = call(&factory, &["trigger", "runs"]).expect(0).stdout;
    assert!(
        table.contains("2024-02-29T02:00:00Z .. 2024-02-29T03:00:00Z"),
        "{table}"
    );

    call(&factory, &["trigger", "cancel", "Hours", id]).expect_fault("SL4034");
    call(&factory, &["trigger", "rerun", "Hours", id]).expect(0);
    until("the window to run again", PATIENCE, async || {
        let again = runs().await?;
        let of = |runs: &[Value]| {
            let run = runs.iter().find(|run| run["triggerRunId"] == id)?;
            Some(run["triggeredPipelines"]["P"].clone())
        };
        (of(&again)? != of(&first)?).then_some(())
    })
    .await;
    call(&factory, &["trigger", "stop", "Hours"]).expect(0);
    call(&factory, &["trigger", "start", "Nobody"]).expect_fault("SL4003");
}

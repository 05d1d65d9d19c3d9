//! The factory is killed while windows run: each runs once, in the end.

use serde_json::{Value, json};
use sluice_tests::factory::Factory;
use sluice_tests::poll::until;
use std::collections::BTreeMap;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);
const WINDOWS: usize = 24;

/// A second for each window, so that there is a middle to die in.
fn pipeline() -> Value {
    let wait = json!({ "name": "Pause", "type": "Wait", "typeProperties": { "waitTimeInSeconds": 1 } });
    json!({ "properties": { "activities": [wait], "parameters": { "from": { "type": "String" } } } })
}

/// A day of hours that lies behind.
fn trigger() -> Value {
    json!({ "properties": { "type": "TumblingWindowTrigger",
        "pipeline": { "pipelineReference": { "type": "PipelineReference", "referenceName": "P" },
            "parameters": { "from": "@trigger().outputs.windowStartTime" } },
        "typeProperties": { "frequency": "Hour", "interval": 1, "maxConcurrency": 5,
            "startTime": "2024-02-28T12:00:00Z", "endTime": "2024-02-29T12:00:00Z" } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_factory_runs_every_window_once() {
    let mut factory = Factory::start();
    let rest = factory.rest();
    rest.put("", &json!({ "location": "here" })).await.ok();
    rest.put("pipelines/P", &pipeline()).await.ok();
    rest.put("triggers/W", &trigger()).await.ok();
    rest.post("triggers/W/start", &json!({})).await;
    let windows = async || {
        let answer = rest.post("queryTriggerRuns", &json!({})).await;
        Some(answer.ok()["value"].as_array()?.clone())
    };
    let over = |runs: &[Value]| runs.iter().filter(|run| run["status"] == "Succeeded").count();
    // It dies whenever a few more windows are over, and once before it has seen that they are.
    for done in [1, 6, 11, 17] {
        until("windows to be over", PATIENCE, async || {
            (over(&windows().await?) >= done).then_some(())
        })
        .await;
        factory.restart();
    }
    until("all windows to be over", PATIENCE, async || {
        (over(&windows().await?) == WINDOWS).then_some(())
    })
    .await;
    let mut starts = BTreeMap::new();
    let found = rest.post("queryPipelineRuns", &json!({})).await.ok();
    for run in found["value"].as_array().unwrap() {
        assert_eq!(run["status"], "Succeeded", "{run:#}");
        *starts.entry(run["parameters"]["from"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(starts.len(), WINDOWS, "{starts:#?}");
    assert!(starts.values().all(|count| *count == 1), "{starts:#?}");
    factory.assert_running();
}

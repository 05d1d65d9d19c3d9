//! Triggers at two replicas, one of which is killed: each window and each file fires once.

use super::{nodes, two};
use serde_json::{Value, json};
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);
const WINDOWS: usize = 24;
const FILES: usize = 40;

/// A second for each run, so that there is a middle to die in.
fn pipeline() -> Value {
    let wait = json!({ "name": "Pause", "type": "Wait", "typeProperties": { "waitTimeInSeconds": 1 } });
    json!({ "properties": { "activities": [wait], "parameters": { "what": { "type": "String" } } } })
}

fn starts(pipeline: &str, what: &str) -> Value {
    json!({ "pipelineReference": { "type": "PipelineReference", "referenceName": pipeline }, "parameters": { "what": what } })
}

fn windows() -> Value {
    json!({ "properties": { "type": "TumblingWindowTrigger", "pipeline": starts("Windows", "@trigger().outputs.windowStartTime"),
        "typeProperties": { "frequency": "Hour", "interval": 1, "maxConcurrency": 4,
            "startTime": "2024-02-28T12:00:00Z", "endTime": "2024-02-29T12:00:00Z" } } })
}

fn files() -> Value {
    json!({ "properties": { "type": "BlobEventsTrigger", "pipelines": [starts("Files", "@triggerBody().fileName")],
        "typeProperties": { "events": ["Microsoft.Storage.BlobCreated"], "blobPathBeginsWith": "/in/", "pollingInterval": "00:00:01",
            "linkedServiceName": { "referenceName": "Files", "type": "LinkedServiceReference" } } } })
}

/// How often a pipeline was started for what, of those runs that succeeded.
async fn fired(rest: &Rest, pipeline: &str) -> BTreeMap<String, usize> {
    let filter = json!({ "filters": [{ "operand": "PipelineName", "operator": "Equals", "values": [pipeline] }] });
    let found = rest.post("queryPipelineRuns", &filter).await.ok();
    let mut counts = BTreeMap::new();
    for run in found["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|run| run["status"] == "Succeeded")
    {
        *counts.entry(run["parameters"]["what"].to_string()).or_insert(0) += 1;
    }
    counts
}

fn write(folder: &Path, numbers: std::ops::Range<usize>) {
    for number in numbers {
        std::fs::write(folder.join(format!("in/{number}.csv")), "x").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_window_and_each_file_fires_once_when_a_replica_is_killed() {
    let state = Postgres::start();
    let (mut one, other, _password) = two(&state);
    let _nodes = nodes(&one, &other).await;
    let (at_one, rest) = (one.rest(), other.rest());
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
    let service = json!({ "properties": { "type": "FileServer", "connectVia": via, "typeProperties": { "host": folder.path() } } });
    at_one.put("linkedservices/Files", &service).await.ok();
    for (name, trigger) in [("Windows", windows()), ("Files", files())] {
        rest.put(&format!("pipelines/{name}"), &pipeline()).await.ok();
        at_one.put(&format!("triggers/{name}"), &trigger).await.ok();
    }
    for name in ["Files", "Windows"] {
        let started = rest.post(&format!("triggers/{name}/start"), &json!({})).await;
        assert_eq!(started.status, 200, "{started:?}");
    }
    until("a look at the empty folder", PATIENCE, async || {
        let status = rest
            .post("triggers/Files/getEventSubscriptionStatus", &json!({}))
            .await
            .ok();
        status["lastLook"].is_string().then_some(())
    })
    .await;
    write(folder.path(), 0..FILES / 2);
    until("both to be under way", PATIENCE, async || {
        let (windows, files) = (fired(&rest, "Windows").await.len(), fired(&rest, "Files").await.len());
        (windows >= 5 && files >= 1).then_some(())
    })
    .await;
    one.kill9();
    write(folder.path(), FILES / 2..FILES);
    until("all to be over", PATIENCE, async || {
        let (windows, files) = (fired(&rest, "Windows").await.len(), fired(&rest, "Files").await.len());
        (windows == WINDOWS && files == FILES).then_some(())
    })
    .await;
    for pipeline in ["Windows", "Files"] {
        let all = fired(&rest, pipeline).await;
        assert!(all.values().all(|count| *count == 1), "{all:#?}");
    }
    // No run but those, whatever became of it.
    let started = state.one("SELECT count(*) FROM runs").await;
    assert_eq!(started, (WINDOWS + FILES).to_string());
}

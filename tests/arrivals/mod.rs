//! Triggers of files, through a real node: in a folder, in Azure's blobs, in Amazon's objects.

use serde_json::{Value, json};
use sluice_tests::azurite::Azurite;
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::rest::Rest;
use sluice_tests::s3::S3Server;
use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);

/// A linked service, a pipeline that keeps the name of the file that came, and the trigger that starts it.
async fn make(rest: &Rest, name: &str, kind: &str, properties: Value, trigger: Value) {
    let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
    let service = json!({ "properties": { "type": kind, "connectVia": via, "typeProperties": properties } });
    rest.put(&format!("linkedservices/{name}"), &service).await.ok();
    let set = json!({ "name": "Keep", "type": "SetVariable", "typeProperties": { "variableName": "v",
        "value": { "type": "Expression", "value": "@concat(triggerBody().folderPath, '/', triggerBody().fileName)" } } });
    let pipeline = json!({ "properties": { "activities": [set], "variables": { "v": { "type": "String" } },
        "parameters": { "folder": { "type": "String" }, "file": { "type": "String" } } } });
    rest.put(&format!("pipelines/{name}"), &pipeline).await.ok();
    let mut inner =
        json!({ "events": ["Microsoft.Storage.BlobCreated"], "ignoreEmptyBlobs": true, "pollingInterval": "00:00:01" });
    inner
        .as_object_mut()
        .unwrap()
        .extend(trigger.as_object().unwrap().clone());
    let starts = json!({ "pipelineReference": { "type": "PipelineReference", "referenceName": name },
        "parameters": { "folder": "@trigger().outputs.body.folderPath", "file": "@triggerBody().fileName" } });
    let trigger =
        json!({ "properties": { "type": "BlobEventsTrigger", "pipelines": [starts], "typeProperties": inner } });
    rest.put(&format!("triggers/{name}"), &trigger).await.ok();
    let started = rest.post(&format!("triggers/{name}/start"), &json!({})).await;
    assert_eq!(started.status, 200, "{started:?}");
}

/// Waits until more looks than this were complete: what is there now is known by then.
async fn looked(rest: &Rest, trigger: &str, times: usize) {
    let seen = RefCell::new(Vec::<Value>::new());
    let path = format!("triggers/{trigger}/getEventSubscriptionStatus");
    until("the trigger to look", PATIENCE, async || {
        let status = rest.post(&path, &json!({})).await.ok();
        let mut seen = seen.borrow_mut();
        if status["lastLook"].is_string() && !seen.contains(&status["lastLook"]) {
            seen.push(status["lastLook"].clone());
        }
        (seen.len() > times).then_some(())
    })
    .await;
}

/// What the pipeline was started for, in order, once it is as much as this.
async fn started(rest: &Rest, pipeline: &str, count: usize) -> Vec<String> {
    let filter = json!({ "filters": [{ "operand": "PipelineName", "operator": "Equals", "values": [pipeline] }] });
    let runs = until("runs", PATIENCE, async || {
        let found = rest.post("queryPipelineRuns", &filter).await.ok();
        let runs = found["value"].as_array()?.clone();
        (runs.len() >= count && runs.iter().all(|run| run["status"] == "Succeeded")).then_some(runs)
    })
    .await;
    let one = |run: &Value| {
        let given = &run["parameters"];
        format!(
            "{} {}",
            given["folder"].as_str().unwrap(),
            given["file"].as_str().unwrap()
        )
    };
    let mut all: Vec<String> = runs.iter().map(one).collect();
    all.sort();
    all
}

fn write(folder: &Path, path: &str, text: &str) {
    let file = folder.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_folder_fire_once_also_when_everything_is_killed() {
    let mut factory = Factory::start();
    let rest = factory.rest();
    let mut gateway = Gateway::start(&factory, "onprem").await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "in/before.csv", "x");
    let place = json!({ "blobPathBeginsWith": "/in/", "blobPathEndsWith": ".csv",
        "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Files" } });
    make(&rest, "Files", "FileServer", json!({ "host": folder.path() }), place).await;
    looked(&rest, "Files", 1).await;
    write(folder.path(), "in/one.csv", "x");
    write(folder.path(), "in/deep/er/two.csv", "x");
    write(folder.path(), "in/empty.csv", "");
    write(folder.path(), "in/other.txt", "x");
    write(folder.path(), "out/three.csv", "x");
    // What a copy has staged is no file yet.
    write(folder.path(), "in/.four.csv.sluice-part", "x");
    assert_eq!(started(&rest, "Files", 2).await, ["in one.csv", "in/deep/er two.csv"]);
    // Both die; what comes while nobody looks is found by the first look.
    gateway.kill9();
    factory.kill9();
    for number in 0..80 {
        write(folder.path(), &format!("in/many/{number:03}.csv"), "x");
    }
    factory.restart();
    gateway.boot();
    until("some to be told", PATIENCE, async || {
        let runs = rest.post("queryTriggerRuns", &json!({})).await.ok();
        (runs["value"].as_array()?.len() > 20).then_some(())
    })
    .await;
    factory.restart();
    let all = started(&rest, "Files", 82).await;
    let wanted: Vec<String> = (0..80).map(|number| format!("in/many {number:03}.csv")).collect();
    let many: Vec<&String> = all.iter().filter(|one| one.contains("many")).collect();
    assert_eq!(many, wanted.iter().collect::<Vec<_>>());
    // And none of them twice, however often it is looked.
    looked(&rest, "Files", 3).await;
    assert_eq!(started(&rest, "Files", 82).await.len(), 82);
    factory.assert_running();
    gateway.assert_running();
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_and_objects_fire_by_data_factorys_own_document() {
    let factory = Factory::start();
    let rest = factory.rest();
    let _gateway = Gateway::start(&factory, "onprem").await;
    let (azurite, s3) = (Azurite::https(), S3Server::start());
    let blobs = azurite.client();
    blobs.create_container("box").await;
    blobs.put("box/in/before.csv", b"x".to_vec()).await;
    // The document names the account, as it does in Azure, and no linked service.
    let account = azurite.endpoint().rsplit('/').next().unwrap().to_owned();
    let scope = format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{account}");
    let place = json!({ "scope": scope, "blobPathBeginsWith": "/box/blobs/in/", "blobPathEndsWith": ".csv",
        "events": ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"] });
    make(&rest, "Blobs", "AzureBlobStorage", azurite.type_properties(), place).await;
    let bucket = s3.bucket("bucket");
    write(&bucket, "in/before.csv", "x");
    let place = json!({ "blobPathBeginsWith": "/bucket/blobs/in/",
        "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Objects" } });
    make(&rest, "Objects", "AmazonS3Compatible", s3.type_properties(), place).await;
    looked(&rest, "Blobs", 1).await;
    looked(&rest, "Objects", 1).await;
    blobs.put("box/in/new/one.csv", b"x".to_vec()).await;
    blobs.put("box/in/new/one.txt", b"x".to_vec()).await;
    blobs.put("box/other/two.csv", b"x".to_vec()).await;
    write(&bucket, "in/three.csv", "x");
    assert_eq!(started(&rest, "Blobs", 1).await, ["box/in/new one.csv"]);
    assert_eq!(started(&rest, "Objects", 1).await, ["bucket/in three.csv"]);
    blobs.delete("box/in/before.csv").await;
    assert_eq!(
        started(&rest, "Blobs", 2).await,
        ["box/in before.csv", "box/in/new one.csv"]
    );
    // Too many places to look at all of them: a container is needed.
    let nowhere = json!({ "blobPathEndsWith": ".csv", "scope": scope });
    make(&rest, "All", "FileServer", json!({ "host": bucket }), nowhere).await;
    let path = "triggers/All/getEventSubscriptionStatus";
    until("the reason", PATIENCE, async || {
        let status = rest.post(path, &json!({})).await.ok();
        status["message"].as_str()?.contains("SL4036").then_some(())
    })
    .await;
}

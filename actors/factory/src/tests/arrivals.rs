//! Triggers of files, with a node that says what is there.

use super::fixture::{Fixture, PATIENCE, run};
use super::node::{Identity, Node, credential};
use serde_json::{Value, json};
use sluice_contract::message::{FileSeen, FilesSeen};
use sluice_contract::{Code, Envelope, Fault, Message, Object};
use std::time::{Duration, Instant};

const CREATED: &str = "Microsoft.Storage.BlobCreated";
const DELETED: &str = "Microsoft.Storage.BlobDeleted";

/// A trigger of the files in the linked service `Files`, which looks every second.
fn trigger(more: Value) -> Value {
    let mut inner = json!({ "events": [CREATED], "blobPathBeginsWith": "/in/", "pollingInterval": "00:00:01",
        "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Files" } });
    inner.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let starts = json!({ "pipelineReference": { "type": "PipelineReference", "referenceName": "Take" },
        "parameters": { "name": "@triggerBody().fileName", "folder": "@trigger().outputs.body.folderPath" } });
    json!({ "properties": { "type": "BlobEventsTrigger", "pipelines": [starts], "typeProperties": inner } })
}

async fn documents(fixture: &Fixture) {
    fixture.gateway().await;
    fixture.pipeline(json!({})).await;
    let set = json!({ "name": "A", "type": "SetVariable", "typeProperties": { "variableName": "v",
        "value": { "type": "Expression", "value": "@triggerBody().fileName" } } });
    let text = json!({ "type": "String" });
    let body = json!({ "properties": { "activities": [set], "parameters": { "name": text, "folder": text },
        "variables": { "v": text } } });
    fixture.put("/pipelines/Take", body).await.ok();
}

async fn node(fixture: &Fixture) -> Node {
    let identity = Identity::register(fixture, "n1", &credential().certificate_pem).await;
    identity.connect(1).await
}

/// Starts or stops the trigger.
async fn ask(fixture: &Fixture, verb: &str) {
    let answer = fixture.post(&format!("/triggers/Arrived/{verb}"), json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A file; what was there before the trigger was started has a time before it.
fn file(path: &str, size: u64, modified: &str) -> FileSeen {
    FileSeen {
        path: path.to_owned(),
        size,
        version: "v".to_owned(),
        modified: Some(modified.parse().unwrap()),
        extra: Object::new(),
    }
}

fn old(path: &str) -> FileSeen {
    file(path, 1, "2024-01-01T00:00:00Z")
}

fn new(path: &str) -> FileSeen {
    file(path, 1, "2124-01-01T00:00:00Z")
}

fn part(request: &Envelope, number: u32, of: u32, files: &[FileSeen]) -> FilesSeen {
    FilesSeen {
        look: request.data["look"].as_str().unwrap().to_owned(),
        part: number,
        of,
        files: files.to_vec(),
        ..FilesSeen::default()
    }
}

async fn say(node: &Node, request: &Envelope, seen: FilesSeen) {
    let envelope = node.envelope(&Message::FilesSeen(seen)).answering(request);
    node.send(&envelope).await;
}

/// Answers the next look with these files.
async fn there(node: &mut Node, files: &[FileSeen]) -> Envelope {
    let request = node.next(&["files.look"]).await;
    say(node, &request, part(&request, 0, 1, files)).await;
    request
}

/// What was told: kind, folder and name, in order.
fn told(runs: &[Value]) -> Vec<String> {
    let one = |run: &Value| {
        let event: Value = serde_json::from_str(run["properties"]["EventPayload"].as_str().unwrap()).unwrap();
        let kind = event["eventType"]
            .as_str()
            .unwrap()
            .rsplit('.')
            .next()
            .unwrap()
            .to_owned();
        let place = (&run["properties"]["folderPath"], &run["properties"]["fileName"]);
        format!("{kind} {}/{}", place.0.as_str().unwrap(), place.1.as_str().unwrap())
    };
    let mut all: Vec<String> = runs.iter().map(one).collect();
    all.sort();
    all
}

/// Waits until the trigger's watch says this.
async fn says(fixture: &Fixture, trigger: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let path = format!("/triggers/{trigger}/getEventSubscriptionStatus");
        let status = fixture.post(&path, json!({})).await.ok();
        if wanted(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{status:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn a_file_that_comes_and_stands_still_fires_once() {
    run(async {
        let fixture = Fixture::with_factory().await;
        documents(&fixture).await;
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        fixture.trigger("Arrived", trigger(json!({}))).await;
        ask(&fixture, "start").await;
        // Of what the first look finds, only that is new that is newer than the start.
        let request = there(&mut node, &[old("in/before"), new("in/early.csv")]).await;
        assert_eq!(
            (
                &request.data["container"],
                &request.data["begins"],
                &request.data["endpoint"]["name"]
            ),
            (&json!("in"), &json!(""), &json!("Files"))
        );
        // Still written; written to the end; without content.
        let growing = |size| file("in/sub/grows.csv", size, "2124-01-01T00:00:00Z");
        let empty = file("in/empty", 0, "2124-01-01T00:00:00Z");
        let first = [old("in/before"), empty.clone(), new("in/early.csv"), growing(1)];
        there(&mut node, &first).await;
        let then = [old("in/before"), empty.clone(), new("in/early.csv"), growing(2)];
        there(&mut node, &then).await;
        let runs = fixture.trigger_runs("Arrived", 1).await;
        assert_eq!(told(&runs), ["BlobCreated in/early.csv"]);
        for _ in 0..3 {
            there(&mut node, &then).await;
        }
        let runs = fixture.trigger_runs("Arrived", 2).await;
        assert_eq!(
            told(&runs),
            ["BlobCreated in/early.csv", "BlobCreated in/sub/grows.csv"]
        );
        let ids = fixture.runs_of("Take", 2).await;
        let mut given = Vec::new();
        for id in &ids {
            let run = fixture.run_is(id, "Succeeded").await;
            assert_eq!(run["invokedBy"]["invokedByType"], "BlobEventsTrigger", "{run:#}");
            let text = |name: &str| run["parameters"][name].as_str().unwrap().to_owned();
            given.push((text("folder"), text("name")));
        }
        given.sort();
        let pair = |folder: &str, name: &str| (folder.to_owned(), name.to_owned());
        assert_eq!(given, [pair("in", "early.csv"), pair("in/sub", "grows.csv")]);
        assert_eq!(
            (runs[0]["triggerType"].as_str(), runs[0]["status"].as_str()),
            (Some("BlobEventsTrigger"), Some("Succeeded"))
        );
        // The factory was not there: what has come meanwhile is found, what was told is not told again.
        node.leave().await;
        let fixture = fixture.restart().await;
        let mut node = identity.connect(1).await;
        let late = [old("in/before"), new("in/early.csv"), new("in/late"), growing(2)];
        for _ in 0..4 {
            there(&mut node, &late).await;
        }
        let runs = fixture.trigger_runs("Arrived", 3).await;
        assert_eq!(told(&runs)[1], "BlobCreated in/late");
        assert_eq!(runs.len(), 3);
        // Once more, by hand, with the same file.
        let last = runs.iter().find(|run| run["properties"]["fileName"] == "late").unwrap();
        assert_eq!(fixture.of_run("Arrived", last, "rerun").await.status, 200);
        fixture.runs_of("Take", 4).await;
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn what_goes_is_told_and_what_comes_again_is_another_arrival() {
    run(async {
        let fixture = Fixture::with_factory().await;
        documents(&fixture).await;
        let mut node = node(&fixture).await;
        fixture
            .trigger("Arrived", trigger(json!({ "events": [CREATED, DELETED] })))
            .await;
        ask(&fixture, "start").await;
        there(&mut node, &[old("in/a"), old("in/b")]).await;
        // Missing once is not gone.
        there(&mut node, &[old("in/b")]).await;
        there(&mut node, &[old("in/a"), old("in/b")]).await;
        there(&mut node, &[old("in/b")]).await;
        there(&mut node, &[old("in/b")]).await;
        let runs = fixture.trigger_runs("Arrived", 1).await;
        assert_eq!(told(&runs), ["BlobDeleted in/a"]);
        there(&mut node, &[old("in/a"), old("in/b")]).await;
        there(&mut node, &[old("in/a"), old("in/b")]).await;
        let runs = fixture.trigger_runs("Arrived", 2).await;
        assert_eq!(told(&runs), ["BlobCreated in/a", "BlobDeleted in/a"]);
        // It was written again.
        there(&mut node, &[old("in/a"), new("in/b")]).await;
        there(&mut node, &[old("in/a"), new("in/b")]).await;
        let runs = fixture.trigger_runs("Arrived", 3).await;
        assert_eq!(told(&runs)[1], "BlobCreated in/b");
        // What came while it was stopped does not count.
        ask(&fixture, "stop").await;
        assert_eq!(says(&fixture, "Arrived", |_| true).await["status"], "Disabled");
        ask(&fixture, "start").await;
        for _ in 0..4 {
            there(&mut node, &[old("in/a"), new("in/b"), old("in/c")]).await;
        }
        assert_eq!(says(&fixture, "Arrived", |_| true).await["status"], "Enabled");
        let runs = fixture.trigger_runs("Arrived", 3).await;
        // Newer than the start is new, whatever was known before.
        assert!(!told(&runs).iter().any(|told| told.contains("in/c")), "{runs:#?}");
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn parts_may_be_lost_come_twice_and_in_any_order() {
    run(async {
        let fixture = Fixture::with_factory().await;
        documents(&fixture).await;
        let mut node = node(&fixture).await;
        fixture.trigger("Arrived", trigger(json!({}))).await;
        ask(&fixture, "start").await;
        there(&mut node, &[old("in/a"), old("in/x")]).await;
        let halves = |request: &Envelope, one: &[FileSeen], two: &[FileSeen]| {
            let mut first = part(request, 0, 2, one);
            first.until = Some("in/m".to_owned());
            let mut second = part(request, 1, 2, two);
            second.after = Some("in/m".to_owned());
            (first, second)
        };
        // A part that comes twice is one look: nothing stands still by it.
        let request = node.next(&["files.look"]).await;
        let (first, second) = halves(&request, &[old("in/a"), new("in/b")], &[old("in/x"), new("in/y")]);
        say(&node, &request, second.clone()).await;
        say(&node, &request, second).await;
        // Nonsense is refused, and changes nothing.
        let mut wrong = part(&request, 0, 2, &[new("in/z")]);
        wrong.until = Some("in/m".to_owned());
        let wrong = node.envelope(&Message::FilesSeen(wrong)).answering(&request);
        assert_eq!(node.try_send(&wrong).await.unwrap_err().code, Code::MessageInvalid);
        say(&node, &request, first).await;
        // What is to be told is told before it is looked again.
        let request = node.next(&["files.look"]).await;
        assert_eq!(fixture.trigger_runs("Arrived", 0).await.len(), 0);
        let (first, second) = halves(&request, &[old("in/a"), new("in/b")], &[old("in/x"), new("in/y")]);
        say(&node, &request, second).await;
        say(&node, &request, first.clone()).await;
        let runs = fixture.trigger_runs("Arrived", 2).await;
        assert_eq!(told(&runs), ["BlobCreated in/b", "BlobCreated in/y"]);
        // Too late: another look is asked for.
        let next = node.next(&["files.look"]).await;
        say(&node, &request, first).await;
        say(
            &node,
            &next,
            part(&next, 0, 1, &[old("in/a"), new("in/b"), old("in/x"), new("in/y")]),
        )
        .await;
        there(&mut node, &[old("in/a"), new("in/b"), old("in/x"), new("in/y")]).await;
        assert_eq!(fixture.trigger_runs("Arrived", 2).await.len(), 2);
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn why_a_trigger_cannot_look_is_told() {
    run(async {
        let fixture = Fixture::with_factory().await;
        documents(&fixture).await;
        fixture.trigger("Arrived", trigger(json!({}))).await;
        ask(&fixture, "start").await;
        let message =
            |code: &'static str| move |status: &Value| status["message"].as_str().unwrap_or_default().contains(code);
        says(&fixture, "Arrived", message("SL4015")).await;
        let mut node = node(&fixture).await;
        let request = node.next(&["files.look"]).await;
        let mut seen = part(&request, 0, 1, &[]);
        seen.fault = Some(Fault::new(Code::TooManyFiles, "more than 7"));
        say(&node, &request, seen).await;
        says(&fixture, "Arrived", message("SL4037")).await;
        there(&mut node, &[]).await;
        let status = says(&fixture, "Arrived", |status| status["message"] == "").await;
        assert!(status["lastLook"].is_string(), "{status:#}");
        let subscribed = fixture
            .post("/triggers/Arrived/subscribeToEvents", json!({}))
            .await
            .ok();
        assert_eq!(subscribed, json!({ "triggerName": "Arrived", "status": "Enabled" }));
        let (code, _) = fixture.delete("/linkedservices/Files").await.error(400);
        assert_eq!(code, "SL4016");
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn a_document_of_data_factory_finds_its_account() {
    run(async {
        let fixture = Fixture::with_factory().await;
        documents(&fixture).await;
        let scope = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/Shop1";
        let unmodified =
            trigger(json!({ "scope": scope, "linkedServiceName": null, "blobPathBeginsWith": "/in/blobs/a/" }));
        fixture.trigger("Arrived", unmodified).await;
        let refused = async |says: &str| {
            let (code, message) = fixture.post("/triggers/Arrived/start", json!({})).await.error(400);
            assert!(code == "SL4036" && message.contains(says), "{code} {message}");
        };
        refused("Shop1").await;
        let blobs = |suffix: &str| {
            let text =
                format!("DefaultEndpointsProtocol=https;AccountName=shop1;AccountKey=Y2FuYXJ5;EndpointSuffix={suffix}");
            json!({ "properties": { "type": "AzureBlobStorage", "typeProperties": { "connectionString": text },
                "connectVia": { "type": "IntegrationRuntimeReference", "referenceName": "gw1" } } })
        };
        let mut node = node(&fixture).await;
        fixture
            .put("/linkedservices/Blobs", blobs("core.windows.net"))
            .await
            .ok();
        fixture
            .put("/linkedservices/Other", blobs("core.windows.net"))
            .await
            .ok();
        refused("Blobs, Other").await;
        fixture.delete("/linkedservices/Other").await;
        ask(&fixture, "start").await;
        let request = there(&mut node, &[]).await;
        assert_eq!(
            (
                &request.data["endpoint"]["name"],
                &request.data["container"],
                &request.data["begins"]
            ),
            (&json!("Blobs"), &json!("in"), &json!("a/"))
        );
        assert!(!request.data.to_string().contains("Y2FuYXJ5"));
        // A linked service that is not there, and a trigger without a place.
        let missing = json!({ "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Nowhere" } });
        let (code, _) = fixture.put("/triggers/X", trigger(missing)).await.error(400);
        assert_eq!(code, "SL4007");
        fixture
            .trigger("X", trigger(json!({ "linkedServiceName": null })))
            .await;
        let (code, _) = fixture.post("/triggers/X/start", json!({})).await.error(400);
        assert_eq!(code, "SL4036");
        let (code, _) = fixture
            .put("/triggers/Y", trigger(json!({ "events": [] })))
            .await
            .error(400);
        assert_eq!(code, "SL4031");
        node.leave().await;
        fixture.stop().await;
    });
}

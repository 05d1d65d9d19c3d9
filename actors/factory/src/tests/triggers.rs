//! Triggers as clients see them: documents, their state, what is refused.

use super::fixture::{F, Fixture, run};
use reqwest::Method;
use serde_json::{Value, json};

/// A pipeline `P` that keeps its parameter `at` in a variable.
async fn pipeline(fixture: &Fixture) {
    let keep = json!({ "name": "Keep", "type": "SetVariable", "typeProperties":
        { "variableName": "v", "value": { "type": "Expression", "value": "@pipeline().parameters.at" } } });
    let body = json!({ "properties": { "activities": [keep], "variables": { "v": { "type": "String" } },
        "parameters": { "at": { "type": "String", "defaultValue": "" } } } });
    fixture.put("/pipelines/P", body).await.ok();
}

fn starts(parameters: Value) -> Value {
    json!({ "pipelineReference": { "type": "PipelineReference", "referenceName": "P" }, "parameters": parameters })
}

fn hourly() -> Value {
    json!({ "properties": { "type": "ScheduleTrigger", "pipelines": [starts(json!({}))], "runtimeState": "Started",
        "typeProperties": { "recurrence": { "frequency": "Hour", "interval": 1, "startTime": "2124-01-01T00:00:00Z" } } } })
}

fn windows(more: Value) -> Value {
    let mut inner =
        json!({ "frequency": "Hour", "interval": 24, "startTime": "2124-01-01T00:00:00Z", "maxConcurrency": 1 });
    inner.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "properties": { "type": "TumblingWindowTrigger", "pipeline": starts(json!({})), "typeProperties": inner } })
}

fn on(name: &str) -> Value {
    json!([{ "type": "TumblingWindowTriggerDependencyReference",
        "referenceTrigger": { "type": "TriggerReference", "referenceName": name } }])
}

#[test]
fn a_trigger_is_made_started_stopped_and_deleted() {
    run(async {
        let fixture = Fixture::with_factory().await;
        assert_eq!(fixture.put("/triggers/T", hourly()).await.error(400).0, "SL4007");
        pipeline(&fixture).await;
        let made = fixture.put("/triggers/T", hourly()).await.ok();
        assert_eq!(made["id"], format!("{F}/triggers/T"));
        assert_eq!(made["type"], "Microsoft.DataFactory/factories/triggers");
        // Whether it is started is not for the document to say.
        assert_eq!(made["properties"]["runtimeState"], "Stopped");
        assert_eq!(fixture.get("/Triggers/t").await.ok(), made);

        for (verb, state) in [
            ("start", "Started"),
            ("start", "Started"),
            ("stop", "Stopped"),
            ("stop", "Stopped"),
            ("start", "Started"),
        ] {
            let answer = fixture.post(&format!("/triggers/T/{verb}"), json!({})).await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""), "{verb}");
            let read = fixture.get("/triggers/T").await.ok();
            assert_eq!(
                (&read["properties"]["runtimeState"], &read["etag"]),
                (&json!(state), &made["etag"])
            );
        }
        let (code, message) = fixture.put("/triggers/T", hourly()).await.error(400);
        assert_eq!(code, "TriggerEnabledCannotUpdate");
        assert!(message.contains("SL4032"), "{message}");
        assert_eq!(
            fixture.delete("/triggers/T").await.error(400).0,
            "TriggerEnabledCannotDelete"
        );
        assert_eq!(fixture.delete("/pipelines/P").await.error(400).0, "SL4016");

        fixture.post("/triggers/T/stop", json!({})).await;
        let path = format!("{F}/triggers/T");
        let stale = [("if-match", "stale")];
        let answer = fixture
            .call(Method::PUT, &path, &stale, Some(hourly().to_string()))
            .await;
        assert_eq!(answer.status, 412);
        let known = [("if-none-match", made["etag"].as_str().unwrap())];
        assert_eq!(fixture.call(Method::GET, &path, &known, None).await.status, 304);
        assert_eq!(fixture.delete("/triggers/T").await.status, 200);
        assert_eq!(fixture.delete("/triggers/T").await.status, 204);
        assert_eq!(fixture.get("/triggers/T").await.status, 404);
        assert_eq!(fixture.post("/triggers/T/start", json!({})).await.status, 404);
        assert_eq!(fixture.delete("/pipelines/P").await.status, 200);
        fixture.stop().await;
    });
}

#[test]
fn triggers_are_listed_and_asked_for_page_by_page() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipeline(&fixture).await;
        assert_eq!(fixture.get("/triggers").await.ok(), json!({ "value": [] }));
        for n in 0..101 {
            fixture.put(&format!("/triggers/T{n:03}"), hourly()).await.ok();
        }
        fixture.post("/triggers/T002/start", json!({})).await;
        let page = fixture.get("/triggers").await.ok();
        let states: Vec<_> = page["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| &t["properties"]["runtimeState"])
            .collect();
        assert_eq!(
            (states.len(), states[1], states[2]),
            (100, &json!("Stopped"), &json!("Started"))
        );
        assert!(
            page["nextLink"].as_str().unwrap().contains("t099"),
            "{}",
            page["nextLink"]
        );
        let first = fixture.post("/querytriggers", json!({})).await.ok();
        let next = json!({ "continuationToken": first["continuationToken"] });
        let second = fixture.post("/queryTriggers", next).await.ok();
        assert_eq!(
            (&second["value"][0]["name"], &second["continuationToken"]),
            (&json!("T100"), &Value::Null)
        );
        let children = fixture
            .post("/querytriggers", json!({ "parentTriggerName": "T001" }))
            .await
            .ok();
        assert_eq!(children, json!({ "value": [] }));
        let status = fixture
            .post("/triggers/T001/getEventSubscriptionStatus", json!({}))
            .await
            .ok();
        assert_eq!(status, json!({ "triggerName": "T001", "status": "Disabled" }));
        assert_eq!(
            fixture
                .post("/triggers/T001/subscribeToEvents", json!({}))
                .await
                .error(400)
                .0,
            "SL4035"
        );
        fixture.stop().await;
    });
}

#[test]
fn a_trigger_of_events_is_kept_as_it_is_and_not_started() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipeline(&fixture).await;
        let scope = "/subscriptions/s/resourceGroups/g/providers/Microsoft.EventGrid/topics/a";
        let sent = json!({ "properties": { "type": "CustomEventsTrigger",
            "pipelines": [{ "pipelineReference": { "referenceName": "P", "type": "PipelineReference" }, "parameters": { "file": "@triggerBody().event.data.fileName" } }],
            "typeProperties": { "subjectBeginsWith": "in", "events": ["OrderPlaced"], "scope": scope } } });
        fixture.put("/triggers/Arrived", sent.clone()).await.ok();
        let kept = fixture.get("/triggers/Arrived").await.ok();
        assert_eq!(
            kept["properties"]["typeProperties"],
            sent["properties"]["typeProperties"]
        );
        assert_eq!(kept["properties"]["pipelines"], sent["properties"]["pipelines"]);
        assert_eq!(kept["properties"]["runtimeState"], "Stopped");
        let refused = fixture.post("/triggers/Arrived/start", json!({})).await;
        assert!(
            refused.status.is_client_error() && refused.text.contains("SL4030"),
            "{refused:?}"
        );
        fixture.put("/triggers/Arrived", sent).await.ok();
        fixture.stop().await;
    });
}

#[test]
fn what_is_wrong_with_a_trigger_is_told_before_it_is_kept() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipeline(&fixture).await;
        fixture.put("/triggers/S", hourly()).await.ok();
        fixture.put("/triggers/A", windows(json!({}))).await.ok();
        fixture
            .put("/triggers/B", windows(json!({ "dependsOn": on("A") })))
            .await
            .ok();
        let kind = |kind: &str| json!({ "properties": { "type": kind, "pipelines": [] } });
        let recurrence = |more: Value| json!({ "properties": { "type": "ScheduleTrigger", "typeProperties": { "recurrence": more } } });
        for (name, body, code, says) in [
            ("X", json!({ "properties": {} }), "SL4006", "10.0.0"),
            ("X", kind("MoonTrigger"), "SL4030", "MoonTrigger"),
            ("X", kind("ScheduleTrigger"), "SL4031", "recurrence` is missing"),
            (
                "X",
                recurrence(json!({ "frequency": "Fortnight" })),
                "SL4031",
                "Fortnight",
            ),
            (
                "X",
                recurrence(json!({ "frequency": "Day", "timeZone": "Middle Earth" })),
                "SL4031",
                "timeZone",
            ),
            (
                "X",
                windows(json!({ "frequency": "Day" })),
                "SL4031",
                "none of Minute, Hour, Month",
            ),
            ("X", windows(json!({ "dependsOn": on("Nobody") })), "SL4007", "Nobody"),
            ("X", windows(json!({ "dependsOn": on("S") })), "SL4031", "no windows"),
            (
                "A",
                windows(json!({ "dependsOn": on("B") })),
                "SL4031",
                "depends on itself",
            ),
            ("A", hourly(), "SL4005", "stays one"),
            ("a/b", hourly(), "SL4012", ""),
        ] {
            let name = name.replace('/', "%3C");
            let (found, message) = fixture.put(&format!("/triggers/{name}"), body.clone()).await.error(400);
            assert_eq!(found, code, "{body}: {message}");
            assert!(message.contains(says), "{body}: {message}");
        }
        assert_eq!(fixture.delete("/triggers/A").await.error(400).0, "SL4016");
        // Without a pipeline it is kept, and not started.
        let empty = json!({ "properties": { "type": "ScheduleTrigger", "typeProperties": { "recurrence": { "frequency": "Day" } } } });
        fixture.put("/triggers/E", empty).await.ok();
        assert_eq!(
            fixture.post("/triggers/E/start", json!({})).await.error(400).0,
            "SL4031"
        );
        assert_eq!(fixture.get("/triggers/X").await.status, 404);
        fixture.stop().await;
    });
}

#[test]
fn starting_needs_an_operator_and_is_noted() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipeline(&fixture).await;
        fixture.put("/triggers/T", hourly()).await.ok();
        let reader = fixture.make_token("r", json!({ "scope": "reader" })).await;
        let operator = fixture.make_token("o", json!({ "scope": "operator" })).await;
        for (who, method, path, status) in [
            (&reader, "GET", "/triggers/T", 200),
            (&reader, "POST", "/queryTriggerRuns", 200),
            (&reader, "POST", "/triggers/T/start", 403),
            (&operator, "POST", "/triggers/T/start", 200),
            (&operator, "DELETE", "/triggers/T", 403),
        ] {
            let answer = fixture
                .call_as(who, method, &format!("{F}{path}"), Some(&json!({})))
                .await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        }
        let log = json!(fixture.audit("").await);
        for operation in ["TriggerPut", "TriggerStart", "TriggerDelete"] {
            assert!(log.to_string().contains(operation), "{operation}: {log}");
        }
        fixture.stop().await;
    });
}

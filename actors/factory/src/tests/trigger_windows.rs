//! Tumbling windows: backfill, places, retries, dependencies, rerun and cancel. The clock is put forward.

use super::fixture::{Fixture, PATIENCE, run};
use crate::tests::trigger_fixture::hour;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// `Quick` succeeds at once, `Broken` fails, `Long` waits until it is cancelled.
async fn pipelines(fixture: &Fixture) {
    let activity = |kind: &str, properties: Value| json!({ "name": "A", "type": kind, "typeProperties": properties });
    for (name, activity) in [
        (
            "Quick",
            activity("SetVariable", json!({ "variableName": "v", "value": "x" })),
        ),
        (
            "Broken",
            activity("Fail", json!({ "errorCode": "7", "message": "on purpose" })),
        ),
        ("Long", activity("Wait", json!({ "waitTimeInSeconds": 100_000 }))),
    ] {
        let parameters =
            json!({ "from": { "type": "String", "defaultValue": "" }, "to": { "type": "String", "defaultValue": "" } });
        let body = json!({ "properties": { "activities": [activity], "parameters": parameters, "variables": { "v": { "type": "String" } } } });
        fixture.put(&format!("/pipelines/{name}"), body).await.ok();
    }
}

/// Windows of an hour from 2124 on.
fn hourly(pipeline: &str, more: Value) -> Value {
    let mut inner =
        json!({ "frequency": "Hour", "interval": 1, "startTime": "2124-01-01T00:00:00Z", "maxConcurrency": 50 });
    inner.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let starts = json!({ "pipelineReference": { "type": "PipelineReference", "referenceName": pipeline },
        "parameters": { "from": "@trigger().outputs.windowStartTime",
            "to": { "type": "Expression", "value": "@{trigger().outputs.windowEndTime}" } } });
    json!({ "properties": { "type": "TumblingWindowTrigger", "pipeline": starts, "typeProperties": inner } })
}

#[test]
fn windows_are_filled_in_from_the_start_and_go_on() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        let more = json!({ "delay": "00:15:00", "endTime": "2124-01-01T05:30:00Z" });
        fixture.trigger("W", hourly("Quick", more)).await;
        fixture.start_trigger("W", at("2124-01-01T03:14:00Z")).await;
        // The third window's delay is not over.
        let runs = fixture.windows_are("W", &["Succeeded"; 2]).await;
        let run = fixture
            .get(&format!(
                "/pipelineruns/{}",
                runs[1]["triggeredPipelines"]["Quick"].as_str().unwrap()
            ))
            .await
            .ok();
        assert_eq!(
            run["parameters"],
            json!({ "from": "2124-01-01T01:00:00Z", "to": "2124-01-01T02:00:00Z" })
        );
        assert_eq!(run["invokedBy"]["invokedByType"], "TumblingWindowTrigger", "{run:#}");
        assert_eq!(run["invokedBy"]["id"], runs[1]["triggerRunId"]);
        fixture.factory.clock().set(at("2124-01-01T03:15:00Z"));
        fixture.windows_are("W", &["Succeeded"; 3]).await;
        // Stopped, and the factory was not there: nothing is left out. The last window would end behind the end.
        fixture.post("/triggers/W/stop", json!({})).await;
        let fixture = fixture.restart().await;
        fixture.start_trigger("W", at("2124-01-02T00:00:00Z")).await;
        let runs = fixture.windows_are("W", &["Succeeded"; 5]).await;
        assert_eq!(hour(&runs[4]), "2124-01-01T04");
        assert_eq!(fixture.runs_of("Quick", 5).await.len(), 5);
        fixture.stop().await;
    });
}

#[test]
fn only_so_many_windows_run_at_a_time_and_each_can_be_cancelled_and_run_again() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        fixture
            .trigger("W", hourly("Long", json!({ "maxConcurrency": 2 })))
            .await;
        fixture.start_trigger("W", at("2124-01-01T04:00:00Z")).await;
        let runs = fixture
            .windows_are("W", &["Running", "Running", "Waiting", "Waiting"])
            .await;
        // One that waits is over at once, one that runs when its pipeline is; then the next has its place.
        assert_eq!(fixture.of_run("W", &runs[2], "cancel").await.status, 200);
        assert_eq!(fixture.of_run("W", &runs[0], "rerun").await.error(400).0, "SL4034");
        assert_eq!(fixture.of_run("W", &runs[0], "cancel").await.status, 200);
        let runs = fixture
            .windows_are("W", &["Cancelled", "Running", "Cancelled", "Running"])
            .await;
        let id = runs[0]["triggeredPipelines"]["Long"].as_str().unwrap();
        assert_eq!(fixture.run_is_over(id).await["status"], "Cancelled");
        assert_eq!(fixture.of_run("W", &runs[0], "cancel").await.error(400).0, "SL4034");
        // A window that is asked for runs although the trigger is stopped, and no other does.
        fixture.post("/triggers/W/stop", json!({})).await;
        fixture.factory.clock().set(at("2124-01-01T06:00:00Z"));
        assert_eq!(fixture.of_run("W", &runs[1], "cancel").await.status, 200);
        fixture
            .windows_are("W", &["Cancelled", "Cancelled", "Cancelled", "Running"])
            .await;
        fixture
            .trigger("W", hourly("Quick", json!({ "maxConcurrency": 2 })))
            .await;
        assert_eq!(fixture.of_run("W", &runs[0], "rerun").await.status, 200);
        let runs = fixture
            .windows_are("W", &["Succeeded", "Cancelled", "Cancelled", "Running"])
            .await;
        assert!(
            runs[0]["triggeredPipelines"]["Quick"].is_string(),
            "the trigger as it is now: {:#}",
            runs[0]
        );
        // What runs when its trigger goes away comes to its own end.
        assert_eq!(fixture.delete("/triggers/W").await.status, 200);
        let id = runs[3]["triggeredPipelines"]["Long"].as_str().unwrap();
        fixture.post(&format!("/pipelineruns/{id}/cancel"), json!({})).await;
        fixture
            .windows_are("W", &["Succeeded", "Cancelled", "Cancelled", "Cancelled"])
            .await;
        // Another trigger of the name has windows of its own.
        fixture.trigger("W", hourly("Quick", json!({}))).await;
        fixture.start_trigger("W", at("2124-01-01T01:00:00Z")).await;
        fixture.trigger_runs("W", 5).await;
        fixture.stop().await;
    });
}

#[test]
fn a_window_that_failed_is_tried_again_as_often_as_the_policy_says() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        let more = json!({ "retryPolicy": { "count": 1, "intervalInSeconds": 600 } });
        fixture.trigger("W", hourly("Broken", more)).await;
        fixture.start_trigger("W", at("2124-01-01T01:00:00Z")).await;
        let first = fixture.window_failed("W", 1).await;
        assert_eq!(first["status"], "Waiting", "{first:#}");
        assert!(first["message"].as_str().unwrap().contains("on purpose"), "{first:#}");
        assert!(
            first["notBefore"].as_str().unwrap().starts_with("2124-01-01T01:10:"),
            "{first:#}"
        );
        assert_eq!(fixture.runs_of("Broken", 1).await.len(), 1);
        fixture.factory.clock().set(at("2124-01-01T01:20:00Z"));
        let last = fixture.windows_are("W", &["Failed"]).await.remove(0);
        assert_eq!(last["failures"], 2);
        // Both runs are attempts of one thing.
        let ids = fixture.runs_of("Broken", 2).await;
        assert_eq!(ids.len(), 2);
        let groups = [&ids[0], &ids[1]].map(|id| format!("/pipelineruns/{id}"));
        let one = fixture.get(&groups[0]).await.ok();
        let two = fixture.get(&groups[1]).await.ok();
        assert_eq!(one["runGroupId"], two["runGroupId"]);
        assert_eq!((&one["isLatest"], &two["isLatest"]), (&json!(false), &json!(true)));
        // Asked for again, it has all its attempts again.
        assert_eq!(fixture.of_run("W", &last, "rerun").await.status, 200);
        fixture.runs_of("Broken", 3).await;
        // Its pause begins when the failure is seen.
        fixture.window_failed("W", 1).await;
        fixture.factory.clock().set(at("2124-01-01T01:40:00Z"));
        fixture.runs_of("Broken", 4).await;
        fixture.windows_are("W", &["Failed"]).await;
        fixture.stop().await;
    });
}

fn on(name: &str, offset: Option<&str>, size: Option<&str>) -> Value {
    json!({ "type": "TumblingWindowTriggerDependencyReference", "offset": offset, "size": size,
        "referenceTrigger": { "type": "TriggerReference", "referenceName": name } })
}

#[test]
fn a_window_waits_for_those_that_it_depends_on() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        let retry = json!({ "retryPolicy": { "count": 0 } });
        fixture.trigger("Up", hourly("Quick", retry.clone())).await;
        // Two hours in one, and the window before of its own.
        let own = json!({ "type": "SelfDependencyTumblingWindowTriggerReference", "offset": "-02:00:00", "size": "02:00:00" });
        let more = json!({ "interval": 2, "dependsOn": [on("Up", Some("-01:00:00"), Some("02:00:00")), own] });
        fixture.trigger("Down", hourly("Quick", more)).await;
        fixture.start_trigger("Down", at("2124-01-01T04:00:00Z")).await;
        let runs = fixture.windows_are("Down", &["WaitingOnDependency"; 2]).await;
        // The first needs the hour from 0 on only: there is none before it.
        let status = &runs[0]["dependencyStatus"];
        assert_eq!(
            (&status["Up"]["status"], &status["Up"]["of"]),
            (&json!("Waiting"), &json!(1)),
            "{status:#}"
        );
        assert_eq!(status["Down"]["status"], "Succeeded", "{status:#}");
        let status = &runs[1]["dependencyStatus"];
        assert_eq!(
            (&status["Up"]["of"], &status["Down"]["of"]),
            (&json!(2), &json!(1)),
            "{status:#}"
        );
        // One hour of the other trigger is there.
        fixture.start_trigger("Up", at("2124-01-01T01:00:00Z")).await;
        fixture.windows_are("Up", &["Succeeded"]).await;
        let runs = fixture.windows_are("Down", &["Succeeded", "WaitingOnDependency"]).await;
        assert_eq!(runs[1]["dependencyStatus"]["Up"]["succeeded"], 0);
        // The next fails: everything behind it waits until it was run again and succeeded.
        fixture.post("/triggers/Up/stop", json!({})).await;
        fixture.trigger("Up", hourly("Broken", retry.clone())).await;
        fixture.start_trigger("Up", at("2124-01-01T03:00:00Z")).await;
        let up = fixture.windows_are("Up", &["Succeeded", "Failed", "Failed"]).await;
        fixture.post("/triggers/Up/stop", json!({})).await;
        fixture.trigger("Up", hourly("Quick", retry)).await;
        assert_eq!(fixture.of_run("Up", &up[2], "rerun").await.status, 200);
        fixture.windows_are("Up", &["Succeeded", "Failed", "Succeeded"]).await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let runs = fixture.windows_are("Down", &["Succeeded", "WaitingOnDependency"]).await;
            let status = &runs[1]["dependencyStatus"]["Up"];
            if (&status["status"], &status["succeeded"]) == (&json!("Failed"), &json!(1)) {
                assert_eq!(
                    status["windows"][0]["windowStartTime"], "2124-01-01T01:00:00Z",
                    "{status:#}"
                );
                break;
            }
            assert!(Instant::now() < deadline, "{status:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(fixture.of_run("Up", &up[1], "rerun").await.status, 200);
        fixture.windows_are("Down", &["Succeeded", "Succeeded"]).await;
        fixture.stop().await;
    });
}

#[test]
fn windows_stay_as_long_as_they_are_and_may_begin_earlier() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        fixture.trigger("W", hourly("Quick", json!({ "interval": 3 }))).await;
        // Nothing was made of it yet.
        fixture
            .trigger("W", hourly("Quick", json!({ "startTime": "2124-01-01T02:00:00Z" })))
            .await;
        fixture.start_trigger("W", at("2124-01-01T04:00:00Z")).await;
        fixture.windows_are("W", &["Succeeded"; 2]).await;
        fixture.post("/triggers/W/stop", json!({})).await;
        let (code, message) = fixture
            .put("/triggers/W", hourly("Quick", json!({ "interval": 2 })))
            .await
            .error(400);
        assert_eq!(code, "SL4033", "{message}");
        fixture.trigger("W", hourly("Quick", json!({}))).await;
        fixture.start_trigger("W", at("2124-01-01T04:00:00Z")).await;
        fixture.windows_are("W", &["Succeeded"; 4]).await;
        assert_eq!(fixture.runs_of("Quick", 4).await.len(), 4, "none is run twice");
        fixture.stop().await;
    });
}

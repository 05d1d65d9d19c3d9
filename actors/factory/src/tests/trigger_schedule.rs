//! Schedule triggers fire: at their times, once, with what is known about the firing. The clock is put forward.

use super::fixture::{Fixture, run};
use crate::flow::trigger::keep;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A moment far ahead of the machine's clock, so that nothing fires by itself.
fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn pipelines(fixture: &Fixture) {
    let set = json!({ "name": "Keep", "type": "SetVariable", "typeProperties": { "variableName": "v",
        "value": { "type": "Expression", "value": "@concat(pipeline().TriggerName, ' ', trigger().scheduledTime)" } } });
    for name in ["P", "Q"] {
        let body = json!({ "properties": { "activities": [set], "variables": { "v": { "type": "String" } },
            "parameters": { "at": { "type": "String", "defaultValue": "none" } } } });
        fixture.put(&format!("/pipelines/{name}"), body).await.ok();
    }
}

fn starts(pipeline: &str, parameters: Value) -> Value {
    json!({ "pipelineReference": { "type": "PipelineReference", "referenceName": pipeline }, "parameters": parameters })
}

fn schedule(pipelines: Value, recurrence: Value) -> Value {
    json!({ "properties": { "type": "ScheduleTrigger", "pipelines": pipelines, "typeProperties": { "recurrence": recurrence } } })
}

fn times(runs: &[Value]) -> Vec<String> {
    let time = |run: &Value| run["properties"]["ScheduleTime"].as_str().unwrap().to_owned();
    let mut times: Vec<String> = runs.iter().map(time).collect();
    times.sort();
    times
}

#[test]
fn a_schedule_starts_every_pipeline_with_its_parameters() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        let given = json!({ "at": { "type": "Expression", "value": "@formatDateTime(trigger().scheduledTime, 'yyyy-MM-dd HH:mm')" } });
        let recurrence = json!({ "frequency": "Week", "interval": 1, "startTime": "2124-01-03T00:00:00", "timeZone": "W. Europe Standard Time",
            "schedule": { "weekDays": ["Monday", "Friday"], "hours": [7], "minutes": [30] } });
        let body = schedule(json!([starts("P", given), starts("Q", json!({}))]), recurrence);
        fixture.put("/triggers/Weekly", body).await.ok();
        fixture.start_trigger("Weekly", at("2124-01-06T00:00:00Z")).await;
        // Of what was before the start nothing is made up for.
        fixture.factory.clock().set(at("2124-01-07T06:29:00Z"));
        fixture.factory.clock().set(at("2124-01-07T06:31:00Z"));
        let runs = fixture.trigger_runs("weekly", 1).await;
        let fired = &runs[0];
        assert_eq!(
            (&fired["status"], &fired["triggerType"]),
            (&json!("Succeeded"), &json!("ScheduleTrigger")),
            "{fired:#}"
        );
        // Friday, half past seven in Berlin.
        assert_eq!(fired["properties"]["ScheduleTime"], "2124-01-07T06:30:00.0000000Z");
        let id = fired["triggeredPipelines"]["P"].as_str().unwrap();
        let p = fixture.run_is_over(id).await;
        assert_eq!(p["status"], "Succeeded", "{p:#}");
        assert_eq!(p["parameters"], json!({ "at": "2124-01-07 06:30" }));
        assert_eq!(
            p["invokedBy"],
            json!({ "id": fired["triggerRunId"], "name": "Weekly", "invokedByType": "ScheduleTrigger" })
        );
        let activity = &fixture.activities(id).await[0];
        assert_eq!(
            activity["output"]["value"], "Weekly 2124-01-07T06:30:00Z",
            "{activity:#}"
        );
        let q = fixture
            .run_is_over(fired["triggeredPipelines"]["Q"].as_str().unwrap())
            .await;
        assert_eq!(q["parameters"], json!({ "at": "none" }));
        fixture.stop().await;
    });
}

#[test]
fn times_that_were_missed_are_made_up_for_and_those_of_a_stop_are_not() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        let recurrence = json!({ "frequency": "Hour", "interval": 1, "startTime": "2124-01-01T00:00:00Z" });
        fixture
            .put("/triggers/T", schedule(json!([starts("P", json!({}))]), recurrence))
            .await
            .ok();
        fixture.start_trigger("T", at("2124-02-01T00:30:00Z")).await;
        // The factory was not there for three hours.
        let fixture = fixture.restart().await;
        fixture.factory.clock().set(at("2124-02-01T03:30:00Z"));
        let runs = fixture.trigger_runs("T", 3).await;
        let wanted = ["01", "02", "03"].map(|hour| format!("2124-02-01T{hour}:00:00.0000000Z"));
        assert_eq!(times(&runs), wanted);
        // Stopped for two hours.
        fixture.post("/triggers/T/stop", json!({})).await;
        fixture.start_trigger("T", at("2124-02-01T05:30:00Z")).await;
        fixture.factory.clock().set(at("2124-02-01T06:30:00Z"));
        let runs = fixture.trigger_runs("T", 4).await;
        assert_eq!(times(&runs)[3], "2124-02-01T06:00:00.0000000Z", "{runs:#?}");
        // After three days only the last one is made up for.
        fixture.factory.clock().set(at("2124-02-04T06:30:00Z"));
        let runs = fixture.trigger_runs("T", 4 + 24).await;
        assert_eq!(runs.len(), 28);
        assert_eq!(times(&runs)[4], "2124-02-03T07:00:00.0000000Z");
        fixture.stop().await;
    });
}

#[test]
fn a_firing_that_cannot_start_anything_says_why_and_can_be_fired_again() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        let recurrence = json!({ "frequency": "Day", "startTime": "2124-01-01T08:00:00Z" });
        let broken = json!({ "at": "@pipeline().parameters.x" });
        let body = schedule(json!([starts("P", broken), starts("Q", json!({}))]), recurrence.clone());
        fixture.put("/triggers/T", body).await.ok();
        fixture.start_trigger("T", at("2124-01-01T07:00:00Z")).await;
        fixture.factory.clock().set(at("2124-01-01T08:00:01Z"));
        let run = fixture.trigger_runs("T", 1).await.remove(0);
        assert_eq!(run["status"], "Failed", "{run:#}");
        let message = run["message"].as_str().unwrap();
        assert!(
            message.contains("SL4017") && message.contains("nothing but trigger()"),
            "{message}"
        );
        // The other one was started all the same.
        assert_eq!(
            run["triggeredPipelines"]
                .as_object()
                .unwrap()
                .keys()
                .collect::<Vec<_>>(),
            ["Q"]
        );
        let id = run["triggerRunId"].as_str().unwrap();
        fixture.post("/triggers/T/stop", json!({})).await;
        let mended = json!({ "at": "@trigger().scheduledTime" });
        fixture
            .put("/triggers/T", schedule(json!([starts("P", mended)]), recurrence))
            .await
            .ok();
        let path = format!("/triggers/T/triggerRuns/{id}/rerun");
        assert_eq!(fixture.post(&path, json!({})).await.status, 200);
        let run = fixture.trigger_runs("T", 1).await.remove(0);
        assert_eq!(
            (&run["status"], &run["message"]),
            (&json!("Succeeded"), &json!("")),
            "{run:#}"
        );
        let p = fixture
            .run_is_over(run["triggeredPipelines"]["P"].as_str().unwrap())
            .await;
        assert_eq!(p["parameters"], json!({ "at": "2124-01-01T08:00:00Z" }));
        // What is over is not cancelled.
        let path = format!("/triggers/T/triggerRuns/{id}/cancel");
        assert_eq!(fixture.post(&path, json!({})).await.error(400).0, "SL4034");
        assert_eq!(
            fixture
                .post("/triggers/T/triggerRuns/none/rerun", json!({}))
                .await
                .status,
            404
        );
        fixture.stop().await;
    });
}

#[test]
fn a_firing_that_was_not_committed_did_not_happen_and_one_that_was_is_not_repeated() {
    run(async {
        let fixture = Fixture::with_factory().await;
        pipelines(&fixture).await;
        let recurrence = json!({ "frequency": "Minute", "interval": 15, "startTime": "2124-01-01T00:00:00Z" });
        fixture
            .put("/triggers/T", schedule(json!([starts("P", json!({}))]), recurrence))
            .await
            .ok();
        fixture.start_trigger("T", at("2124-01-01T00:01:00Z")).await;
        let state = fixture.factory.state();
        let moment = at("2124-01-01T01:01:00Z").timestamp_micros();
        // The factory dies before the end of the transaction, three times, and once behind it before anybody was rung.
        for dies in [true, true, true, false] {
            let mut tx = state.write().await.unwrap();
            let started = keep(&mut tx, moment, &|_| false).await.unwrap().unwrap();
            assert_eq!(started.len(), 4);
            if !dies {
                tx.commit().await.unwrap();
            }
        }
        // Somebody thinks that nothing was fired yet.
        let mut tx = state.write().await.unwrap();
        let before = at("2124-01-01T00:01:00Z").timestamp_micros();
        sqlx::query("UPDATE triggers SET due = 0, reached = $1")
            .bind(before)
            .execute(&mut *tx)
            .await
            .unwrap();
        assert_eq!(
            keep(&mut tx, moment, &|_| false).await.unwrap().unwrap(),
            Vec::<String>::new()
        );
        tx.commit().await.unwrap();
        let runs = fixture.trigger_runs("T", 4).await;
        assert_eq!(runs.len(), 4);
        // The orchestrator finds them by itself.
        for id in fixture.runs_of("P", 4).await {
            assert_eq!(fixture.run_is_over(&id).await["status"], "Succeeded");
        }
        assert_eq!(fixture.runs_of("P", 4).await.len(), 4);
        fixture.stop().await;
    });
}

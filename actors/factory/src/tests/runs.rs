//! Runs, with a scripted node that does the copies.

use super::fixture::{Fixture, copy, run};
use super::node::{Identity, Node, credential};
use serde_json::{Value, json};
use sluice_contract::job::CopyProgress;
use sluice_contract::message::{Failed, Progress, Reject};
use sluice_contract::{Code, Fault, Message, Object};

async fn ready(policy: Value) -> (Fixture, Node) {
    let fixture = Fixture::with_factory().await;
    fixture.gateway().await;
    fixture.pipeline(policy).await;
    let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
    let node = identity.connect(2).await;
    (fixture, node)
}

fn failed(code: Code) -> Message {
    Message::JobFailed(Failed {
        fault: Fault::new(code, "the store said no"),
        progress: CopyProgress::default(),
        extra: Object::new(),
    })
}

#[test]
fn a_copy_runs_from_end_to_end() {
    run(async {
        let (fixture, mut node) = ready(json!({ "timeout": "0.01:00:00" })).await;
        let id = fixture.create_run().await;
        let job = node.take_job().await;
        assert_eq!(job.attempt, 1);
        let spec = &job.data["spec"];
        assert_eq!(spec["source"]["type"], "Sqlite");
        assert_eq!(spec["source"]["properties"]["path"], "/data/a.db");
        assert_eq!(spec["source"]["dataset_kind"], "SqliteTable");
        assert_eq!(spec["sink"]["activity"]["type"], "ParquetSink");
        assert_eq!(spec["settings"], json!({ "parallelCopies": 2 }));
        assert_eq!(spec["timeout_s"], 3600);
        assert_eq!(fixture.activities(&id).await[0]["status"], "Queued");
        let token = node.claim(&job).await.unwrap();
        assert_eq!(
            node.claim(&job).await,
            Some(token),
            "a grant that got lost is given again"
        );
        let running = &fixture.activities(&id).await[0];
        assert_eq!(
            (&running["status"], &running["output"]),
            (&json!("InProgress"), &Value::Null)
        );
        let how_far = CopyProgress {
            stage: "copying".into(),
            rows_written: 7,
            ..CopyProgress::default()
        };
        let message = Message::JobProgress(Progress {
            progress: how_far,
            extra: Object::new(),
        });
        node.send(&node.about(&job, Some(token), &message)).await;
        node.heartbeat(&[(&job, token)]).await;
        let running = &fixture.activities(&id).await[0];
        assert_eq!(running["output"]["rowsCopied"], 30);
        assert!(node.prepare(&job, token).await);
        assert!(node.prepare(&job, token).await, "asked again, allowed again");
        node.complete(&job, token, 100).await;
        fixture.run_is(&id, "Succeeded").await;
        let done = &fixture.activities(&id).await[0];
        assert_eq!(done["status"], "Succeeded");
        assert_eq!(done["activityType"], "Copy");
        assert_eq!(done["output"]["rowsCopied"], 100);
        assert_eq!(done["output"]["dataWritten"], 800);
        assert_eq!(done["output"]["effectiveIntegrationRuntime"], "gw1");
        assert_eq!(
            done["output"]["dataConsistencyVerification"]["VerificationResult"],
            "Verified"
        );
        assert_eq!(done["error"]["errorCode"], "");
        assert_eq!(done["input"]["source"]["type"], "SqliteSource");
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn a_failed_attempt_is_repeated_as_the_policy_says() {
    run(async {
        let (fixture, mut node) = ready(json!({ "retry": 1, "retryIntervalInSeconds": 1 })).await;
        let id = fixture.create_run().await;
        let first = node.take_job().await;
        let token = node.claim(&first).await.unwrap();
        let envelope = node.about(&first, Some(token), &failed(Code::StoreFailed));
        node.ask(&envelope, &["event.ack"]).await;
        node.ask(&envelope, &["event.ack"]).await;
        let second = node.take_job().await;
        assert_eq!((second.job.clone(), second.attempt), (first.job.clone(), 2));
        let newer = node.claim(&second).await.unwrap();
        assert!(newer > token);
        node.ask(
            &node.about(&second, Some(newer), &failed(Code::TableNotFound)),
            &["event.ack"],
        )
        .await;
        let over = fixture.run_is(&id, "Failed").await;
        assert!(
            over["message"]
                .as_str()
                .unwrap()
                .contains("Operation on target Copy1 failed: SL6004"),
            "{over}"
        );
        let activity = &fixture.activities(&id).await[0];
        assert_eq!(activity["status"], "Failed");
        assert_eq!(activity["retryAttempt"], 1);
        assert_eq!(activity["error"]["errorCode"], "SL6004");
        assert_eq!(activity["error"]["failureType"], "UserError");
        assert_eq!(activity["error"]["target"], "Copy1");
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn a_stall_gets_a_second_attempt_even_without_a_policy() {
    run(async {
        let (fixture, mut node) = ready(json!({ "retry": 0, "retryIntervalInSeconds": 1 })).await;
        let id = fixture.create_run().await;
        let first = node.take_job().await;
        let token = node.claim(&first).await.unwrap();
        let stalled = failed(Code::Stalled);
        node.ask(&node.about(&first, Some(token), &stalled), &["event.ack"])
            .await;
        let second = node.take_job().await;
        assert_eq!((second.job.clone(), second.attempt), (first.job.clone(), 2));
        let newer = node.claim(&second).await.unwrap();
        // The second time it is over.
        node.ask(&node.about(&second, Some(newer), &stalled), &["event.ack"])
            .await;
        fixture.run_is(&id, "Failed").await;
        let activity = &fixture.activities(&id).await[0];
        assert_eq!(activity["retryAttempt"], 1);
        assert_eq!(activity["error"]["errorCode"], "SL7007");
        let earlier = &activity["output"]["previousAttempts"];
        assert_eq!(earlier[0]["attempt"], 1, "{activity:#}");
        assert_eq!(earlier[0]["errorCode"], "SL7007");
        assert_eq!(earlier[0]["message"], "the store said no");
        assert!(earlier[1].is_null());
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn a_rejected_job_fails_unless_there_was_no_room() {
    run(async {
        let (fixture, mut node) = ready(json!({})).await;
        let id = fixture.create_run().await;
        let reject = |code| {
            Message::JobReject(Reject {
                fault: Fault::new(code, "no"),
                extra: Object::new(),
            })
        };
        let first = node.take_job().await;
        node.ask(&node.about(&first, None, &reject(Code::Overloaded)), &["event.ack"])
            .await;
        let second = node.take_job().await;
        assert_eq!(second.attempt, 2);
        node.ask(
            &node.about(&second, None, &reject(Code::StoreTypeUnknown)),
            &["event.ack"],
        )
        .await;
        fixture.run_is(&id, "Failed").await;
        assert_eq!(fixture.activities(&id).await[0]["error"]["errorCode"], "SL4008");
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn cancelling_stops_what_waits_and_what_runs() {
    run(async {
        let (fixture, mut node) = ready(json!({})).await;
        let id = fixture.create_run().await;
        let job = node.take_job().await;
        let token = node.claim(&job).await.unwrap();
        let cancel = format!("/pipelineruns/{id}/cancel");
        let answer = fixture.post(&cancel, json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
        let told = node.next(&["job.cancel"]).await;
        assert_eq!(told.job, Some(job.job.clone()));
        assert!(
            !node.prepare(&job, token).await,
            "a run that is being cancelled commits nothing"
        );
        let cancelled = Message::JobCancelled(Default::default());
        node.ask(&node.about(&job, Some(token), &cancelled), &["event.ack"])
            .await;
        fixture.run_is(&id, "Cancelled").await;
        assert_eq!(fixture.activities(&id).await[0]["status"], "Cancelled");
        assert_eq!(fixture.post(&cancel, json!({})).await.error(400).0, "SL4013");
        node.leave().await;
        // Nobody is there to take this one.
        let waiting = fixture.create_run().await;
        fixture
            .post(&format!("/pipelineruns/{waiting}/cancel"), json!({}))
            .await;
        fixture.run_is(&waiting, "Cancelled").await;
        fixture.stop().await;
    });
}

#[test]
fn a_cancel_before_the_claim_wins() {
    run(async {
        let (fixture, mut node) = ready(json!({})).await;
        let id = fixture.create_run().await;
        let job = node.take_job().await;
        fixture.post(&format!("/pipelineruns/{id}/cancel"), json!({})).await;
        fixture.run_is(&id, "Cancelled").await;
        assert_eq!(node.claim(&job).await, None);
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn activities_wait_for_each_other() {
    run(async {
        let (fixture, mut node) = ready(json!({})).await;
        let after = |name: &str, condition: &str| json!([{ "activity": name, "dependencyConditions": [condition] }]);
        let pipeline = json!({ "properties": { "activities": [
            copy("Last", json!({}), after("First", "Succeeded")),
            copy("First", json!({}), json!([])),
            copy("OnError", json!({}), after("First", "Failed")),
        ] } });
        fixture.put("/pipelines/P1", pipeline).await.ok();
        let id = fixture.create_run().await;
        for expected in ["First", "Last"] {
            let job = node.take_job().await;
            assert_eq!(job.data["spec"]["activity"], expected);
            let token = node.claim(&job).await.unwrap();
            node.complete(&job, token, 1).await;
        }
        fixture.run_is(&id, "Succeeded").await;
        let rows = fixture.activities(&id).await;
        let statuses: Vec<(&str, &str)> = rows
            .iter()
            .map(|row| (row["activityName"].as_str().unwrap(), row["status"].as_str().unwrap()))
            .collect();
        assert!(statuses.contains(&("OnError", "Skipped")), "{statuses:?}");
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn what_cannot_run_fails_with_its_code() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let mut expression = copy("c", json!({}), json!([]));
        expression["typeProperties"]["source"]["query"] = json!({ "value": "@concat('a'", "type": "Expression" });
        let mut missing = copy("c", json!({}), json!([]));
        missing["inputs"][0]["referenceName"] = "Nowhere".into();
        let mut no_input = copy("c", json!({}), json!([]));
        no_input["inputs"] = json!([]);
        let circle = copy(
            "c",
            json!({}),
            json!([{ "activity": "c", "dependencyConditions": ["Succeeded"] }]),
        );
        let wait = json!({ "name": "c", "type": "Wait", "typeProperties": {} });
        for (activity, code) in [
            (expression, "SL4017"),
            (missing, "SL4007"),
            (no_input, "SL4011"),
            (circle, "SL4011"),
            (wait, "SL4011"),
        ] {
            fixture
                .put("/pipelines/P1", json!({ "properties": { "activities": [activity] } }))
                .await
                .ok();
            let id = fixture.create_run().await;
            let over = fixture.run_is(&id, "Failed").await;
            assert!(over["message"].as_str().unwrap().contains(code), "{code}: {over}");
        }
        fixture.put("/pipelines/P1", json!({ "properties": {} })).await.ok();
        let empty = fixture.create_run().await;
        fixture.run_is(&empty, "Succeeded").await;
        fixture.stop().await;
    });
}

#[test]
fn two_gateways_never_pass_data_to_each_other() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        fixture
            .put("/integrationRuntimes/gw2", json!({ "properties": {} }))
            .await
            .ok();
        let elsewhere = json!({ "properties": { "type": "Sqlite", "typeProperties": { "path": "/x" },
            "connectVia": { "type": "IntegrationRuntimeReference", "referenceName": "gw2" } } });
        fixture.put("/linkedservices/Db", elsewhere).await.ok();
        let id = fixture.create_run().await;
        fixture.run_is(&id, "Failed").await;
        assert_eq!(fixture.activities(&id).await[0]["error"]["errorCode"], "SL5006");
        fixture.stop().await;
    });
}

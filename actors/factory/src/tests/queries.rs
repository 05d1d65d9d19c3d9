//! Queries over runs.

use super::fixture::{Fixture, run};
use serde_json::{Value, json};

async fn failing_pipeline(fixture: &Fixture, name: &str) {
    let activity = json!({ "name": "w", "type": "DatabricksNotebook", "typeProperties": {} });
    fixture
        .put(
            &format!("/pipelines/{name}"),
            json!({ "properties": { "activities": [activity] } }),
        )
        .await
        .ok();
}

async fn start(fixture: &Fixture, name: &str, parameters: Value) -> String {
    let reply = fixture
        .post(&format!("/pipelines/{name}/createRun"), parameters)
        .await
        .ok();
    reply["runId"].as_str().unwrap().to_owned()
}

async fn query(fixture: &Fixture, body: Value) -> Vec<String> {
    let reply = fixture.post("/queryPipelineRuns", body).await.ok();
    reply["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["runId"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn runs_are_filtered_and_ordered() {
    run(async {
        let fixture = Fixture::with_factory().await;
        failing_pipeline(&fixture, "A").await;
        failing_pipeline(&fixture, "B").await;
        let a = start(&fixture, "A", json!({ "list": ["x", 1], "text": "t" })).await;
        let b = start(&fixture, "B", json!({})).await;
        let shown = fixture.run_is(&a, "Failed").await;
        fixture.run_is(&b, "Failed").await;
        assert_eq!(
            shown["parameters"],
            json!({ "list": "[\"x\",1]", "text": "t" }),
            "strings on the wire"
        );
        assert_eq!(shown["invokedBy"]["name"], "Manual");
        assert!(shown["message"].as_str().unwrap().contains("SL4009"), "{shown}");
        assert!(shown["durationInMs"].is_number() && shown["runEnd"].is_string());
        let range =
            json!({ "lastUpdatedAfter": "2020-01-01T00:00:00.000Z", "lastUpdatedBefore": "2090-01-01T00:00:00Z" });
        let with = |more: Value| {
            let mut body = range.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        assert_eq!(query(&fixture, range.clone()).await, [a.clone(), b.clone()]);
        let by_name = |operator: &str| json!({ "filters": [{ "operand": "PipelineName", "operator": operator, "values": ["a"] }] });
        assert_eq!(query(&fixture, with(by_name("Equals"))).await, std::slice::from_ref(&a));
        assert_eq!(query(&fixture, with(by_name("NotIn"))).await, std::slice::from_ref(&b));
        let failed = json!({ "filters": [{ "operand": "Status", "operator": "In", "values": ["Failed", "Queued"] }, { "operand": "LatestOnly", "operator": "Equals", "values": ["true"] }] });
        assert_eq!(query(&fixture, with(failed)).await.len(), 2);
        let newest = json!({ "orderBy": [{ "orderBy": "RunStart", "order": "DESC" }] });
        assert_eq!(query(&fixture, with(newest)).await, [b.clone(), a.clone()]);
        assert!(
            query(&fixture, json!({ "lastUpdatedBefore": "2020-01-01T00:00:00Z" }))
                .await
                .is_empty()
        );
        for wrong in [
            json!({ "filters": [{ "operand": "Nope", "operator": "Equals", "values": ["x"] }] }),
            json!({ "filters": [{ "operand": "Status", "operator": "Like", "values": ["x"] }] }),
            json!({ "filters": [{ "operand": "Status", "operator": "Equals" }] }),
            json!({ "orderBy": [{ "orderBy": "id; DROP TABLE runs" }] }),
            json!({ "lastUpdatedAfter": "yesterday" }),
            json!({ "continuationToken": "offset:-1" }),
        ] {
            assert_eq!(fixture.post("/queryPipelineRuns", wrong).await.error(400).0, "SL4005");
        }
        fixture.stop().await;
    });
}

#[test]
fn by_their_end_runs_that_go_on_come_last() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let wait = json!({ "name": "w", "type": "Wait", "typeProperties": { "waitTimeInSeconds": 3600 } });
        let body = json!({ "properties": { "activities": [wait] } });
        fixture.put("/pipelines/Long", body).await.ok();
        failing_pipeline(&fixture, "Short").await;
        let long = start(&fixture, "Long", json!({})).await;
        let short = start(&fixture, "Short", json!({})).await;
        fixture.run_is_over(&short).await;
        for (order, wanted) in [("ASC", [&short, &long]), ("DESC", [&long, &short])] {
            let body = json!({ "orderBy": [{ "orderBy": "RunEnd", "order": order }] });
            let found = query(&fixture, body).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{order}");
        }
        fixture.stop().await;
    });
}

#[test]
fn many_runs_come_in_pages() {
    run(async {
        let fixture = Fixture::with_factory().await;
        failing_pipeline(&fixture, "A").await;
        let mut started = Vec::new();
        for _ in 0..105 {
            started.push(start(&fixture, "A", json!({})).await);
        }
        let first = fixture.post("/queryPipelineRuns", json!({})).await.ok();
        assert_eq!(first["value"].as_array().unwrap().len(), 100);
        let token = first["continuationToken"].clone();
        let second = fixture
            .post("/queryPipelineRuns", json!({ "continuationToken": token }))
            .await
            .ok();
        assert!(second.get("continuationToken").is_none());
        let ids = first["value"]
            .as_array()
            .unwrap()
            .iter()
            .chain(second["value"].as_array().unwrap());
        let ids: Vec<&str> = ids.map(|run| run["runId"].as_str().unwrap()).collect();
        assert_eq!(ids, started);
        fixture.stop().await;
    });
}

#[test]
fn requests_that_are_repeated_at_the_same_time_start_one_run() {
    run(async {
        let fixture = Fixture::with_factory().await;
        failing_pipeline(&fixture, "A").await;
        // A client behind a proxy that answers 503 does not know what became of its earlier requests.
        let path = format!("{}/pipelines/A/createRun", super::fixture::F);
        let headers = [("x-ms-client-request-id", "the-same")];
        let ask = || fixture.call(reqwest::Method::POST, &path, &headers, Some("{}".to_owned()));
        let answers = futures::future::join_all((0..20).map(|_| ask())).await;
        let ids: std::collections::BTreeSet<String> = answers
            .iter()
            .map(|answer| answer.ok()["runId"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
        assert_eq!(query(&fixture, json!({})).await.len(), 1);
        fixture.stop().await;
    });
}

#[test]
fn a_repeated_request_starts_one_run() {
    run(async {
        let fixture = Fixture::with_factory().await;
        failing_pipeline(&fixture, "A").await;
        failing_pipeline(&fixture, "B").await;
        let create = |pipeline: &'static str, id: &'static str| {
            let fixture = &fixture;
            async move {
                let path = format!("{}/pipelines/{pipeline}/createRun", super::fixture::F);
                let headers = [("x-ms-client-request-id", id)];
                fixture.call(reqwest::Method::POST, &path, &headers, None).await.ok()["runId"].clone()
            }
        };
        let (one, two, three) = tokio::join!(create("A", "r1"), create("A", "r1"), create("a", "r1"));
        assert!(one == two && two == three);
        assert_ne!(create("A", "r2").await, one);
        assert_ne!(create("B", "r1").await, one);
        assert_eq!(query(&fixture, json!({})).await.len(), 3);
        fixture.stop().await;
    });
}

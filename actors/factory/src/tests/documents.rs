//! Documents: kept as they are, versioned, listed in pages, protected while others refer to them.

use super::fixture::{F, Fixture, run};
use reqwest::Method;
use serde_json::{Value, json};

fn dataset(service: &str) -> Value {
    json!({ "properties": { "type": "SomeFutureTable", "extra": { "kept": [1, null, "x"] },
        "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": service } } })
}

#[test]
fn documents_come_back_as_they_were_sent() {
    run(async {
        let fixture = Fixture::with_factory().await;
        for (path, kind, body) in [
            (
                "/linkedservices/Ls1",
                "linkedservices",
                json!({ "properties": { "type": "Unheard", "typeProperties": { "z": 1, "a": 2.50 } } }),
            ),
            ("/datasets/Ds1", "datasets", dataset("Ls1")),
            (
                "/pipelines/P1",
                "pipelines",
                json!({ "properties": { "activities": [{ "name": "w", "type": "Wait", "typeProperties": { "waitTimeInSeconds": 1 } }], "annotations": ["n"] } }),
            ),
        ] {
            let put = fixture.put(path, body.clone()).await.ok();
            assert_eq!(put["properties"], body["properties"]);
            assert_eq!(
                put["properties"].to_string(),
                body["properties"].to_string(),
                "the order of members stays"
            );
            assert_eq!(put["id"], format!("{F}{path}"));
            assert_eq!(put["type"], format!("Microsoft.DataFactory/factories/{kind}"));
            let etag = put["etag"].as_str().unwrap();
            assert!(!etag.contains('"'), "{etag}");
            // Found in another spelling, given back in the first one.
            let read = fixture.get(&path.to_uppercase()).await.ok();
            assert_eq!(read, put);
            let again = fixture.put(&path.to_lowercase(), body).await.ok();
            assert_eq!(again["name"], put["name"]);
            assert_ne!(again["etag"], put["etag"]);
            let listed = fixture.get(&format!("/{kind}")).await.ok();
            assert_eq!(listed, json!({ "value": [again] }));
        }
        fixture.stop().await;
    });
}

#[test]
fn versions_are_compared() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let path = format!("{F}/pipelines/P1");
        let body = || Some(json!({ "properties": { "activities": [] } }).to_string());
        let put = |header: String| {
            let (fixture, path) = (&fixture, &path);
            async move { fixture.call(Method::PUT, path, &[("if-match", &header)], body()).await }
        };
        assert_eq!(put("*".into()).await.status, 412, "there is nothing to match yet");
        let etag = fixture.put("/pipelines/P1", json!({ "properties": {} })).await.ok()["etag"]
            .as_str()
            .unwrap()
            .to_owned();
        let (code, message) = put("\"bad\"".into()).await.error(412);
        assert_eq!(code, "PreconditionFailed");
        assert!(
            message.starts_with("The etag specified does not match") && message.contains("SL4004"),
            "{message}"
        );
        let quoted = format!("\"{etag}\"");
        let get = fixture
            .call(Method::GET, &path, &[("if-none-match", &quoted)], None)
            .await;
        assert_eq!((get.status.as_u16(), get.text.as_str()), (304, ""));
        let newer = put(etag.clone()).await.ok()["etag"].as_str().unwrap().to_owned();
        assert_eq!(put(quoted).await.status, 412, "the old version is stale now");
        put(format!("\"{newer}\"")).await.ok();
        put("*".into()).await.ok();
        fixture.stop().await;
    });
}

#[test]
fn long_lists_come_in_pages() {
    run(async {
        let fixture = Fixture::with_factory().await;
        for i in 0..205 {
            fixture
                .put(&format!("/pipelines/P {i:03}&x"), json!({ "properties": {} }))
                .await
                .error(400);
            fixture
                .put(&format!("/pipelines/P {i:03}"), json!({ "properties": {} }))
                .await
                .ok();
        }
        let mut names = Vec::new();
        let mut next = Some(format!(
            "{}{F}/pipelines?api-version=2018-06-01",
            fixture.factory.rest_url()
        ));
        let mut pages = 0;
        while let Some(url) = next {
            let page: Value = fixture
                .client
                .get(&url)
                .bearer_auth(&fixture.token)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            names.extend(
                page["value"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|p| p["name"].as_str().unwrap().to_owned()),
            );
            next = page["nextLink"].as_str().map(str::to_owned);
            pages += 1;
        }
        assert_eq!(pages, 3);
        assert_eq!(names, (0..205).map(|i| format!("P {i:03}")).collect::<Vec<_>>());
        fixture.stop().await;
    });
}

#[test]
fn invalid_documents_are_refused_with_a_reason() {
    run(async {
        let fixture = Fixture::with_factory().await;
        for (path, body, code, word) in [
            ("/linkedservices/x", json!({}), "SL4005", "properties"),
            ("/linkedservices/x", json!({ "properties": {} }), "SL4006", "10.0.0"),
            (
                "/datasets/x",
                json!({ "properties": { "type": "Parquet" } }),
                "SL4005",
                "linkedServiceName",
            ),
            (
                "/pipelines/x",
                json!({ "properties": { "activities": [{ "name": "a" }] } }),
                "SL4006",
                "activity a",
            ),
            (
                "/pipelines/x",
                json!({ "properties": { "activities": {} } }),
                "SL4005",
                "array",
            ),
            ("/pipelines/x%3Fy", json!({ "properties": {} }), "SL4012", "not allowed"),
            (
                "/integrationRuntimes/x",
                json!({ "properties": { "type": "Elsewhere" } }),
                "SL4006",
                "SelfHosted",
            ),
        ] {
            let (found, message) = fixture.put(path, body).await.error(400);
            assert_eq!(found, code, "{path}: {message}");
            assert!(message.contains(word) && message.contains(code), "{message}");
        }
        fixture.stop().await;
    });
}

#[test]
fn what_others_refer_to_stays() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        for (path, by) in [
            ("/linkedservices/Db", "Orders"),
            ("/datasets/Out", "P1"),
            ("/integrationRuntimes/gw1", "Db, Files"),
        ] {
            let (code, message) = fixture.delete(path).await.error(400);
            assert_eq!(code, "SL4016");
            assert!(
                message.contains(&format!("cannot be deleted since it is referenced by {by}")),
                "{message}"
            );
        }
        for path in [
            "/pipelines/P1",
            "/datasets/Out",
            "/datasets/Orders",
            "/linkedservices/Db",
            "/linkedservices/Files",
            "/integrationRuntimes/gw1",
        ] {
            assert_eq!(fixture.delete(path).await.status, 200, "{path}");
            assert_eq!(fixture.delete(path).await.status, 204, "{path}");
        }
        fixture.stop().await;
    });
}

//! The rules of the REST contract that hold for every operation.

use super::fixture::{F, Fixture, run};
use reqwest::Method;
use serde_json::{Value, json};

#[test]
fn requests_need_a_token() {
    run(async {
        let fixture = Fixture::start().await;
        for token in [None, Some("Bearer wrong"), Some("Basic abc"), Some("Bearer")] {
            let mut request = fixture.client.get(format!("{}{F}", fixture.factory.rest_url()));
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let reply = request.send().await.unwrap();
            assert_eq!(reply.status(), 401);
            assert!(
                reply.headers()["www-authenticate"]
                    .to_str()
                    .unwrap()
                    .starts_with("Bearer")
            );
            let body: Value = reply.json().await.unwrap();
            assert_eq!(body["error"]["code"], "SL4001");
        }
        fixture.stop().await;
    });
}

#[test]
fn errors_have_azures_words_where_they_are_known() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let nope = "/subscriptions/s/resourceGroups/rg9/providers/Microsoft.DataFactory/factories/nope";
        let answer = fixture.call(Method::GET, nope, &[], None).await;
        assert_eq!(answer.status, 404);
        assert_eq!(
            answer.json(),
            json!({ "error": { "code": "ResourceNotFound", "message":
                "The Resource 'Microsoft.DataFactory/factories/nope' under resource group 'rg9' was not found." } })
        );
        assert_eq!(
            fixture.get("/pipelines/nope").await.error(404),
            ("NotFound".into(), "pipelines nope not found".into())
        );
        assert_eq!(
            fixture.get("/pipelineruns/nope").await.error(404),
            (
                "ErrorPipelineRunNotFound".into(),
                "Cannot find pipeline run: nope".into()
            )
        );
        fixture.stop().await;
    });
}

#[test]
fn what_is_not_served_is_told_apart() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let (code, message) = fixture.get("/nothing").await.error(404);
        assert_eq!(code, "OperationNotSupported");
        assert!(
            message.contains("SL4010") && message.contains("docs/adf.md"),
            "{message}"
        );
        for (path, word) in [
            ("/adfcdcs", "change data capture"),
            ("/managedVirtualNetworks/n/managedPrivateEndpoints", "virtual networks"),
            ("/privateEndPointConnections", "private endpoints"),
            ("/integrationRuntimes/gw1/start", "on its machine"),
        ] {
            let (code, message) = fixture.get(path).await.error(404);
            assert_eq!(code, "OperationNotSupported");
            assert!(message.contains("SL4057") && message.contains(word), "{message}");
        }
        let answer = fixture
            .call(Method::PATCH, &format!("{F}/pipelines/p"), &[], Some("{}".into()))
            .await;
        assert_eq!(answer.error(405).0, "OperationNotSupported");
        assert_eq!(answer.headers["allow"], "GET, PUT, DELETE");
        fixture.stop().await;
    });
}

#[test]
fn bad_json_is_named_with_its_position_and_never_quoted() {
    run(async {
        let fixture = Fixture::with_factory().await;
        for body in ["", "[]", "{\"properties\": canary-1}", "{\"a\":\n  \"canary-2", "\u{0}"] {
            let answer = fixture
                .call(Method::PUT, &format!("{F}/linkedservices/x"), &[], Some(body.into()))
                .await;
            let (code, message) = answer.error(400);
            assert_eq!(code, "SL4002", "{body}");
            assert!(
                message.contains("line") || message.contains("not a JSON object"),
                "{message}"
            );
            assert!(!message.contains("canary"), "{message}");
        }
        let huge = format!("{{\"properties\": \"{}\"}}", "x".repeat(5 * 1024 * 1024));
        let answer = fixture
            .call(Method::PUT, &format!("{F}/pipelines/x"), &[], Some(huge))
            .await;
        assert_eq!(answer.status, 413);
        // The factory goes on.
        fixture.get("").await.ok();
        fixture.stop().await;
    });
}

#[test]
fn factories_come_and_go() {
    run(async {
        let fixture = Fixture::start().await;
        let made = fixture
            .put("", json!({ "location": "onprem", "tags": { "a": "b" }, "x-own": 1 }))
            .await
            .ok();
        assert_eq!(made["name"], "factory1");
        assert_eq!(made["id"], F);
        assert_eq!(made["type"], "Microsoft.DataFactory/factories");
        assert_eq!(made["tags"], json!({ "a": "b" }));
        assert_eq!(made["x-own"], 1, "unknown members are kept");
        assert_eq!(made["properties"]["provisioningState"], "Succeeded");
        let created = made["properties"]["createTime"].as_str().unwrap();
        assert!(
            created.ends_with('Z') && created.split('.').nth(1).unwrap().len() == 8,
            "{created}"
        );
        // In any case.
        let upper = F.to_uppercase().replace("FACTORY1", "Factory1");
        assert_eq!(fixture.call(Method::GET, &upper, &[], None).await.ok(), made);
        let patched = fixture.patch("", json!({ "tags": { "x": "y" } })).await.ok();
        assert_eq!(patched["tags"], json!({ "x": "y" }));
        assert_eq!(patched["location"], "onprem");
        assert_eq!(patched["properties"]["createTime"], made["properties"]["createTime"]);
        assert_ne!(patched["eTag"], made["eTag"]);
        let provider = "providers/Microsoft.DataFactory/factories";
        for list in [
            format!("/subscriptions/sub-1/{provider}"),
            format!("/subscriptions/Sub-1/resourcegroups/RG1/{provider}"),
        ] {
            let listed = fixture.call(Method::GET, &list, &[], None).await.ok();
            assert_eq!(listed["value"], json!([patched]), "{list}");
        }
        let other = fixture
            .call(Method::GET, &format!("/subscriptions/other/{provider}"), &[], None)
            .await
            .ok();
        assert_eq!(other, json!({ "value": [] }));
        assert_eq!(fixture.delete("").await.status, 200);
        let again = fixture.delete("").await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (204, ""));
        fixture.stop().await;
    });
}

#[test]
fn the_providers_operations_are_listed() {
    run(async {
        let fixture = Fixture::start().await;
        let listed = fixture
            .call(Method::GET, "/providers/Microsoft.DataFactory/operations", &[], None)
            .await
            .ok();
        let names: Vec<&str> = listed["value"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|o| o["name"].as_str())
            .collect();
        assert!(names.contains(&"Microsoft.DataFactory/factories/read"), "{names:?}");
        fixture.stop().await;
    });
}

#[test]
fn http_1_1_is_served_too() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let ca = std::fs::read(fixture.factory.ca_file()).unwrap();
        let client = reqwest::Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
            .build()
            .unwrap();
        let url = fixture.factory.rest_url();
        let reply = client
            .get(format!("{url}{F}"))
            .bearer_auth(&fixture.token)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (reply.status().as_u16(), reply.version()),
            (200, reqwest::Version::HTTP_11)
        );
        assert!(
            reply.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("application/json")
        );
        for (origin, status) in [("https://evil.example", 403), (url.as_str(), 303)] {
            let body = format!("token={}", fixture.token);
            let form = client.post(format!("{url}/login")).header("origin", origin).body(body);
            assert_eq!(form.send().await.unwrap().status(), status);
        }
        fixture.stop().await;
    });
}

//! Who may do what: scopes on every operation, tokens, the audit log, and what is kept of secrets.

use super::fixture::{Answer, F, Fixture, run};
use crate::access::Scope;
use crate::rest::route;
use reqwest::Method;
use serde_json::{Value, json};

impl Fixture {
    /// A request with another token than the administrator's.
    pub(super) async fn call_as(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let url = format!("{}{path}", self.factory.rest_url());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.send().await.unwrap();
        Answer {
            status: reply.status(),
            headers: reply.headers().clone(),
            text: reply.text().await.unwrap(),
        }
    }

    /// Makes a token.
    pub(super) async fn make_token(&self, name: &str, body: Value) -> String {
        let path = format!("/access/v1/tokens/{name}");
        let made = self.call_as(&self.token, "PUT", &path, Some(&body)).await.ok();
        made["token"].as_str().unwrap().to_owned()
    }

    /// The audit log's newest page.
    pub(super) async fn audit(&self, query: &str) -> Vec<Value> {
        let path = format!("/access/v1/audit?{query}");
        let page = self.call_as(&self.token, "GET", &path, None).await.ok();
        page["value"].as_array().unwrap().clone()
    }
}

#[test]
fn every_operation_needs_its_scope() {
    run(async {
        let fixture = Fixture::start().await;
        let mut tokens = Vec::new();
        for scope in Scope::ALL {
            let token = fixture
                .make_token(&format!("one-{}", scope.as_str()), json!({ "scope": scope }))
                .await;
            tokens.push((scope, token));
        }
        let mut seen = [0; 4];
        for route in route::all() {
            let path: String = route
                .segments
                .iter()
                .map(|s| format!("/{}", s.replace('*', "x")))
                .collect();
            let what = format!("{} {path}", route.method);
            let anonymous = fixture.call_as("", route.method, &path, Some(&json!({}))).await.status;
            let Some(needed) = route.op.needs() else {
                assert_ne!(anonymous, 401, "{what}");
                continue;
            };
            assert_eq!(anonymous, 401, "{what}");
            for (scope, token) in &tokens {
                let answer = fixture.call_as(token, route.method, &path, Some(&json!({}))).await;
                if *scope < needed {
                    let (code, message) = answer.error(403);
                    assert_eq!(code, "SL4051", "{what}");
                    assert!(
                        message.contains(needed.as_str()) && message.contains(scope.as_str()),
                        "{message}"
                    );
                } else {
                    assert!(
                        !matches!(answer.status.as_u16(), 401 | 403 | 500..),
                        "{what} as {scope:?}: {answer:?}"
                    );
                }
            }
            seen[needed as usize] += 1;
        }
        assert!(seen.iter().all(|count| *count > 3), "{seen:?}");
        fixture.stop().await;
    });
}

#[test]
fn a_token_counts_within_its_place() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let body = json!({ "scope": "contributor", "within": "sub-1/RG1/factory1" });
        let token = fixture.make_token("deploy", body).await;
        let put = json!({ "properties": { "activities": [] } });
        fixture
            .call_as(&token, "PUT", &format!("{F}/pipelines/p"), Some(&put))
            .await
            .ok();
        let other = F.replace("factory1", "factory2");
        for (method, path) in [
            ("PUT", other.as_str()),
            ("GET", "/subscriptions/Sub-1/providers/Microsoft.DataFactory/factories"),
            ("GET", "/metrics"),
        ] {
            let answer = fixture.call_as(&token, method, path, Some(&json!({}))).await;
            assert!(
                answer.error(403).1.contains("within sub-1/rg1/factory1"),
                "{path}: {answer:?}"
            );
        }
        let me = fixture.call_as(&token, "GET", "/access/v1/me", None).await.ok();
        assert_eq!((&me["name"], &me["scope"]), (&json!("deploy"), &json!("contributor")));
        fixture.stop().await;
    });
}

#[test]
fn tokens_are_made_replaced_and_revoked() {
    run(async {
        let fixture = Fixture::start().await;
        let admin = fixture.token.clone();
        let first = fixture
            .make_token("ci", json!({ "scope": "reader", "expiresInDays": 7 }))
            .await;
        assert!(first.starts_with("sluice_") && first.len() > 45, "{first}");
        fixture.call_as(&first, "GET", "/health", None).await.ok();
        let again = json!({ "scope": "operator" });
        let answer = fixture
            .call_as(&admin, "PUT", "/access/v1/tokens/ci", Some(&again))
            .await;
        assert_eq!(answer.error(409).0, "SL4054");
        let second = fixture
            .make_token("ci", json!({ "scope": "operator", "replace": true }))
            .await;
        assert_eq!(fixture.call_as(&first, "GET", "/health", None).await.status, 401);
        let listed = fixture.call_as(&admin, "GET", "/access/v1/tokens", None).await.ok();
        let names: Vec<_> = listed["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["name"].clone())
            .collect();
        assert_eq!(names, ["admin", "ci"]);
        assert!(!listed.to_string().contains(&second), "{listed}");
        assert_eq!(
            fixture
                .call_as(&admin, "DELETE", "/access/v1/tokens/ci", None)
                .await
                .status,
            200
        );
        assert_eq!(
            fixture
                .call_as(&admin, "DELETE", "/access/v1/tokens/ci", None)
                .await
                .status,
            204
        );
        assert_eq!(fixture.call_as(&second, "GET", "/health", None).await.status, 401);
        let answer = fixture.call_as(&admin, "DELETE", "/access/v1/tokens/admin", None).await;
        assert!(answer.error(400).1.contains("admin.token"));
        for body in [
            json!({}),
            json!({ "scope": "root" }),
            json!({ "scope": "reader", "expiresInDays": 0 }),
            json!({ "scope": "reader", "within": "a/b/c/d" }),
        ] {
            let answer = fixture.call_as(&admin, "PUT", "/access/v1/tokens/x", Some(&body)).await;
            assert_eq!(answer.error(400).0, "SL4005", "{body}");
        }
        // Whoever copies the database has no token.
        for file in std::fs::read_dir(fixture.dir.path()).unwrap() {
            let path = file.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap().starts_with("factory.db") {
                let bytes = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                assert!(
                    !bytes.contains(&first) && !bytes.contains(&second) && !bytes.contains(&admin),
                    "{path:?}"
                );
            }
        }
        fixture.stop().await;
    });
}

#[test]
fn every_change_is_in_the_audit_log_and_nothing_else() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let reader = fixture.make_token("eve", json!({ "scope": "reader" })).await;
        let writer = fixture.make_token("ann", json!({ "scope": "contributor" })).await;
        let path = format!("{F}/pipelines/Nightly");
        let document = json!({ "properties": { "activities": [], "parameters":
            { "p": { "type": "SecureString", "defaultValue": "canary-77" } } } });
        fixture.call_as(&writer, "PUT", &path, Some(&document)).await.ok();
        // Looking, failing and doing nothing are no changes.
        fixture.call_as(&writer, "GET", &path, None).await.ok();
        fixture
            .call_as(&writer, "PUT", &path, Some(&json!({})))
            .await
            .error(400);
        assert_eq!(
            fixture
                .call_as(&writer, "DELETE", &format!("{F}/pipelines/none"), None)
                .await
                .status,
            204
        );
        let of_ann = fixture.audit("actor=ann").await;
        assert_eq!(of_ann.len(), 1, "{of_ann:#?}");
        let entry = &of_ann[0];
        assert_eq!(entry["operation"], "PipelinePut");
        assert_eq!(
            (&entry["kind"], &entry["address"]),
            (&json!("token"), &json!("127.0.0.1"))
        );
        assert_eq!((&entry["target"], &entry["outcome"]), (&json!(path), &json!("done")));
        // Who tries what they may not is seen, too.
        fixture.call_as(&reader, "DELETE", &path, None).await.error(403);
        let refused = fixture.audit("text=pipelinedelete").await;
        assert_eq!(refused.len(), 1, "{refused:#?}");
        assert_eq!(
            (&refused[0]["actor"], &refused[0]["outcome"]),
            (&json!("eve"), &json!("refused"))
        );
        // Registration keys are secrets: seeing them is noted.
        fixture.gateway().await;
        fixture
            .post("/integrationRuntimes/gw1/listAuthKeys", json!({}))
            .await
            .ok();
        assert_eq!(fixture.audit("text=gatewaykeys").await.len(), 1);
        let all = fixture.audit("").await;
        let text = serde_json::to_string(&all).unwrap();
        assert!(!text.contains("canary") && !text.contains(&writer), "{text}");
        let times: Vec<_> = all.iter().map(|e| e["at"].as_str().unwrap().to_owned()).collect();
        assert!(
            times.windows(2).all(|pair| pair[0] >= pair[1]),
            "the newest is first: {times:?}"
        );
        assert_eq!(fixture.audit("after=2100-01-01T00:00:00Z").await.len(), 0);
        fixture.stop().await;
    });
}

#[test]
fn the_audit_log_has_pages() {
    run(async {
        let fixture = Fixture::with_factory().await;
        for i in 0..105 {
            fixture.patch("", json!({ "tags": { "n": i.to_string() } })).await.ok();
        }
        let first = fixture
            .call_as(&fixture.token, "GET", "/access/v1/audit?text=factorypatch", None)
            .await
            .ok();
        assert_eq!(first["value"].as_array().unwrap().len(), 100);
        let next = first["nextLink"].as_str().unwrap();
        assert!(next.contains("skipToken"), "{next}");
        let token = next.split("skipToken=").nth(1).unwrap();
        let path = format!("/access/v1/audit?text=factorypatch&$skipToken={token}");
        let second = fixture.call_as(&fixture.token, "GET", &path, None).await.ok();
        assert_eq!(second["value"].as_array().unwrap().len(), 5);
        assert!(second.get("nextLink").is_none());
        fixture.stop().await;
    });
}

#[test]
fn access_is_given_and_taken_without_a_running_factory() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let offline = crate::Access::open(fixture.dir.path(), &fixture.state_options())
            .await
            .unwrap();
        let body = |value: Value| value.as_object().unwrap().clone();
        let made = offline
            .put("tokens", "rescue", body(json!({ "scope": "admin" })))
            .await
            .unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        fixture.call_as(&token, "GET", "/access/v1/users", None).await.ok();
        let user = json!({ "scope": "reader", "password": "a long enough one" });
        offline.put("users", "bob", body(user)).await.unwrap();
        assert!(
            offline
                .put("users", "bob", body(json!({ "password": "short" })))
                .await
                .is_err()
        );
        assert_eq!(offline.list("users").await.unwrap()["value"][0]["name"], "bob");
        assert!(offline.revoke("tokens", "rescue").await.unwrap());
        assert_eq!(fixture.call_as(&token, "GET", "/health", None).await.status, 401);
        let log = offline.audit("", "rescue", "").await.unwrap();
        let operations: Vec<_> = log["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["operation"].clone())
            .collect();
        assert_eq!(operations, ["TokenDelete", "TokenPut"]);
        assert!(
            crate::Access::open(&fixture.dir.path().join("nothing"), &crate::StateOptions::Directory)
                .await
                .is_err()
        );
        fixture.stop().await;
    });
}

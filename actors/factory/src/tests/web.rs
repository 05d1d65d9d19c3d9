//! What the factory calls itself: WebActivity without a gateway, and WebHook with its callback. The called server is real.

use super::fixture::{Fixture, PATIENCE, run};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A server that notes what it is asked, and answers by the path.
#[derive(Clone, Default)]
struct Called(Arc<Mutex<Vec<(String, Value)>>>);

impl Called {
    /// Listens on an address of this machine.
    async fn start(host: &str) -> (Self, SocketAddr) {
        let called = Self::default();
        let router = axum::Router::new().fallback(answer).with_state(called.clone());
        let listener = tokio::net::TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (called, address)
    }

    fn all(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until there were so many calls.
    async fn count_is(&self, count: usize) -> Vec<(String, Value)> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let all = self.all();
            if all.len() >= count {
                return all;
            }
            assert!(Instant::now() < deadline, "{all:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn answer(State(called): State<Called>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().to_string();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let before = {
        let mut all = called.0.lock().unwrap();
        all.push((format!("{method} {path}"), body.clone()));
        all.iter().filter(|(asked, _)| asked.ends_with(&path)).count()
    };
    match path.as_str() {
        "/echo" => axum::Json(json!({ "got": body })).into_response(),
        "/second-time" if before == 1 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "/slow-first" if before == 1 => {
            std::future::pending::<()>().await;
            StatusCode::OK.into_response()
        }
        "/away" => Redirect::temporary("http://127.0.0.2:9/").into_response(),
        "/no" => (StatusCode::NOT_FOUND, "nothing here").into_response(),
        _ => axum::Json(json!({ "ok": true })).into_response(),
    }
}

/// Runs a pipeline of one activity, and hands out its run.
async fn start(fixture: &Fixture, kind: &str, policy: Value, settings: Value) -> String {
    let activity = json!({ "name": "Call", "type": kind, "policy": policy, "typeProperties": settings });
    fixture
        .put("/pipelines/Web", json!({ "properties": { "activities": [activity] } }))
        .await
        .ok();
    fixture.post("/pipelines/Web/createRun", json!({})).await.ok()["runId"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn over(fixture: &Fixture, run: &str) -> Value {
    fixture.run_is_over(run).await;
    fixture.activities(run).await.remove(0)
}

#[test]
fn the_factory_calls_where_no_gateway_is_named() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let (called, at) = Called::start("127.0.0.1").await;
        let url = |path: &str| format!("http://{at}{path}");
        let settings = json!({ "url": url("/echo"), "method": "POST", "body": { "a": "@{pipeline().Pipeline}" } });
        let id = start(&fixture, "WebActivity", json!({}), settings).await;
        let done = over(&fixture, &id).await;
        assert_eq!(done["status"], "Succeeded", "{done:#}");
        assert_eq!(done["output"]["got"], json!({ "a": "Web" }), "{done:#}");
        assert_eq!(done["output"]["effectiveIntegrationRuntime"], "factory");
        assert_eq!(called.all().len(), 1);

        let no = json!({ "url": url("/no"), "method": "GET" });
        let id = start(&fixture, "WebActivity", json!({}), no).await;
        let done = over(&fixture, &id).await;
        assert_eq!(done["error"]["errorCode"], "SL6024", "{done:#}");
        assert!(
            done["error"]["message"].as_str().unwrap().contains("nothing here"),
            "{done:#}"
        );

        let again = json!({ "url": url("/second-time"), "method": "GET" });
        let policy = json!({ "retry": 1, "retryIntervalInSeconds": 1 });
        let id = start(&fixture, "WebActivity", policy, again).await;
        let done = over(&fixture, &id).await;
        assert_eq!(
            (&done["status"], &done["retryAttempt"]),
            (&json!("Succeeded"), &json!(1)),
            "{done:#}"
        );

        let slow = json!({ "url": url("/slow-first"), "method": "GET" });
        let id = start(&fixture, "WebActivity", json!({ "timeout": "00:00:01" }), slow).await;
        let done = over(&fixture, &id).await;
        assert_eq!(done["error"]["errorCode"], "SL7005", "{done:#}");
        fixture.stop().await;
    });
}

#[test]
fn the_factory_does_not_call_its_own_machine() {
    run(async {
        let fixture = Fixture::with_factory().await;
        // The tests' factories may call 127.0.0.1, and nothing else of this machine.
        let (called, at) = Called::start("127.0.0.2").await;
        let (sends_on, other) = Called::start("127.0.0.1").await;
        for url in [
            format!("http://{at}/"),
            format!("http://[::ffff:127.0.0.2]:{}/", at.port()),
            format!("http://2130706434:{}/", at.port()),
            "http://169.254.169.254/latest/meta-data".to_owned(),
            "http://10.255.255.1/".to_owned(),
            "file:///etc/passwd".to_owned(),
            format!("http://{other}/away"),
        ] {
            let settings = json!({ "url": url, "method": "GET" });
            let id = start(&fixture, "WebActivity", json!({}), settings).await;
            let done = over(&fixture, &id).await;
            assert_eq!(done["error"]["errorCode"], "SL6025", "{url}: {done:#}");
        }
        assert_eq!((called.all().len(), sends_on.all().len()), (0, 1));
        fixture.stop().await;
    });
}

#[test]
fn a_webhook_waits_for_its_callback() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let (called, at) = Called::start("127.0.0.1").await;
        let settings = |report: bool| {
            json!({ "url": format!("http://{at}/hook"), "method": "POST", "timeout": "00:05:00",
                "body": { "asked": 1 }, "reportStatusOnCallBack": report })
        };
        let id = start(&fixture, "WebHook", json!({}), settings(false)).await;
        let (asked, body) = called.count_is(1).await.remove(0);
        assert_eq!((asked.as_str(), &body["asked"]), ("POST /hook", &json!(1)));
        let uri = body["callBackUri"].as_str().unwrap().to_owned();
        // Only the called system knows the address.
        let row = fixture.activities(&id).await.remove(0);
        assert_eq!(row["status"], "InProgress", "{row:#}");
        let (path, token) = uri.split_once("?token=").unwrap();
        assert!(!row.to_string().contains(token) && row["input"]["body"]["callBackUri"].is_null());
        let answer = fixture.client.post(format!("{path}?token=AAAA")).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        let told = json!({ "Output": { "found": 3 }, "StatusCode": 500 });
        let answer = fixture.client.post(&uri).json(&told).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let done = over(&fixture, &id).await;
        assert_eq!(
            (&done["status"], &done["output"]["found"]),
            (&json!("Succeeded"), &json!(3)),
            "{done:#}"
        );
        // It counts once.
        let answer = fixture.client.post(&uri).json(&told).send().await.unwrap();
        assert_eq!(answer.status(), 404);

        let id = start(&fixture, "WebHook", json!({}), settings(true)).await;
        let (_, body) = called.count_is(2).await.remove(1);
        let told = json!({ "statusCode": "403", "error": { "errorCode": "Busy", "message": "come later" } });
        let uri = body["callBackUri"].as_str().unwrap();
        fixture.client.post(uri).json(&told).send().await.unwrap();
        let done = over(&fixture, &id).await;
        assert_eq!(done["error"]["errorCode"], "SL6027", "{done:#}");
        assert!(
            done["error"]["message"].as_str().unwrap().contains("Busy: come later"),
            "{done:#}"
        );

        let mut short = settings(false);
        short["timeout"] = json!("00:00:02");
        let id = start(&fixture, "WebHook", json!({}), short).await;
        let done = over(&fixture, &id).await;
        assert_eq!(done["error"]["errorCode"], "SL7005", "{done:#}");

        // Its secret would be the factory's, which keeps none.
        let before = called.all().len();
        let mut login = settings(false);
        login["authentication"] = json!({ "type": "ServicePrincipal", "username": "app", "userTenant": "t", "resource": "r",
            "password": { "type": "SecureString", "value": "canary" } });
        let id = start(&fixture, "WebHook", json!({}), login).await;
        let done = over(&fixture, &id).await;
        assert_eq!(done["error"]["errorCode"], "SL6026", "{done:#}");
        assert!(
            done["error"]["message"]
                .as_str()
                .unwrap()
                .contains("the factory itself"),
            "{done:#}"
        );
        assert_eq!(called.all().len(), before);
        fixture.stop().await;
    });
}

#[test]
fn a_call_survives_a_restart_and_ends_with_its_run() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let (called, at) = Called::start("127.0.0.1").await;
        let settings = json!({ "url": format!("http://{at}/slow-first"), "method": "GET" });
        let id = start(&fixture, "WebActivity", json!({}), settings).await;
        called.count_is(1).await;
        // Nobody knows what came of it: it is called again.
        let fixture = fixture.restart().await;
        let done = over(&fixture, &id).await;
        assert_eq!(done["status"], "Succeeded", "{done:#}");
        assert_eq!(called.all().len(), 2);

        // A WebHook that waits is still called back at the address that it told before.
        let settings = json!({ "url": format!("http://{at}/hook"), "method": "POST" });
        let id = start(&fixture, "WebHook", json!({}), settings.clone()).await;
        let (_, body) = called.count_is(3).await.remove(2);
        let fixture = fixture.restart().await;
        let uri = body["callBackUri"].as_str().unwrap();
        let answer = fixture.client.post(uri).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(over(&fixture, &id).await["status"], "Succeeded");

        let id = start(&fixture, "WebHook", json!({}), settings).await;
        called.count_is(4).await;
        let answer = fixture.post(&format!("/pipelineruns/{id}/cancel"), json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        fixture.run_is(&id, "Cancelled").await;
        assert_eq!(fixture.activities(&id).await[0]["status"], "Cancelled");
        fixture.stop().await;
    });
}

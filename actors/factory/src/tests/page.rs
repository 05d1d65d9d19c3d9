//! The page: login, contents, live updates.

use super::fixture::{Fixture, PATIENCE, run};
use super::node::{Identity, credential};
use serde_json::json;

pub(super) async fn get(fixture: &Fixture, path: &str, cookie: Option<&str>) -> reqwest::Response {
    let mut request = fixture.client.get(format!("{}{path}", fixture.factory.rest_url()));
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    request.send().await.unwrap()
}

/// Logs in with a one-time link; the cookie.
pub(super) async fn login(fixture: &Fixture) -> String {
    let reply = fixture.client.get(fixture.factory.login_link()).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let cookie = reply.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in [
        "__Host-sluice=",
        "Path=/",
        "Secure",
        "HttpOnly",
        "SameSite=Strict",
        "Max-Age=43200",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

#[test]
fn nobody_sees_it_without_logging_in() {
    run(async {
        let fixture = Fixture::start().await;
        let reply = get(&fixture, "/", None).await;
        assert_eq!(
            (reply.status().as_u16(), reply.headers()["location"].to_str().unwrap()),
            (303, "/login")
        );
        assert_eq!(
            get(&fixture, "/events", Some("__Host-sluice=guess")).await.status(),
            401
        );
        assert_eq!(get(&fixture, "/livez", None).await.text().await.unwrap(), "ok\n");
        assert_eq!(get(&fixture, "/readyz", None).await.status(), 200);
        let form = get(&fixture, "/login", None).await;
        let policy = form.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(
            policy.starts_with("default-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
        let text = form.text().await.unwrap();
        assert!(
            text.contains("API token") && !text.contains("style=") && !text.contains("<script"),
            "{text}"
        );
        let link = fixture.factory.login_link();
        assert_eq!(fixture.client.get(&link).send().await.unwrap().status(), 200);
        let again = fixture.client.get(&link).send().await.unwrap();
        assert!(!again.headers().contains_key("set-cookie"), "a link works once");
        fixture.stop().await;
    });
}

#[test]
fn a_token_logs_in_and_a_foreign_form_does_not() {
    run(async {
        let fixture = Fixture::start().await;
        let url = format!("{}/login", fixture.factory.rest_url());
        let own = fixture.factory.rest_url();
        let post = |token: String, origin: Option<&str>| {
            let mut request = fixture.client.post(&url).body(format!("token={token}"));
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            request.send()
        };
        assert_eq!(post("wrong".into(), None).await.unwrap().status(), 403);
        assert_eq!(
            post(fixture.token.clone(), Some("https://evil.example"))
                .await
                .unwrap()
                .status(),
            403
        );
        let reply = post(fixture.token.clone(), Some(&own)).await.unwrap();
        assert_eq!(reply.status(), 303);
        let cookie = reply.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(get(&fixture, "/", Some(&cookie)).await.status(), 200);
        let page = get(&fixture, "/", Some(&cookie)).await.text().await.unwrap();
        let token = form_token(&page);
        let logout = |body: String| {
            let request = fixture.client.post(format!("{own}/logout")).body(body);
            request.header("cookie", &cookie).send()
        };
        for forged in [String::new(), format!("form_token={}", "0".repeat(64))] {
            assert_eq!(logout(forged).await.unwrap().status(), 403);
        }
        assert_eq!(get(&fixture, "/", Some(&cookie)).await.status(), 200);
        assert_eq!(logout(format!("form_token={token}")).await.unwrap().status(), 303);
        assert_eq!(
            get(&fixture, "/", Some(&cookie)).await.status(),
            303,
            "the session is over"
        );
        fixture.stop().await;
    });
}

#[test]
fn it_shows_gateways_and_runs() {
    run(async {
        let fixture = Fixture::start().await;
        let cookie = login(&fixture).await;
        let empty = get(&fixture, "/", Some(&cookie)).await.text().await.unwrap();
        assert!(
            empty.contains("sluice apply -f") && empty.contains("sluice pipeline run"),
            "{empty}"
        );
        fixture.put("", json!({})).await.ok();
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let waiting = get(&fixture, "/", Some(&cookie)).await.text().await.unwrap();
        assert!(waiting.contains("Needs registration"), "{waiting}");
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        let id = fixture.create_run().await;
        let job = node.take_job().await;
        let token = node.claim(&job).await.unwrap();
        node.heartbeat(&[(&job, token)]).await;
        let running = get(&fixture, "/", Some(&cookie)).await.text().await.unwrap();
        assert!(
            running.contains("In progress") && running.contains("Copying, about 30 %"),
            "{running}"
        );
        assert!(running.contains(&format!("/runs/{id}")));
        node.complete(&job, token, 1234).await;
        fixture.run_is(&id, "Succeeded").await;
        let detail = get(&fixture, &format!("/runs/{id}"), Some(&cookie))
            .await
            .text()
            .await
            .unwrap();
        assert!(detail.contains("1\u{202f}234 rows copied"), "{detail}");
        assert_eq!(get(&fixture, "/runs/nope", Some(&cookie)).await.status(), 404);
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn rows_arrive_over_the_event_stream() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let cookie = login(&fixture).await;
        let mut stream = get(&fixture, "/events", Some(&cookie)).await;
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        fixture.gateway().await;
        let mut seen = String::new();
        let wait = async {
            while !seen.contains("gateway-") {
                let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
                seen.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
        assert!(
            seen.contains("event: row") && seen.contains("NeedRegistration"),
            "{seen}"
        );
        fixture.stop().await;
    });
}

/// The token that a page's forms carry.
pub(super) fn form_token(page: &str) -> String {
    let field = page.split("name=\"form_token\" value=\"").nth(1).expect("a form");
    field.split('"').next().unwrap().to_owned()
}

//! OAuth client credentials, and users who log in with a password.

use super::fixture::{Fixture, run};
use super::page::{form_token, get};
use serde_json::{Value, json};

async fn token_of(fixture: &Fixture, id: &str, secret: &str) -> (u16, Value) {
    let url = format!("{}/any-tenant/oauth2/v2.0/token", fixture.factory.rest_url());
    let form = format!(
        "client_id={id}&client_info=1&client_secret={secret}&grant_type=client_credentials&scope=https%3A%2F%2Fx%2F.default"
    );
    let reply = fixture.client.post(url).body(form).send().await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

#[test]
fn a_client_trades_its_secret_for_a_token() {
    run(async {
        let fixture = Fixture::start().await;
        let admin = fixture.token.clone();
        let made = fixture
            .call_as(
                &admin,
                "PUT",
                "/access/v1/clients/ci",
                Some(&json!({ "scope": "operator" })),
            )
            .await
            .ok();
        let (id, secret) = (
            made["clientId"].as_str().unwrap(),
            made["clientSecret"].as_str().unwrap(),
        );
        let (status, reply) = token_of(&fixture, id, secret).await;
        assert_eq!((status, &reply["token_type"]), (200, &json!("Bearer")), "{reply}");
        assert!(reply["expires_in"].as_u64().unwrap() > 3000);
        let token = reply["access_token"].as_str().unwrap();
        let me = fixture.call_as(token, "GET", "/access/v1/me", None).await.ok();
        assert_eq!(
            (&me["kind"], &me["name"], &me["scope"]),
            (&json!("client"), &json!("ci"), &json!("operator"))
        );
        assert_eq!(fixture.audit("text=issuetoken").await[0]["actor"], "ci");

        let (status, reply) = token_of(&fixture, id, "wrong").await;
        assert_eq!((status, &reply["error"]), (401, &json!("invalid_client")), "{reply}");
        assert!(
            reply["error_description"].as_str().unwrap().contains("SL4052"),
            "{reply}"
        );
        // A new secret ends the old one and what it was traded for.
        let body = json!({ "scope": "reader", "replace": true });
        let renewed = fixture
            .call_as(&admin, "PUT", "/access/v1/clients/CI", Some(&body))
            .await
            .ok();
        assert_eq!(renewed["clientId"], id);
        assert_eq!(fixture.call_as(token, "GET", "/health", None).await.status, 401);
        assert_eq!(token_of(&fixture, id, secret).await.0, 401);
        let (_, reply) = token_of(&fixture, id, renewed["clientSecret"].as_str().unwrap()).await;
        let token = reply["access_token"].as_str().unwrap();
        fixture.call_as(token, "GET", "/health", None).await.ok();
        assert_eq!(
            fixture
                .call_as(&admin, "DELETE", "/access/v1/clients/ci", None)
                .await
                .status,
            200
        );
        assert_eq!(fixture.call_as(token, "GET", "/health", None).await.status, 401);
        // Whoever guesses waits.
        let mut last = 0;
        for _ in 0..12 {
            last = token_of(&fixture, id, "guess").await.0;
        }
        assert_eq!(last, 429);
        fixture.stop().await;
    });
}

#[test]
fn the_authority_says_where_its_tokens_are() {
    run(async {
        let fixture = Fixture::start().await;
        let base = fixture.factory.rest_url();
        for path in [
            "/t1/v2.0/.well-known/openid-configuration",
            "/t1/.well-known/openid-configuration",
        ] {
            let found = fixture.call_as("", "GET", path, None).await.ok();
            assert_eq!(found["token_endpoint"], format!("{base}/t1/oauth2/v2.0/token"));
            assert_eq!(found["issuer"], format!("{base}/t1/v2.0"));
            let keys = found["jwks_uri"].as_str().unwrap().trim_start_matches(&base);
            assert_eq!(fixture.call_as("", "GET", keys, None).await.ok(), json!({ "keys": [] }));
        }
        let path = format!(
            "/common/discovery/instance?api-version=1.1&authorization_endpoint={base}/t1/oauth2/v2.0/authorize"
        );
        let found = fixture.call_as("", "GET", &path, None).await.ok();
        assert_eq!(
            found["tenant_discovery_endpoint"],
            format!("{base}/t1/v2.0/.well-known/openid-configuration")
        );
        let url = format!("{base}/t1/oauth2/v2.0/token");
        for (form, error) in [
            ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
            ("grant_type=client_credentials&client_id=a", "invalid_request"),
            ("", "invalid_request"),
        ] {
            let reply = fixture.client.post(&url).body(form).send().await.unwrap();
            assert_eq!(reply.status(), 400);
            let body: Value = reply.json().await.unwrap();
            assert_eq!(body["error"], error, "{body}");
        }
        fixture.stop().await;
    });
}

async fn login(fixture: &Fixture, user: &str, password: &str) -> reqwest::Response {
    let url = format!("{}/login", fixture.factory.rest_url());
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("user", user)
        .append_pair("password", password)
        .finish();
    fixture.client.post(url).body(body).send().await.unwrap()
}

fn cookie(reply: &reqwest::Response) -> String {
    let text = reply.headers()["set-cookie"].to_str().unwrap();
    text.split(';').next().unwrap().to_owned()
}

#[test]
fn users_log_in_and_see_what_their_scope_allows() {
    run(async {
        let fixture = Fixture::start().await;
        let admin = fixture.token.clone();
        let put = |name: &'static str, body: Value| {
            let (fixture, admin) = (&fixture, admin.clone());
            async move {
                fixture
                    .call_as(&admin, "PUT", &format!("/access/v1/users/{name}"), Some(&body))
                    .await
            }
        };
        assert_eq!(put("Ann", json!({ "scope": "reader" })).await.error(400).0, "SL4005");
        assert_eq!(
            put("Ann", json!({ "scope": "reader", "password": "short" }))
                .await
                .error(400)
                .0,
            "SL4053"
        );
        let password = "correct horse battery";
        put("Ann", json!({ "scope": "reader", "password": password }))
            .await
            .ok();
        put("Root", json!({ "scope": "admin", "password": password }))
            .await
            .ok();
        assert_eq!(login(&fixture, "ann", "wrong horse battery").await.status(), 403);
        assert_eq!(login(&fixture, "nobody", password).await.status(), 403);
        let reply = login(&fixture, "ann", password).await;
        assert_eq!(reply.status(), 303);
        let ann = cookie(&reply);
        let page = get(&fixture, "/", Some(&ann)).await.text().await.unwrap();
        assert!(page.contains("Ann") && !page.contains("/audit"), "{page}");
        for path in ["/audit", "/access"] {
            assert_eq!(get(&fixture, path, Some(&ann)).await.status(), 403);
        }
        let root = cookie(&login(&fixture, "root", password).await);
        let log = get(&fixture, "/audit", Some(&root)).await.text().await.unwrap();
        assert!(
            log.contains("Login") && log.contains("Ann") && log.contains("refused"),
            "{log}"
        );
        // A form of the console gives and takes access, and only with the session's token.
        let page = get(&fixture, "/access", Some(&root)).await.text().await.unwrap();
        let send = |cookie: &str, token: &str, fields: &str| {
            let request = fixture.client.post(format!("{}/access", fixture.factory.rest_url()));
            request
                .header("cookie", cookie)
                .body(format!("form_token={token}&{fields}"))
                .send()
        };
        let fields = "kind=token&do=make&name=night&scope=operator";
        assert_eq!(send(&root, "", fields).await.unwrap().status(), 403);
        let made = send(&root, &form_token(&page), fields).await.unwrap();
        assert_eq!(made.status(), 200);
        let text = made.text().await.unwrap();
        let token = text.split("<pre>").nth(1).unwrap().split('<').next().unwrap();
        fixture.call_as(token, "GET", "/health", None).await.ok();
        let own = form_token(&get(&fixture, "/", Some(&ann)).await.text().await.unwrap());
        assert_eq!(send(&ann, &own, fields).await.unwrap().status(), 403, "a reader");
        assert_eq!(
            send(&ann, &form_token(&page), fields).await.unwrap().status(),
            403,
            "another session's token"
        );
        // What a session may do is what its user may do now.
        put("ann", json!({ "scope": "admin" })).await.ok();
        assert_eq!(get(&fixture, "/audit", Some(&ann)).await.status(), 200);
        put("ann", json!({ "password": "another long password" })).await.ok();
        assert_eq!(
            get(&fixture, "/", Some(&ann)).await.status(),
            303,
            "a new password ends sessions"
        );
        let ann = cookie(&login(&fixture, "ann", "another long password").await);
        fixture.call_as(&admin, "DELETE", "/access/v1/users/ann", None).await;
        assert_eq!(get(&fixture, "/", Some(&ann)).await.status(), 303);
        fixture.stop().await;
    });
}

#[test]
fn passwords_are_not_guessed() {
    run(async {
        let fixture = Fixture::start().await;
        let body = json!({ "scope": "reader", "password": "correct horse battery" });
        fixture
            .call_as(&fixture.token, "PUT", "/access/v1/users/ann", Some(&body))
            .await
            .ok();
        for _ in 0..10 {
            assert_eq!(login(&fixture, "ann", "a guess of somebody").await.status(), 403);
        }
        let answer = login(&fixture, "ann", "correct horse battery").await;
        assert_eq!(answer.status(), 429);
        assert!(answer.headers().contains_key("retry-after"));
        fixture.stop().await;
    });
}

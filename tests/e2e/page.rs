//! The page at the factory's root: logging in, gateways and runs, and live progress.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use sluice_tests::documents::{make_copy, postgres_query, postgres_sink};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

/// What a browser needs to be: it does not follow redirects by itself here, and sends the cookie it was given.
struct Browser {
    http: Client,
    base: String,
    cookie: String,
}

impl Browser {
    fn new(factory: &Factory) -> Self {
        sluice_tests::init_tls();
        let ca = std::fs::read(&factory.ca_file).unwrap();
        let http = Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            base: factory.url.clone(),
            cookie: String::new(),
        }
    }

    async fn get(&self, path: &str) -> Response {
        let url = if path.starts_with("https:") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        self.http.get(url).header(COOKIE, &self.cookie).send().await.unwrap()
    }

    async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_gateways_and_live_runs_to_those_who_are_logged_in() {
    let (postgres, factory) = (Postgres::start(), Factory::start());
    let _gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let slow =
        "SELECT g AS id, CASE WHEN pg_sleep(0.002) IS NULL THEN 0 ELSE 1 END AS n FROM generate_series(1, 2000) g";
    make_copy(
        &rest,
        "onprem",
        "Nightly",
        &postgres_query(&postgres, slow),
        &postgres_sink(&postgres, "public", "nightly"),
    )
    .await;

    // A stranger is shown the way in, and nothing else.
    let mut browser = Browser::new(&factory);
    for path in ["/", "/runs/x"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status(), 303, "{path}");
        assert_eq!(answer.headers()[LOCATION], "/login");
    }
    assert_eq!(browser.get("/events").await.status(), 401);
    assert!(!browser.text("/login").await.contains("onprem"));

    // The link that the factory printed logs in once.
    let answer = browser.get(&factory.login).await;
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    for word in ["HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let again = browser.get(&factory.login).await;
    assert!(again.headers().get(SET_COOKIE).is_none(), "the link worked twice");
    browser.cookie = cookie.split(';').next().unwrap().to_owned();

    let run = rest.start("Nightly").await;
    let page = browser.text("/").await;
    for word in ["onprem", "node1", "Nightly", &run] {
        assert!(page.contains(word), "{word} is not on the page:\n{page}");
    }
    assert!(!page.contains("<script>"), "a script inside the page");
    until(
        "the run's page to show its activity",
        Duration::from_secs(30),
        || async {
            browser
                .text(&format!("/runs/{run}"))
                .await
                .contains("Copy")
                .then_some(())
        },
    )
    .await;

    // The stream tells how far it is, to the end.
    let mut events = browser.get("/events").await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let mut seen = String::new();
    let watching = async {
        while !(seen.contains("InProgress") && seen.contains("Succeeded") && seen.contains("rows")) {
            let chunk = events.chunk().await.unwrap().expect("the stream goes on");
            seen.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), watching).await;
    assert!(ended.is_ok(), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_components_of_a_node() {
    let factory = Factory::start();
    let gateway = Gateway::start(&factory, "onprem").await;
    let mut browser = Browser::new(&factory);
    let answer = browser.get(&factory.login).await;
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    browser.cookie = cookie.split(';').next().unwrap().to_owned();
    let restarts = |page: &str| -> Option<String> {
        let (_, row) = page.split_once("-CredentialVault\"")?;
        let (_, cell) = row.split_once("<td class=\"number\">")?;
        Some(cell.split_once('<')?.0.to_owned())
    };
    until("the node's vault", Duration::from_secs(60), || async {
        (restarts(&browser.text("/components").await)? == "0").then_some(())
    })
    .await;
    gateway.ask(&["actors", "restart", "CredentialVault"]).expect(0);
    // With the next heartbeat.
    until("its restart", Duration::from_secs(60), || async {
        (restarts(&browser.text("/components").await)? == "1").then_some(())
    })
    .await;
}

//! The factory's own components: on the page, in the figures, and through a restart.

use super::fixture::{Fixture, PATIENCE, run};
use reqwest::Method;
use std::time::{Duration, Instant};

/// Restarts a component and waits until it works again.
async fn restart(fixture: &Fixture, id: &str) {
    assert!(fixture.root.restart(id), "{id}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = fixture.root.snapshot();
        let (_, health, snapshot) = all.iter().find(|(found, ..)| found == id).unwrap();
        if health.as_str() == "running" && snapshot.restarts.requested == 1 {
            return;
        }
        assert!(Instant::now() < deadline, "{id} did not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn figures_are_for_holders_of_a_token() {
    run(async {
        let fixture = Fixture::start().await;
        let url = format!("{}/metrics", fixture.factory.rest_url());
        for request in [
            fixture.client.get(&url),
            fixture.client.get(&url).bearer_auth("a guess"),
        ] {
            let reply = request.send().await.unwrap();
            assert_eq!(reply.status(), 401);
            assert!(!reply.text().await.unwrap().contains("sluice_actor"));
        }
        let page = fixture.call(Method::GET, "/metrics", &[], None).await;
        assert_eq!(page.status, 200);
        assert!(
            page.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/plain; version=0.0.4"),
            "{:?}",
            page.headers
        );
        for line in [
            "sluice_actor_state{component=\"RestServer\",id=\"factory/rest\",state=\"running\"} 1",
            "sluice_actor_state{component=\"Orchestrator\",id=\"factory/orchestrator\",state=\"running\"} 1",
            "process_resident_memory_bytes ",
        ] {
            assert!(page.text.contains(line), "no {line} in\n{}", page.text);
        }
        assert_eq!(fixture.call(Method::POST, "/metrics", &[], None).await.status, 405);
        fixture.stop().await;
    });
}

#[test]
fn every_component_may_be_restarted_while_requests_come_in() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let ids: Vec<String> = fixture.root.snapshot().into_iter().map(|(id, ..)| id).collect();
        assert!(ids.len() >= 6 && ids.iter().any(|id| id == "factory/rest"), "{ids:?}");
        for id in ids {
            restart(&fixture, &id).await;
            // A connection that was kept may be closed under a request; a client asks once more then.
            let url = format!("{}/readyz", fixture.factory.rest_url());
            let first = fixture.client.get(&url).send().await;
            let reply = match first {
                Ok(reply) => reply,
                Err(_) => fixture.client.get(&url).send().await.unwrap(),
            };
            assert_eq!(reply.status(), 200, "after a restart of {id}");
        }
        fixture.gateway().await;
        fixture.stop().await;
    });
}

#[test]
fn the_page_lists_them_and_follows_a_restart() {
    run(async {
        let fixture = Fixture::start().await;
        let cookie = super::page::login(&fixture).await;
        let away = super::page::get(&fixture, "/components", None).await;
        assert_eq!(away.status(), 303);
        let page = super::page::get(&fixture, "/components", Some(&cookie)).await;
        let page = page.text().await.unwrap();
        for text in [
            "LeaseReaper",
            "factory/leases",
            "Running",
            "sluice gateway actors",
            "id=\"component-factory/leases\"",
            "/assets/live.js",
        ] {
            assert!(page.contains(text), "no {text} in\n{page}");
        }
        assert!(!page.contains("<script>") && !page.contains("style="), "{page}");

        let mut stream = super::page::get(&fixture, "/events", Some(&cookie)).await;
        restart(&fixture, "factory/leases").await;
        let mut seen = String::new();
        let told = |seen: &str| {
            let rows = seen.lines().filter(|line| line.contains("component-factory/leases"));
            rows.into_iter()
                .any(|row| row.contains("Last: requested") || row.contains("<td class=\\\"number\\\">1</td>"))
        };
        let wait = async {
            while !told(&seen) {
                let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
                seen.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
        assert!(waited.is_ok(), "{seen}");
        fixture.stop().await;
    });
}

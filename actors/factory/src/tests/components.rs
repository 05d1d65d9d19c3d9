//! Components: the factory's own on the page, in the figures, and through a restart; those of nodes on the page.

use super::fixture::{Fixture, PATIENCE, run};
use super::node::{Identity, credential};
use reqwest::Method;
use sluice_contract::message::ComponentState;
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
        assert!(
            !page.contains("data-rows=\"nodecomponent\""),
            "there is no node: {page}"
        );
        for text in [
            "LeaseReaper",
            "factory/leases",
            "Running",
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

#[test]
fn the_page_lists_those_of_nodes_and_follows_them() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let identity = Identity::register(&fixture, "box-7", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        let mut vault = ComponentState {
            id: "CredentialVault".to_owned(),
            component: "CredentialVault".to_owned(),
            health: "failed".to_owned(),
            cools_down: true,
            restarts: 4711,
            capacity: 64,
            ..ComponentState::default()
        };
        node.components = vec![vault.clone()];
        node.heartbeat(&[]).await;
        let cookie = super::page::login(&fixture).await;
        let page = super::page::get(&fixture, "/components", Some(&cookie)).await;
        let page = page.text().await.unwrap();
        for text in ["box-7", "Given up", "4\u{202f}711", "started again after a while"] {
            assert!(page.contains(text), "no {text} in\n{page}");
        }

        let mut stream = super::page::get(&fixture, "/events", Some(&cookie)).await;
        "running".clone_into(&mut vault.health);
        vault.cools_down = false;
        node.components = vec![vault];
        node.heartbeat(&[]).await;
        let mut seen = String::new();
        let told = |seen: &str| {
            let mut rows = seen.lines().filter(|line| line.contains("nodecomponent-"));
            rows.any(|row| row.contains("data-state=\\\"running\\\""))
        };
        let wait = async {
            while !told(&seen) {
                let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
                seen.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
        assert!(waited.is_ok(), "{seen}");

        node.leave().await;
        let gone = async {
            loop {
                let page = super::page::get(&fixture, "/components", Some(&cookie)).await;
                if page.text().await.unwrap().contains("It is not connected.") {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.unwrap();
        fixture.stop().await;
    });
}

//! The factory stops and starts again in the middle of things.

use super::fixture::{Fixture, run};
use super::node::{Identity, credential};
use serde_json::json;

#[test]
fn a_run_survives_a_restart_of_the_factory() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        // One job is at a node, another one in the outbox.
        let mut node = identity.connect(1).await;
        let held = fixture.create_run().await;
        let job = node.take_job().await;
        let token = node.claim(&job).await.unwrap();
        node.leave().await;
        let waiting = fixture.create_run().await;
        let fixture = fixture.restart().await;
        assert_eq!(
            fixture.get(&format!("/pipelineruns/{held}")).await.ok()["status"],
            "InProgress"
        );
        let mut node = identity.connect(1).await;
        assert!(node.epoch > 1);
        let ours = loop {
            let next = node.take_job().await;
            let token = node.claim(&next).await.unwrap();
            if next.job == job.job {
                // The lease ran out while the factory was away: this is its next attempt.
                node.complete(&next, token, 3).await;
                continue;
            }
            break (next, token);
        };
        node.complete(&ours.0, ours.1, 4).await;
        fixture.run_is(&waiting, "Succeeded").await;
        let status = fixture.get(&format!("/pipelineruns/{held}")).await.ok()["status"].clone();
        if status != "Succeeded" {
            if node.prepare(&job, token).await {
                node.complete(&job, token, 3).await;
            } else {
                let next = node.take_job().await;
                let token = node.claim(&next).await.unwrap();
                node.complete(&next, token, 3).await;
            }
        }
        fixture.run_is(&held, "Succeeded").await;
        assert_eq!(fixture.activities(&held).await[0]["output"]["rowsCopied"], 3);
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn everything_that_was_saved_is_there_again() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let keys = fixture
            .post("/integrationRuntimes/gw1/listAuthKeys", json!({}))
            .await
            .ok();
        let pipeline = fixture.get("/pipelines/P1").await.ok();
        let (token, url) = (fixture.token.clone(), fixture.factory.rest_url());
        let fixture = fixture.restart().await;
        assert_eq!((&fixture.token, fixture.factory.rest_url()), (&token, url));
        assert_eq!(
            fixture
                .post("/integrationRuntimes/gw1/listAuthKeys", json!({}))
                .await
                .ok(),
            keys
        );
        assert_eq!(fixture.get("/pipelines/P1").await.ok(), pipeline);
        fixture.stop().await;
    });
}

#[test]
fn a_deleted_token_file_revokes_the_token() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let old = fixture.token.clone();
        std::fs::remove_file(fixture.factory.admin_token_file()).unwrap();
        let mut fixture = fixture.restart().await;
        assert_ne!(fixture.token, old);
        fixture.get("").await.ok();
        fixture.token = old;
        assert_eq!(fixture.get("").await.status, 401);
        fixture.stop().await;
    });
}

#[test]
fn components_are_restarted_in_the_middle_of_a_run() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        let restart = || {
            for id in crate::flow::COMPONENTS {
                assert!(fixture.root.restart(id), "{id}");
            }
        };
        restart();
        let id = fixture.create_run().await;
        restart();
        let job = node.take_job().await;
        restart();
        let token = node.claim(&job).await.unwrap();
        restart();
        assert!(node.prepare(&job, token).await);
        restart();
        node.complete(&job, token, 7).await;
        fixture.run_is(&id, "Succeeded").await;
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn a_state_directory_serves_one_factory() {
    run(async {
        let fixture = Fixture::start().await;
        let second = crate::Factory::start(super::fixture::options(fixture.dir.path()), &fixture.root).await;
        let fault = second.expect_err("the directory is taken");
        assert_eq!(fault.code, sluice_contract::Code::StateInUse, "{fault}");
        assert!(
            fault.message.contains(&fixture.dir.path().display().to_string()),
            "{fault}"
        );
        // The first one goes on, and with its end the directory is free.
        fixture.get("").await;
        fixture.restart().await.stop().await;
    });
}

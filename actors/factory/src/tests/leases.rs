//! Leases: kept by heartbeats, lost by silence, fenced by tokens.

use super::fixture::{Fixture, run};
use super::node::{Identity, credential};
use serde_json::json;
use sluice_contract::message::{Hello, RunningJob};
use sluice_contract::{Message, Object};
use std::time::{Duration, Instant};

#[test]
fn a_silent_nodes_job_goes_to_another_under_a_higher_token() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let key = credential();
        let silent = Identity::register(&fixture, "silent", &key.certificate_pem).await;
        let other = Identity::register(&fixture, "other", &key.certificate_pem).await;
        let mut first = silent.connect(1).await;
        let id = fixture.create_run().await;
        let old = first.take_last_job().await;
        let stale = first.claim(&old).await.unwrap();
        // It has no more room, and says nothing more.
        let mut second = other.connect(1).await;
        let new = second.take_last_job().await;
        assert_eq!(new.attempt, 2);
        assert_eq!(new.job, old.job);
        let token = second.claim(&new).await.unwrap();
        assert!(token > stale);
        // The old holder wakes up: nothing it says counts.
        let answer = first.heartbeat(&[(&old, stale)]).await;
        assert_eq!(answer.data["revoked"][0]["job"], old.job.as_str());
        assert_eq!(answer.data["granted"], json!([]));
        assert!(!first.prepare(&old, stale).await);
        first.complete(&old, stale, 999).await;
        assert_eq!(
            fixture.get(&format!("/pipelineruns/{id}")).await.ok()["status"],
            "InProgress"
        );
        assert!(second.prepare(&new, token).await);
        second.complete(&new, token, 5).await;
        fixture.run_is(&id, "Succeeded").await;
        assert_eq!(fixture.activities(&id).await[0]["output"]["rowsCopied"], 5);
        // Also afterwards.
        first.complete(&old, stale, 999).await;
        assert_eq!(fixture.activities(&id).await[0]["output"]["rowsCopied"], 5);
        first.leave().await;
        second.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn heartbeats_keep_a_lease() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        let id = fixture.create_run().await;
        let job = node.take_job().await;
        let token = node.claim(&job).await.unwrap();
        let lease = super::fixture::timings().lease;
        let until = Instant::now() + lease * 2;
        while Instant::now() < until {
            let answer = node.heartbeat(&[(&job, token)]).await;
            assert_eq!(answer.data["granted"][0]["job"], job.job.as_str(), "{answer:?}");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        assert!(node.prepare(&job, token).await);
        node.complete(&job, token, 1).await;
        fixture.run_is(&id, "Succeeded").await;
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn a_new_session_keeps_what_it_still_holds() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        let epoch = node.epoch;
        fixture.create_run().await;
        let job = node.take_job().await;
        let token = node.claim(&job).await.unwrap();
        let hello = |token| {
            Message::GatewayHello(Hello {
                version: "0.1.0".into(),
                slots: 1,
                running: vec![RunningJob {
                    job: job.job.clone(),
                    attempt: job.attempt,
                    token,
                    extra: Object::new(),
                }],
                extra: Object::new(),
                ..Hello::default()
            })
        };
        let welcome = node.ask(&node.envelope(&hello(token)), &["session.welcome"]).await;
        assert_eq!(welcome.data["epoch"], epoch + 1);
        assert_eq!(welcome.data["reconcile"][0]["verdict"], "keep");
        let welcome = node.ask(&node.envelope(&hello(token + 1)), &["session.welcome"]).await;
        assert_eq!(welcome.data["reconcile"][0]["verdict"], "abort");
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn a_job_that_loses_every_lease_fails_at_last() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        let id = fixture.create_run().await;
        let mut last = 0;
        for attempt in 1..=4 {
            let job = node.take_job().await;
            assert_eq!(job.attempt, attempt);
            let token = node.claim(&job).await.unwrap();
            assert!(token > last);
            last = token;
        }
        fixture.run_is(&id, "Failed").await;
        assert_eq!(fixture.activities(&id).await[0]["error"]["errorCode"], "SL7020");
        node.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn nobody_waits_longer_than_the_timeout() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({ "timeout": "0.00:00:01" })).await;
        let id = fixture.create_run().await;
        fixture.run_is(&id, "Failed").await;
        assert_eq!(fixture.activities(&id).await[0]["error"]["errorCode"], "SL7005");
        fixture.stop().await;
    });
}

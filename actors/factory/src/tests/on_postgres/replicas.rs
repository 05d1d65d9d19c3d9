//! Several factories on one database, in one process: what one must not do without the other.

use super::fixture::{Fixture, PATIENCE, options, run};
use crate::Factory;
use crate::tests::node::{Identity, credential};
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_runtime::{Root, Strategy, TracingEvents, dataplane};
use std::time::{Duration, Instant};

/// Waits until a gateway has a state, as one of the factories sees it.
async fn gateway_is(fixture: &Fixture, wanted: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = fixture.post("/integrationRuntimes/gw1/getStatus", json!({})).await.ok();
        if status["properties"]["state"] == wanted {
            return status;
        }
        assert!(Instant::now() < deadline, "not {wanted}: {status:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn a_factory_with_other_keys_is_not_let_in() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(dir.path());
        options.state = fixture.state_options();
        let root = Root::start(dataplane().unwrap(), Strategy::OneForOne, TracingEvents);
        let fault = Factory::start(options.clone(), &root).await.unwrap_err();
        assert_eq!(fault.code, Code::ReplicaDiffers, "{fault}");
        // It has made no keys that would have to be removed first, and revoked no token.
        assert!(!dir.path().join("ca.key").exists() && !dir.path().join("admin.token").exists());
        fixture.get("").await.ok();
        for (name, from) in [
            ("ca.key", "ca.key"),
            ("ca.pem", "ca.pem"),
            ("wrapping.key", "wrapping.key"),
        ] {
            std::fs::copy(fixture.dir.path().join(from), dir.path().join(name)).unwrap();
        }
        let fault = Factory::start(options.clone(), &root).await.unwrap_err();
        assert!(fault.message.starts_with("admin.token"), "{fault}");
        std::fs::write(dir.path().join("wrapping.key"), [7; 32]).unwrap();
        let fault = Factory::start(options, &root).await.unwrap_err();
        assert!(fault.message.starts_with("wrapping.key"), "{fault}");
        fixture.stop().await;
        root.shutdown().await;
    });
}

#[test]
fn a_job_made_at_one_goes_to_the_node_at_the_other() {
    run(async {
        let one = Fixture::with_factory().await;
        one.gateway().await;
        one.pipeline(json!({})).await;
        let other = one.replica().await;
        let identity = Identity::register(&other, "n1", &credential().certificate_pem).await;
        // The node is told of both.
        assert_eq!(identity.reply.replicas.len(), 2, "{:?}", identity.reply.replicas);
        let mut node = identity.connect(1).await;
        gateway_is(&one, "Online").await;
        let run = one.create_run().await;
        let job = node.take_job().await;
        let token = node.claim(&job).await.unwrap();
        node.complete(&job, token, 5).await;
        one.run_is(&run, "Succeeded").await;
        assert_eq!(one.activities(&run).await[0]["output"]["rowsCopied"], 5);
        // The node leaves one and comes to the other.
        node.leave().await;
        gateway_is(&one, "Offline").await;
        other.stop().await;
        one.stop().await;
    });
}

#[test]
fn a_node_that_one_removes_is_told_to_the_other_which_cuts_it() {
    run(async {
        let one = Fixture::with_factory().await;
        one.gateway().await;
        let other = one.replica().await;
        let identity = Identity::register(&other, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        gateway_is(&one, "Online").await;
        // Nobody looks by himself from now on.
        other.factory.app().replicas.hold_still();
        assert_eq!(one.delete("/integrationRuntimes/gw1/nodes/n1").await.status, 200);
        node.closed().await;
        assert!(identity.try_connect(1).await.is_err());
        other.stop().await;
        one.stop().await;
    });
}

#[test]
fn what_a_dead_replica_was_sending_is_sent_by_another() {
    run(async {
        let one = Fixture::with_factory().await;
        one.gateway().await;
        one.pipeline(json!({})).await;
        let identity = Identity::register(&one, "n1", &credential().certificate_pem).await;
        let run = one.create_run().await;
        // This factory has nobody to send it to, and lets it lie for a while.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut conn = one.factory.state().read().await.unwrap();
            let held: Option<i64> =
                sqlx::query_scalar("SELECT CASE WHEN tries > 0 THEN held_until ELSE 1 END FROM outbox")
                    .fetch_optional(&mut *conn)
                    .await
                    .unwrap();
            if held == Some(0) {
                break;
            }
            assert!(Instant::now() < deadline, "it is still being sent");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // A process that took the message and died: nobody will ever hear of it again.
        let mut tx = one.factory.state().write().await.unwrap();
        let dead = crate::state::replicas::ReplicaRow {
            id: "dead".to_owned(),
            rest: "https://dead:1".to_owned(),
            channel: "dead:2".to_owned(),
        };
        crate::state::replicas::beat(&mut tx, &dead).await.unwrap();
        sqlx::query("UPDATE replicas SET seen = seen - 9000000 WHERE id = 'dead'")
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query("UPDATE outbox SET holder = 'dead', held_until = $1, due = 0")
            .bind(i64::MAX)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut node = identity.connect(1).await;
        let job = node.take_job().await;
        let token = node.claim(&job).await.unwrap();
        node.complete(&job, token, 1).await;
        one.run_is(&run, "Succeeded").await;
        one.stop().await;
    });
}

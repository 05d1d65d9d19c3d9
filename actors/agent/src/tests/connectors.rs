//! Credentials, connectors and probes through a whole agent.

use super::factory::{Script, endpoint, fault, spec};
use super::node::{World, tuning};
use super::{on_runtime, until};
use crate::Tuning;
use sluice_contract::job::Endpoint;
use sluice_contract::message::ProbeRequest;
use sluice_contract::sealed::{Plaintext, Secrets};
use sluice_contract::{Code, Message, Object};
use sluice_store_core::StoreProperties;
use std::time::Duration;

/// A linked service with a password sealed for it.
fn sealed(world: &World, name: &str, password: &str) -> Endpoint {
    let mut endpoint = endpoint(name, "ok");
    let mut secret = Secrets::new();
    secret.insert("password", password);
    let properties = StoreProperties {
        kind: endpoint.kind.clone(),
        public: endpoint.properties.clone(),
        secrets: secret.clone(),
    };
    let plaintext = Plaintext {
        v: 1,
        kind: endpoint.kind.clone(),
        bind: properties.binding(),
        secret,
        iat: 0,
        by: "test".to_owned(),
    };
    endpoint.sealed = Some(sluice_seal::seal(&world.node.certificate, &plaintext).unwrap());
    endpoint
}

#[test]
fn a_connection_is_kept_until_its_credential_changes() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let mut job = spec("ok");
        job.copy_mut().unwrap().source = sealed(&world, "db", "canary-1");
        for (n, name) in ["job-1", "job-2"].iter().enumerate() {
            world.factory.dispatch(name, 1, job.clone()).await.unwrap();
            world.factory.wait("job.completed", n + 1).await;
        }
        // One for the source, one for the sink.
        assert_eq!(world.shelf.connects(), 2);
        job.copy_mut().unwrap().source = sealed(&world, "db", "canary-2");
        world.factory.dispatch("job-3", 1, job).await.unwrap();
        world.factory.wait("job.completed", 3).await;
        let passwords: Vec<_> = world
            .shelf
            .passwords
            .lock()
            .unwrap()
            .iter()
            .flatten()
            .cloned()
            .collect();
        assert_eq!(passwords, ["canary-1", "canary-2"]);
        world.end().await;
    });
}

#[test]
fn a_credential_is_not_used_for_another_server() {
    on_runtime(async {
        let world = World::start(Script::default()).await;
        let mut job = spec("ok");
        job.copy_mut().unwrap().source = sealed(&world, "db", "canary");
        job.copy_mut()
            .unwrap()
            .source
            .properties
            .insert("server".into(), "evil.example".into());
        world.factory.dispatch("job-1", 1, job).await.unwrap();
        let failed = world.factory.wait("job.failed", 1).await.remove(0);
        assert_eq!(fault(&failed), Code::BindingMismatch);
        assert!(!failed.data.to_string().contains("canary"));
        assert!(world.shelf.passwords.lock().unwrap().iter().all(Option::is_none));
        world.end().await;
    });
}

#[test]
fn a_store_that_cannot_be_reached_is_left_alone_and_probes_go_through() {
    on_runtime(async {
        let tuning = Tuning {
            breaker_failures: 2,
            breaker_pause: Duration::from_secs(60),
            ..tuning()
        };
        let world = World::start_with(Script::default(), tuning).await;
        world.factory.wait("gateway.heartbeat", 1).await;
        for n in 1..=3 {
            world
                .factory
                .dispatch(&format!("job-{n}"), 1, spec("unreachable"))
                .await
                .unwrap();
            world.factory.wait("job.failed", n).await;
        }
        let failed = world.factory.all("job.failed");
        assert!(failed.iter().all(|event| fault(event) == Code::StoreUnreachable));
        assert!(failed[2].data.to_string().contains("in a row"), "{}", failed[2].data);
        let state = |name: &str| {
            world
                .hub()
                .connectors
                .list()
                .into_iter()
                .find(|c| c.name == name)
                .map(|c| c.state)
        };
        assert_eq!(state("from-unreachable").as_deref(), Some("Paused"));
        let probe = |mode: &str| {
            Message::ProbeRequest(ProbeRequest {
                endpoint: endpoint("from-unreachable", mode),
                extra: Object::new(),
            })
        };
        let asked = world.factory.tell(&probe("unreachable"), None);
        let reply = world.factory.wait("probe.reply", 1).await.remove(0);
        assert_eq!(reply.corr, Some(asked));
        // The credential opened; what failed is the store.
        assert_eq!(reply.data["stages"][0]["name"], "credential");
        assert_eq!(reply.data["stages"][1]["fault"]["code"], "SL6001");
        // The store is back: a probe that succeeds ends the pause.
        world.factory.tell(&probe("ok"), None);
        let reply = world.factory.wait("probe.reply", 2).await.remove(1);
        assert!(reply.data["stages"][0].get("fault").is_none());
        until("the end of the pause", || {
            (state("from-unreachable")? == "Connected").then_some(())
        })
        .await;
        world.end().await;
    });
}

#[test]
fn an_idle_connection_is_closed() {
    on_runtime(async {
        let tuning = Tuning {
            idle_connection: Duration::from_millis(300),
            ..tuning()
        };
        let world = World::start_with(Script::default(), tuning).await;
        world.factory.dispatch("job-1", 1, spec("wait")).await.unwrap();
        until("a connection", || {
            (world.hub().connectors.list().len() == 2).then_some(())
        })
        .await;
        // In use, it is not idle however long it takes.
        world.factory.wait("gateway.heartbeat", 3).await;
        assert_eq!(world.hub().connectors.list().len(), 2);
        world.shelf.go.send_replace(true);
        world.factory.wait("job.completed", 1).await;
        until("the end of the connectors", || {
            world.hub().connectors.list().is_empty().then_some(())
        })
        .await;
        world.factory.dispatch("job-2", 1, spec("wait")).await.unwrap();
        world.factory.wait("job.completed", 2).await;
        world.end().await;
    });
}

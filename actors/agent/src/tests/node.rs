//! A registered node, made without a registration, and its agent.

use super::factory::{Factory, GATEWAY, NODE, Script};
use super::pki::Ca;
use super::store::{Shelf, TestStore};
use crate::identity::Identity;
use crate::state::{StateDir, write_private};
use crate::{Agent, AgentOptions, Tuning};
use chrono::Utc;
use rcgen::ExtendedKeyUsagePurpose;
use sluice_runtime::{Root, Strategy, TracingEvents, dataplane};
use sluice_seal::{GatewayKey, KeyKind, generate_key_of};
use sluice_store_core::Stores;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A state directory with an identity and a credential key.
pub(crate) struct Node {
    pub(crate) directory: tempfile::TempDir,
    /// The gateway's credential certificate, PEM.
    pub(crate) certificate: String,
}

impl Node {
    pub(crate) fn new(ca: &Ca, amqp_endpoint: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::create(directory.path()).unwrap();
        let issued = ca.issue(NODE, &[], ExtendedKeyUsagePurpose::ClientAuth);
        write_private(&state.node_key(), issued.key.serialize_pem().as_bytes()).unwrap();
        write_private(&state.node_certificate(), issued.pem.as_bytes()).unwrap();
        write_private(&state.ca_file(), ca.pem().as_bytes()).unwrap();
        // P-256 is quicker to make than RSA.
        let GatewayKey { certificate_pem, pkcs8 } = generate_key_of(KeyKind::P256, GATEWAY).unwrap();
        write_private(&state.vault().join("test.pem"), certificate_pem.as_bytes()).unwrap();
        write_private(&state.vault().join("test.pk8"), &pkcs8).unwrap();
        let identity = Identity {
            gateway: GATEWAY.into(),
            gateway_name: "warehouse".to_owned(),
            factory: "factory-1".into(),
            factory_name: "demo".to_owned(),
            node: NODE.into(),
            node_name: "first".to_owned(),
            amqp_endpoint: amqp_endpoint.to_owned(),
            https_endpoint: String::new(),
            registered: Utc::now(),
        };
        write_private(&state.gateway_file(), toml::to_string(&identity).unwrap().as_bytes()).unwrap();
        Self {
            directory,
            certificate: certificate_pem,
        }
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.directory.path().to_owned()
    }
}

/// A factory, a node, its agent and its store.
pub(super) struct World {
    pub(super) ca: Ca,
    pub(super) factory: Factory,
    pub(super) node: Node,
    pub(super) shelf: Arc<Shelf>,
    pub(super) root: Root,
    pub(super) agent: Option<Agent>,
}

impl World {
    /// All of it, connected.
    pub(super) async fn start(script: Script) -> Self {
        let world = Self::start_with(script, tuning()).await;
        world.factory.wait("gateway.heartbeat", 1).await;
        world
    }

    pub(super) async fn start_with(script: Script, tuning: Tuning) -> Self {
        let ca = Ca::new();
        let factory = Factory::start(&ca, script).await;
        let node = Node::new(&ca, &factory.embedded.local_addr().to_string());
        let shelf = Shelf::new();
        let root = Root::start(dataplane().unwrap(), Strategy::OneForOne, TracingEvents);
        let mut world = Self {
            ca,
            factory,
            node,
            shelf,
            root,
            agent: None,
        };
        world.start_agent(tuning).await;
        world
    }

    pub(super) async fn start_agent(&mut self, tuning: Tuning) {
        let options = AgentOptions {
            slots: 2,
            memory_budget: 16 * 1024 * 1024,
            ..AgentOptions::new(
                self.node.state_dir(),
                Stores::new(vec![Arc::new(TestStore(Arc::clone(&self.shelf)))]),
            )
        };
        self.agent = Some(Agent::start_with(options, tuning, &self.root).await.unwrap());
    }

    /// The agent's shared state.
    pub(super) fn hub(&self) -> Arc<crate::hub::Hub> {
        self.agent.as_ref().unwrap().hub()
    }

    pub(super) async fn end(mut self) {
        if let Some(agent) = self.agent.take() {
            agent.shutdown_within(Duration::ZERO).await;
        }
        self.root.shutdown().await;
        self.factory.embedded.shutdown().await;
    }
}

/// Short times.
pub(super) fn tuning() -> Tuning {
    Tuning {
        deadline: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(30),
        reconnect_min: Duration::from_millis(20),
        reconnect_max: Duration::from_millis(200),
        retry: Duration::from_millis(300),
        resend: Duration::from_millis(500),
        progress: Duration::from_millis(50),
        grace: Duration::from_secs(2),
        ..Tuning::default()
    }
}

//! An embedded endpoint with its nodes, each behind a proxy.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod pki;
pub mod proxy;

use async_trait::async_trait;
use dashmap::DashMap;
use pki::Ca;
use proxy::Proxy;
use sluice_channel::conformance::Backend;
use sluice_channel::{AmqpChannel, AmqpOptions, ControlChannel, Embedded, EmbeddedOptions, Gatekeeper, Limits, Peer};
use sluice_contract::{Code, Fault, NodeId};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const DEADLINE: Duration = Duration::from_secs(5);

/// Admits by certificate, as the factory's registry does.
#[derive(Default)]
pub struct Door {
    pub known: DashMap<Vec<u8>, Peer>,
}

impl Gatekeeper for Door {
    fn admit(&self, certificate: &[u8]) -> Result<Peer, Fault> {
        match self.known.get(certificate) {
            Some(peer) => Ok(peer.clone()),
            None => Err(Fault::new(
                Code::ChannelRefused,
                "this node was removed from its gateway",
            )),
        }
    }
}

pub struct House {
    pub ca: Ca,
    pub door: Arc<Door>,
    pub embedded: Embedded,
    pub idle: Duration,
    proxies: DashMap<NodeId, Proxy>,
}

pub fn peer(gateway: &str, node: &str) -> Peer {
    Peer {
        gateway: gateway.into(),
        node: node.into(),
    }
}

impl House {
    pub async fn new() -> Self {
        Self::with(Duration::from_secs(30), Limits::default()).await
    }

    pub async fn with(idle: Duration, limits: Limits) -> Self {
        Self::patient(idle, limits, DEADLINE).await
    }

    /// An endpoint that waits this long for what nodes owe it.
    pub async fn patient(idle: Duration, limits: Limits, deadline: Duration) -> Self {
        let ca = Ca::new("test");
        let door = Arc::new(Door::default());
        let options = EmbeddedOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            tls: ca.server(),
            idle_timeout: idle,
            deadline,
        };
        let embedded = Embedded::bind_with(options, limits, door.clone()).await.unwrap();
        Self {
            ca,
            door,
            embedded,
            idle,
            proxies: DashMap::new(),
        }
    }

    /// A node's options, straight to the endpoint; the node is admitted.
    pub fn options(&self, peer: &Peer) -> AmqpOptions {
        let identity = self.ca.node(peer.node.as_str());
        self.door.known.insert(identity.certificate.to_vec(), peer.clone());
        AmqpOptions {
            endpoint: self.embedded.local_addr().to_string(),
            tls: self.ca.client(Some(&identity)),
            peer: peer.clone(),
            idle_timeout: self.idle,
            deadline: DEADLINE,
            network: sluice_channel::Network::open(),
        }
    }

    pub fn direct(&self, peer: &Peer) -> AmqpChannel {
        AmqpChannel::new(self.options(peer))
    }
}

#[async_trait]
impl Backend for House {
    fn factory(&self) -> Arc<dyn ControlChannel> {
        self.embedded.channel()
    }

    fn node(&self, peer: &Peer) -> Arc<dyn ControlChannel> {
        let proxy = Proxy::start(self.embedded.local_addr());
        let options = AmqpOptions {
            endpoint: proxy.address.to_string(),
            ..self.options(peer)
        };
        self.proxies.insert(peer.node.clone(), proxy);
        Arc::new(AmqpChannel::new(options))
    }

    fn cut(&self, node: &NodeId) {
        self.proxies.get(node).unwrap().cut();
    }

    fn freeze(&self, node: &NodeId) {
        self.proxies.get(node).unwrap().freeze();
    }

    fn idle_timeout(&self) -> Duration {
        self.idle
    }

    async fn noticed_gone(&self, node: &NodeId) {
        eventually("the endpoint notices", || !self.embedded.is_connected(node)).await;
    }
}

/// Polls until something holds.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

//! The factory's end of a message broker. A broker does not say who is connected: a node is there for as long as it is
//! heard of.

use super::{Health, State};
use crate::options::{BrokerOptions, Timings};
use crate::pki::{failed, files};
use crate::registry::Registry;
use dashmap::DashMap;
use sluice_channel::rabbit::broker_tls;
use sluice_channel::signed::{NodesSigned, Signed, Signer};
use sluice_channel::{Address, ControlChannel, Peer, Presence, Rabbit, RabbitOptions, Side, Topology};
use sluice_contract::enrol::BrokerAccess;
use sluice_contract::{FactoryId, Fault, NodeId};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// The longest that connecting, or one request to the broker, may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// So many heartbeats in a row may get lost.
const MISSED: u32 = 3;
/// How many comings and goings a slow subscriber may lag behind.
const LAG: usize = 1024;

/// The factory's end of a broker.
pub(crate) struct BrokerLine {
    rabbit: Rabbit,
    signed: Arc<Signed>,
    access: BrokerAccess,
    address: String,
    registry: Arc<Registry>,
    /// When each node was heard last.
    heard: DashMap<NodeId, (Peer, Instant)>,
    /// Nodes that were removed and whose queues are still at the broker.
    removed: Mutex<Vec<Peer>>,
    patience: Duration,
    presence: broadcast::Sender<Presence>,
    pub(crate) health: Health,
}

impl BrokerLine {
    /// Reads the key for messages (made at the first start) and puts everything together; connects to nothing yet.
    ///
    /// # Errors
    /// `SL3007` when certificates cannot be used, `SL9001` for the key.
    pub(crate) fn open(
        dir: &Path,
        deployment: &str,
        options: &BrokerOptions,
        timings: &Timings,
        registry: Arc<Registry>,
    ) -> Result<Self, Fault> {
        let signer = signer(dir)?;
        let identity = options
            .identity
            .as_ref()
            .map(|(chain, key)| (chain.as_str(), key.as_str()));
        let tls = broker_tls(options.ca.as_deref(), identity)?;
        let mut for_nodes = options.address.clone();
        let mut password = options.password.clone();
        if let Some((user, theirs)) = &options.nodes {
            for_nodes.user = user.clone();
            password = theirs.clone();
        }
        let access = BrokerAccess {
            address: for_nodes.to_string(),
            password: password.as_str().to_owned(),
            ca: options.ca.clone(),
            factory_key: signer.public().to_string(),
        };
        let rabbit = Rabbit::new(RabbitOptions {
            address: options.address.clone(),
            password: options.password.clone(),
            tls,
            factory: FactoryId::from(deployment),
            side: Side::Factory,
            idle_timeout: timings.idle,
            deadline: DEADLINE,
            network: sluice_channel::Network::open(),
        });
        let judge = NodesSigned::new(registry.clone());
        Ok(Self {
            signed: Arc::new(Signed::new(Arc::new(rabbit.clone()), signer, judge)),
            rabbit,
            access,
            address: options.address.to_string(),
            registry,
            heard: DashMap::new(),
            removed: Mutex::default(),
            patience: timings.heartbeat * MISSED,
            presence: broadcast::channel(LAG).0,
            health: Health::default(),
        })
    }

    pub(super) fn channel(&self) -> Arc<dyn ControlChannel> {
        self.signed.clone()
    }

    pub(super) fn access(&self) -> BrokerAccess {
        self.access.clone()
    }

    pub(super) fn presence(&self) -> broadcast::Receiver<Presence> {
        self.presence.subscribe()
    }

    pub(super) fn connected(&self) -> Vec<Peer> {
        let there = self.heard.iter().filter(|entry| entry.1.elapsed() < self.patience);
        there.map(|entry| entry.0.clone()).collect()
    }

    pub(super) fn is_connected(&self, node: &NodeId) -> bool {
        self.heard
            .get(node)
            .is_some_and(|entry| entry.1.elapsed() < self.patience)
    }

    pub(super) fn heard(&self, peer: &Peer) {
        let before = self.heard.insert(peer.node.clone(), (peer.clone(), Instant::now()));
        if before.is_none() {
            // Nobody may be listening.
            let _ = self.presence.send(Presence::Connected(peer.clone()));
        }
    }

    pub(super) fn expire(&self) {
        let mut gone = Vec::new();
        self.heard.retain(|_, (peer, at)| {
            let stays = at.elapsed() < self.patience;
            if !stays {
                gone.push(peer.clone());
            }
            stays
        });
        for peer in gone {
            let reason = format!("nothing was heard of it for {} s", self.patience.as_secs());
            let _ = self.presence.send(Presence::Disconnected(peer, reason));
        }
    }

    /// A removed node: what it sends is refused from now on, and its queue goes with the next [`BrokerLine::sweep`].
    pub(super) fn forget(&self, peer: &Peer, reason: &str) {
        if self.heard.remove(&peer.node).is_some() {
            let _ = self
                .presence
                .send(Presence::Disconnected(peer.clone(), reason.to_owned()));
        }
        self.removed().push(peer.clone());
    }

    /// Removes the queues of nodes that were removed since the last time.
    pub(super) async fn sweep(&self) {
        let removed = std::mem::take(&mut *self.removed());
        for peer in removed {
            if let Err(fault) = self.rabbit.forget(&[control(&peer)]).await {
                tracing::warn!(node = %peer.node, %fault, "The queue of a removed node is left at the broker");
            }
        }
    }

    fn removed(&self) -> MutexGuard<'_, Vec<Peer>> {
        self.removed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the queues of these nodes, and those of all registered ones with none named.
    pub(super) async fn prepare(&self, peers: &[Peer]) -> Result<(), Fault> {
        let all = match peers {
            [] => self.registry.peers(),
            some => some.to_vec(),
        };
        let mut addresses = vec![Address::Events { gateway: None }];
        for peer in &all {
            let jobs = Address::Jobs {
                gateway: peer.gateway.clone(),
            };
            if !addresses.contains(&jobs) {
                addresses.push(jobs);
            }
            addresses.push(control(peer));
        }
        self.rabbit.ensure(&addresses).await
    }

    pub(super) fn state(&self) -> State {
        self.health.state(self.address.clone(), self.signed.refused())
    }
}

fn control(peer: &Peer) -> Address {
    Address::Control {
        gateway: peer.gateway.clone(),
        node: peer.node.clone(),
    }
}

/// The key in `channel.key` with which messages are signed. Nodes know its public half from their registration.
fn signer(dir: &Path) -> Result<Signer, Fault> {
    let file = dir.join("channel.key");
    let key = match files::read_private(&file)? {
        Some(key) => zeroize::Zeroizing::new(key),
        None => {
            let fresh = Signer::generate()?;
            files::write_private(&file, &fresh)?;
            fresh
        }
    };
    Signer::new(&key, None).map_err(|fault| failed("channel.key", fault))
}

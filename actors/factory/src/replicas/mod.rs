//! Several processes of one factory on one PostgreSQL database.
//!
//! All that happens is in the database, and there is one writer at a time, whichever process it is in. So whatever is done
//! within a transaction (advancing runs, ending leases, waking what waits) is done once without any agreement between
//! replicas. What goes out of a process needs one: a message is held by the replica that sends it (`state/outbox.rs`), and
//! goes to a node by the replica that the node is connected to. This module knows the others and their nodes.

mod beat;
mod keeper;
mod keys;

pub(crate) use beat::{beat, leave, listen};
pub(crate) use keeper::{ReplicaKeeper, ReplicaListener};
pub(crate) use keys::Keys;

use crate::live::NodeMetrics;
use crate::state::replicas::ReplicaRow;
use sluice_channel::Peer;
use sluice_contract::enrol::ReplicaAddress;
use sluice_contract::{GatewayId, NodeId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// What this process knows of the others.
#[derive(Debug)]
pub(crate) struct Replicas {
    me: ReplicaRow,
    shared: bool,
    known: RwLock<Known>,
    /// Since when each node is connected to this process.
    since: Mutex<HashMap<NodeId, i64>>,
    /// Whether there are no beats, in tests.
    #[cfg(test)]
    still: std::sync::atomic::AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    /// The other processes that run.
    others: Vec<ReplicaRow>,
    /// The nodes that are connected to them.
    nodes: HashMap<NodeId, Elsewhere>,
}

/// A node at another replica.
#[derive(Debug)]
struct Elsewhere {
    gateway: GatewayId,
    metrics: Option<NodeMetrics>,
}

impl Replicas {
    /// This process, reached at these addresses. Where the database is not `shared` it is alone.
    pub(crate) fn new(shared: bool, rest: String, channel: String) -> Self {
        Self {
            me: ReplicaRow {
                id: uuid::Uuid::now_v7().to_string(),
                rest,
                channel,
            },
            shared,
            known: RwLock::default(),
            since: Mutex::default(),
            #[cfg(test)]
            still: Default::default(),
        }
    }

    /// From now on there are no beats: what is learnt then was told.
    #[cfg(test)]
    pub(crate) fn hold_still(&self) {
        self.still.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    #[cfg(test)]
    fn is_still(&self) -> bool {
        self.still.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// The id of this process.
    pub(crate) fn me(&self) -> &str {
        &self.me.id
    }

    /// Whether there may be others.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Whether a node is connected to another replica.
    pub(crate) fn has_node(&self, node: &NodeId) -> bool {
        self.known().nodes.contains_key(node)
    }

    /// Whether a node of a gateway is connected to another replica.
    pub(crate) fn has_gateway(&self, gateway: &GatewayId) -> bool {
        self.known().nodes.values().any(|node| node.gateway == *gateway)
    }

    /// The nodes that are connected to other replicas.
    pub(crate) fn nodes(&self) -> Vec<Peer> {
        let known = self.known();
        let peer = |(node, at): (&NodeId, &Elsewhere)| Peer {
            gateway: at.gateway.clone(),
            node: node.clone(),
        };
        known.nodes.iter().map(peer).collect()
    }

    /// What a node at another replica said last of its machine.
    pub(crate) fn metrics(&self, node: &NodeId) -> Option<NodeMetrics> {
        self.known().nodes.get(node).and_then(|node| node.metrics.clone())
    }

    /// Where all of them are reached, this one first; nothing when there is no other.
    pub(crate) fn addresses(&self) -> Vec<ReplicaAddress> {
        let known = self.known();
        if known.others.is_empty() {
            return Vec::new();
        }
        let address = |row: &ReplicaRow| ReplicaAddress {
            https: row.rest.clone(),
            amqp: row.channel.clone(),
        };
        [&self.me].into_iter().chain(&known.others).map(address).collect()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn since(&self) -> MutexGuard<'_, HashMap<NodeId, i64>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

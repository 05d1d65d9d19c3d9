//! Who is connected.

use super::Presence;
use crate::Peer;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use sluice_contract::{Fault, NodeId};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// How many comings and goings a slow subscriber may lag behind.
const LAG: usize = 1_024;

/// A wish to close a connection, with the reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closer {
    wish: CancellationToken,
    reason: Arc<OnceLock<Fault>>,
}

impl Closer {
    /// Asks for the connection to be closed; the first reason counts.
    pub(crate) fn close(&self, reason: Fault) {
        let _ = self.reason.set(reason);
        self.wish.cancel();
    }

    /// Resolves when somebody wants it closed.
    pub(crate) async fn wished(&self) -> Fault {
        self.wish.cancelled().await;
        self.reason
            .get()
            .cloned()
            .unwrap_or_else(|| crate::wire::lost("the connection is being closed"))
    }
}

struct Present {
    number: u64,
    peer: Peer,
    closer: Closer,
}

/// The connected nodes, one connection each.
pub(crate) struct Registry {
    nodes: DashMap<NodeId, Present>,
    last: AtomicU64,
    presence: broadcast::Sender<Presence>,
}

/// A node's place in the registry; dropping it gives the place up.
pub(crate) struct Place {
    registry: Arc<Registry>,
    peer: Peer,
    number: u64,
    reason: String,
}

impl Registry {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            nodes: DashMap::new(),
            last: AtomicU64::new(0),
            presence: broadcast::channel(LAG).0,
        })
    }

    /// Enters a node. An older connection of the same node is told to close.
    pub(crate) fn enter(self: &Arc<Self>, peer: &Peer, closer: Closer) -> Place {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let present = Present {
            number,
            peer: peer.clone(),
            closer,
        };
        // The presence is told under the map's lock, so that comings and goings of a node are in order.
        match self.nodes.entry(peer.node.clone()) {
            Entry::Occupied(mut old) => {
                let old = old.insert(present);
                let text = "a newer connection of the same node replaced this one";
                self.tell(Presence::Disconnected(old.peer, text.to_owned()));
                old.closer.close(crate::wire::lost(text));
                self.tell(Presence::Connected(peer.clone()));
            }
            Entry::Vacant(free) => {
                free.insert(present);
                self.tell(Presence::Connected(peer.clone()));
            }
        }
        Place {
            registry: self.clone(),
            peer: peer.clone(),
            number,
            reason: "the connection ended".to_owned(),
        }
    }

    pub(crate) fn disconnect(&self, node: &NodeId, reason: Fault) -> bool {
        match self.nodes.get(node) {
            Some(present) => {
                present.closer.close(reason);
                true
            }
            None => false,
        }
    }

    pub(crate) fn contains(&self, node: &NodeId) -> bool {
        self.nodes.contains_key(node)
    }

    pub(crate) fn peers(&self) -> Vec<Peer> {
        self.nodes.iter().map(|present| present.peer.clone()).collect()
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Presence> {
        self.presence.subscribe()
    }

    fn tell(&self, presence: Presence) {
        // Nobody may be listening.
        let _ = self.presence.send(presence);
    }
}

impl Place {
    /// Why the place will be given up.
    pub(crate) fn ends_because(&mut self, reason: impl Into<String>) {
        self.reason = reason.into();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = self.number;
        let entry = self.registry.nodes.entry(self.peer.node.clone());
        if let Entry::Occupied(mine) = entry
            && mine.get().number == number
        {
            let reason = std::mem::take(&mut self.reason);
            self.registry.tell(Presence::Disconnected(self.peer.clone(), reason));
            mine.remove();
        }
    }
}

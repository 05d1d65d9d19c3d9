//! Who may connect to the control channel: a snapshot of the node table by certificate.

use crate::state::nodes::{NodeRow, Superseded};
use crate::wire::sha256_hex;
use dashmap::DashMap;
use sluice_channel::{Gatekeeper, Peer};
use sluice_contract::{Code, Fault, GatewayId, NodeId};
use std::collections::HashSet;

/// Registered nodes by the SHA-256 of their certificates.
#[derive(Debug, Default)]
pub(crate) struct Registry(DashMap<String, Entry>);

#[derive(Clone, Debug)]
struct Entry {
    peer: Peer,
    /// Microseconds since 1970.
    expires: i64,
}

impl Registry {
    /// A node may connect from now on.
    pub(crate) fn add(&self, node: &NodeRow) {
        let peer = Peer {
            gateway: GatewayId::from(node.gateway.as_str()),
            node: NodeId::from(node.id.as_str()),
        };
        let expires = node.expires;
        self.0.insert(node.fingerprint.clone(), Entry { peer, expires });
    }

    /// A node may also connect with a certificate that was renewed since.
    pub(crate) fn add_superseded(&self, old: &Superseded) {
        let peer = Peer {
            gateway: GatewayId::from(old.gateway.as_str()),
            node: NodeId::from(old.node.as_str()),
        };
        let expires = old.expires;
        self.0.insert(old.fingerprint.clone(), Entry { peer, expires });
    }

    /// The certificates of all of them.
    pub(crate) fn fingerprints(&self) -> HashSet<String> {
        self.0.iter().map(|entry| entry.key().clone()).collect()
    }

    /// Takes over what other replicas changed: all nodes that are registered. Of those that were here `before` the list was
    /// read, the ones that are not on it are removed; they come back.
    pub(crate) fn refresh(&self, registered: &[NodeRow], before: &HashSet<String>) -> Vec<Peer> {
        for node in registered.iter().filter(|node| !before.contains(&node.fingerprint)) {
            self.add(node);
        }
        // By the node: one that is registered may go on with a certificate that was renewed since.
        let there: HashSet<&str> = registered.iter().map(|node| node.id.as_str()).collect();
        before
            .iter()
            .filter_map(|fingerprint| {
                self.0
                    .remove_if(fingerprint, |_, entry| !there.contains(entry.peer.node.as_str()))
            })
            .map(|(_, entry)| entry.peer)
            .collect()
    }

    /// All registered nodes.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        let mut all: Vec<Peer> = Vec::new();
        for entry in &self.0 {
            // A node may have several certificates.
            if all.iter().all(|peer| peer.node != entry.peer.node) {
                all.push(entry.peer.clone());
            }
        }
        all
    }

    /// The certificates of a node are of no use any more.
    pub(crate) fn remove(&self, node: &str) {
        self.0.retain(|_, entry| entry.peer.node.as_str() != node);
    }
}

impl Gatekeeper for Registry {
    fn admit(&self, certificate: &[u8]) -> Result<Peer, Fault> {
        let entry = self.0.get(&sha256_hex(certificate)).map(|entry| entry.clone());
        match entry {
            Some(entry) if entry.expires > crate::wire::now() => Ok(entry.peer),
            Some(entry) => Err(Fault::new(
                Code::ChannelRefused,
                format!(
                    "the certificate of node {} has expired; register the node again",
                    entry.peer.node
                ),
            )),
            None => Err(Fault::new(
                Code::NodeUnknown,
                "no node of this factory has this certificate; it was removed, or registered elsewhere",
            )),
        }
    }
}

//! What all parts of a running factory share.

use crate::access::Attempts;
use crate::flow::trigger::Clock;
use crate::flow::{Handles, Post};
use crate::line::Line;
use crate::live::{Live, NodeMetrics};
use crate::options::Timings;
use crate::page::Tickets;
use crate::pki::{Ca, WrappingKey};
use crate::registry::Registry;
use crate::replicas::Replicas;
use crate::state::nodes::NodeRow;
use crate::state::{State, notices};
use sluice_channel::Peer;
use sluice_contract::NodeId;
use sluice_runtime::Root;
use sluice_web::Reach;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// What all parts of a running factory share.
pub(crate) struct App {
    /// The id of this deployment; it is in every registration key.
    pub(crate) deployment: String,
    /// `https://host:port` of REST and the page.
    pub(crate) rest_url: String,
    /// `host:port` of REST, as registration keys name it.
    pub(crate) rest_endpoint: String,
    /// `host:port` of the control channel, or of the broker that carries it.
    pub(crate) amqp_endpoint: String,
    /// The supervision of this process.
    pub(crate) root: Root,
    pub(crate) timings: Timings,
    /// The time that triggers go by.
    pub(crate) clock: Clock,
    pub(crate) state: State,
    pub(crate) ca: Ca,
    pub(crate) wrapping: WrappingKey,
    pub(crate) registry: Arc<Registry>,
    /// What web activities may call from here.
    pub(crate) reach: Reach,
    pub(crate) live: Live,
    /// The other processes of this factory.
    pub(crate) replicas: Replicas,
    /// What carries the control channel.
    pub(crate) line: Line,
    pub(crate) post: Post,
    /// Failed registrations, by address.
    pub(crate) registrations: Attempts,
    /// Failed logins and token requests, by address.
    pub(crate) logins: Attempts,
    /// The same by user or client, whatever the addresses.
    pub(crate) accounts: Attempts,
    pub(crate) tickets: Tickets,
    /// Cancelled when the factory stops: streams without an end of their own watch it.
    pub(crate) stopping: CancellationToken,
    /// The components, once they run.
    pub(crate) handles: OnceLock<Handles>,
}

impl App {
    /// Whether a node is connected, to this replica or another one.
    pub(crate) fn is_online(&self, node: &NodeId) -> bool {
        self.line.is_connected(node) || self.replicas.has_node(node)
    }

    /// Whether another replica has to send what is for a node.
    pub(crate) fn is_elsewhere(&self, node: &NodeId) -> bool {
        !self.line.stores() && !self.line.is_connected(node) && self.replicas.has_node(node)
    }

    /// The nodes that are connected, to whichever replica.
    pub(crate) fn online(&self) -> Vec<Peer> {
        let mut all = self.line.connected();
        all.extend(
            self.replicas
                .nodes()
                .into_iter()
                .filter(|peer| !self.line.is_connected(&peer.node)),
        );
        all
    }

    /// What a node said last of its machine; nothing once it is gone.
    pub(crate) fn metrics(&self, node: &NodeId) -> Option<NodeMetrics> {
        self.live.node(node).or_else(|| self.replicas.metrics(node))
    }

    /// Nodes that were removed from the database: they may not connect any more, and their links are cut.
    pub(crate) async fn cut_off(&self, nodes: Vec<NodeRow>, reason: &str) {
        if nodes.is_empty() {
            return;
        }
        for node in nodes {
            self.registry.remove(&node.id);
            let peer = Peer {
                gateway: node.gateway.as_str().into(),
                node: node.id.as_str().into(),
            };
            self.line.disconnect(&peer, reason);
        }
        // A node may be connected to another replica. That learns it with its next beat all the same.
        if let Err(fault) = notices::nodes_removed(&self.state).await {
            tracing::warn!(%fault, "The other replicas were not told of a removed node at once");
        }
        self.line.clear_up().await;
    }

    /// A run has something to do.
    pub(crate) fn advance(&self, run: &str) {
        if let Some(handles) = self.handles.get() {
            handles.advance(run);
        }
        self.live.changed();
    }

    /// The outbox has something to send.
    pub(crate) fn send_outbox(&self) {
        if let Some(handles) = self.handles.get() {
            handles.send_outbox();
        }
    }
}

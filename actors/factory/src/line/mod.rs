//! What carries the control channel: the factory's own endpoint, or a message broker.

mod broker;
mod figures;
mod health;

pub(crate) use broker::BrokerLine;
pub(crate) use figures::figures;
pub(crate) use health::{Health, State};

use sluice_channel::{ControlChannel, Embedded, Peer, Presence};
use sluice_contract::enrol::BrokerAccess;
use sluice_contract::{Fault, NodeId};
use std::sync::Arc;
use tokio::sync::broadcast;

/// What carries the control channel.
pub(crate) enum Line {
    /// The factory's own endpoint.
    Own(Embedded),
    /// A message broker.
    Broker(Box<BrokerLine>),
}

impl Line {
    /// The factory's end.
    pub(crate) fn channel(&self) -> Arc<dyn ControlChannel> {
        match self {
            Line::Own(own) => own.channel(),
            Line::Broker(broker) => broker.channel(),
        }
    }

    /// Whether messages wait at a broker until a node takes them.
    pub(crate) fn stores(&self) -> bool {
        matches!(self, Line::Broker(_))
    }

    /// Who comes and goes from now on.
    pub(crate) fn presence(&self) -> broadcast::Receiver<Presence> {
        match self {
            Line::Own(own) => own.presence(),
            Line::Broker(broker) => broker.presence(),
        }
    }

    /// The nodes that are there now.
    pub(crate) fn connected(&self) -> Vec<Peer> {
        match self {
            Line::Own(own) => own.connected(),
            Line::Broker(broker) => broker.connected(),
        }
    }

    /// Whether a node is there now.
    pub(crate) fn is_connected(&self, node: &NodeId) -> bool {
        match self {
            Line::Own(own) => own.is_connected(node),
            Line::Broker(broker) => broker.is_connected(node),
        }
    }

    /// A node has said something.
    pub(crate) fn heard(&self, peer: &Peer) {
        if let Line::Broker(broker) = self {
            broker.heard(peer);
        }
    }

    /// Notices nodes that have said nothing for too long, where nothing else notices, and removes what those that were
    /// removed have left at the broker.
    pub(crate) async fn tidy(&self) {
        if let Line::Broker(broker) = self {
            broker.expire();
            broker.sweep().await;
        }
    }

    /// Removes what nodes that were just removed have at the broker: their consumers end with it.
    pub(crate) async fn clear_up(&self) {
        if let Line::Broker(broker) = self {
            broker.sweep().await;
        }
    }

    /// A node is not to be believed any more: its link is cut, or its queue removed.
    pub(crate) fn disconnect(&self, peer: &Peer, reason: &str) {
        match self {
            Line::Own(own) => drop(own.disconnect(&peer.node, reason)),
            Line::Broker(broker) => broker.forget(peer, reason),
        }
    }

    /// Makes the queues of nodes, where there are queues to make.
    ///
    /// # Errors
    /// `SL3001`, `SL3008`.
    pub(crate) async fn prepare(&self, peers: &[Peer]) -> Result<(), Fault> {
        match self {
            Line::Own(_) => Ok(()),
            Line::Broker(broker) => broker.prepare(peers).await,
        }
    }

    /// The factory's end is connected, or is not, and why.
    pub(crate) fn note(&self, state: Result<(), &Fault>) {
        if let Line::Broker(broker) = self {
            broker.health.note(state);
        }
    }

    /// How the line is, for health and figures.
    pub(crate) fn state(&self) -> State {
        match self {
            Line::Own(own) => State::own(own.local_addr()),
            Line::Broker(broker) => broker.state(),
        }
    }

    /// What a node needs to reach the broker, if there is one.
    pub(crate) fn access(&self) -> Option<BrokerAccess> {
        match self {
            Line::Own(_) => None,
            Line::Broker(broker) => Some(broker.access()),
        }
    }

    /// Ends in good order.
    pub(crate) async fn shutdown(&self) {
        if let Line::Own(own) = self {
            own.shutdown().await;
        }
    }
}

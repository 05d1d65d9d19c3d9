//! The control channel between a factory and its gateways, behind one trait.
//!
//! [`ControlChannel`] is what both sides hold. [`amqp`] is a node's end over AMQP 1.0 and TLS; [`embedded`] is the endpoint
//! the factory itself serves on port 5671, with the factory's own end in process. [`rabbit`] is either end over a RabbitMQ
//! broker, and [`signed`] says who sent what on one. [`conformance`] is what every backend has to show.
//!
//! A link dies as a whole: any error on it means drop it, back off, connect again. A delivery is never held open for the
//! length of a job, and a settlement that succeeded locally is no proof that the other side saw it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
pub mod amqp;
pub mod conformance;
pub mod embedded;
pub mod rabbit;
pub mod signed;
mod stream;
mod wire;

pub use amqp::{AmqpChannel, AmqpOptions};
pub use embedded::{Embedded, EmbeddedOptions, Gatekeeper, Limits, Presence};
pub use rabbit::{BrokerAddress, Rabbit, RabbitOptions, Side};
pub use sluice_net::Network;

use async_trait::async_trait;
use sluice_contract::{Envelope, Fault, GatewayId, NodeId};
use std::time::Duration;

/// A place that messages go to or come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// Jobs for any node of a gateway; its nodes compete for them.
    Jobs {
        /// The gateway.
        gateway: GatewayId,
    },
    /// Messages for one node.
    Control {
        /// The gateway.
        gateway: GatewayId,
        /// The node.
        node: NodeId,
    },
    /// Messages of a gateway's nodes for the factory. The factory consumes those of every gateway with `gateway: None`.
    Events {
        /// The gateway; `None` for all of them (factory only).
        gateway: Option<GatewayId>,
    },
}

/// Who is at the other end of a link, as the channel authenticated it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its gateway.
    pub gateway: GatewayId,
    /// The node.
    pub node: NodeId,
}

/// What a backend can do.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// The largest message in bytes.
    pub max_message: usize,
    /// How long a delivery may stay unsettled; `None` without limit.
    pub max_hold: Option<Duration>,
    /// Whether a delivery's lock can be renewed.
    pub renewable: bool,
    /// Whether redeliveries are counted.
    pub delivery_count: bool,
    /// Whether refused messages are kept aside.
    pub dead_letter: bool,
    /// Whether the backend drops duplicates by message id.
    pub dedup: bool,
    /// Whether a message to a missing address is reported.
    pub unroutable_detected: bool,
    /// Whether each delivery carries the authenticated [`Peer`].
    pub identity: bool,
    /// Whether a send succeeds as soon as a broker has the message safe. Otherwise it succeeds when the other side has
    /// accepted it, and the sender hears of a refusal.
    pub stores: bool,
}

/// A way to reach the other side.
#[async_trait]
pub trait ControlChannel: Send + Sync + 'static {
    /// One try to connect; whoever supervises backs off.
    ///
    /// # Errors
    /// `SL3001` unreachable, `SL3002` refused.
    async fn connect(&self) -> Result<Box<dyn Link>, Fault>;

    /// What this backend can do.
    fn caps(&self) -> Caps;
}

/// Makes the queues behind addresses, where a backend has any.
#[async_trait]
pub trait Topology: Send + Sync + 'static {
    /// Makes those that are missing.
    ///
    /// # Errors
    /// `SL3001` unreachable, `SL3008` not allowed, `SL3003` lost on the way.
    async fn ensure(&self, addresses: &[Address]) -> Result<(), Fault>;

    /// Removes them, with what is in them.
    ///
    /// # Errors
    /// As [`Topology::ensure`].
    async fn forget(&self, addresses: &[Address]) -> Result<(), Fault>;
}

/// A live connection. It dies as a whole.
#[async_trait]
pub trait Link: Send {
    /// Starts to receive from an address, `credit` messages at first.
    ///
    /// # Errors
    /// `SL3002` when this peer may not, `SL3003` when the link is dead.
    async fn consume(&mut self, address: &Address, credit: u32) -> Result<Box<dyn Inbox>, Fault>;

    /// Gets ready to send to an address.
    ///
    /// # Errors
    /// `SL3002` when this peer may not, `SL3003` when the link is dead.
    async fn publisher(&mut self, address: &Address) -> Result<Box<dyn Outbox>, Fault>;

    /// Resolves when the link is dead, with the reason.
    async fn closed(&mut self) -> Fault;

    /// Closes in good order, at most `grace` long.
    async fn close(self: Box<Self>, grace: Duration);
}

/// The receiving half of an address.
#[async_trait]
pub trait Inbox: Send {
    /// The next delivery. Cancel-safe.
    ///
    /// # Errors
    /// `SL3003` when the link is dead.
    async fn next(&mut self) -> Result<Delivery, Fault>;

    /// Allows `more` messages beyond those allowed before.
    ///
    /// # Errors
    /// `SL3003` when the link is dead.
    async fn add_credit(&mut self, more: u32) -> Result<(), Fault>;

    /// Settles a delivery of this inbox. `Ok` is a hint, not proof.
    ///
    /// # Errors
    /// `SL3003` when the link is dead.
    async fn settle(&mut self, delivery: Delivery, how: Settle) -> Result<(), Fault>;

    /// Takes no more: withdraws the credit. What comes all the same is released, unless it was given credit again.
    ///
    /// # Errors
    /// `SL3003` when the link is dead.
    async fn stop(&mut self) -> Result<(), Fault>;
}

/// The sending half of an address.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Sends one message and waits until the other side (or its broker) has taken it.
    ///
    /// # Errors
    /// See [`SendError`].
    async fn send(&self, envelope: &Envelope, timeout: Duration) -> Result<(), SendError>;
}

/// One message on its way in.
#[derive(Debug)]
pub struct Delivery {
    /// The message.
    pub envelope: Envelope,
    /// Whether it was delivered before, as far as the backend knows.
    pub redelivered: bool,
    /// Who sent it, where the channel authenticates each sender.
    pub peer: Option<Peer>,
    /// The backend's own mark on it.
    pub(crate) tag: DeliveryTag,
}

/// How a backend finds a delivery again when it is settled.
pub(crate) type DeliveryTag = Box<dyn std::any::Any + Send>;

impl std::fmt::Debug for dyn Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inbox")
    }
}

/// What becomes of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settle {
    /// It is taken over.
    Accept,
    /// Somebody else may have it.
    Release,
    /// Nobody can use it; the reason is kept.
    DeadLetter(String),
}

/// Why a message was not sent, or may not have been.
#[derive(Debug)]
pub enum SendError {
    /// It may or may not have arrived: send it again with the same id.
    Unknown(Fault),
    /// The other side does not want it.
    Rejected(Fault),
    /// It is over the channel's limit.
    TooLarge(Fault),
    /// Nobody is there to take it now.
    Unroutable(Fault),
}

impl SendError {
    /// The fault behind it.
    pub fn into_fault(self) -> Fault {
        match self {
            SendError::Unknown(fault)
            | SendError::Rejected(fault)
            | SendError::TooLarge(fault)
            | SendError::Unroutable(fault) => fault,
        }
    }
}

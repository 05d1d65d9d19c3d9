//! Either end of the channel over a message broker of AMQP 0-9-1: RabbitMQ, with quorum queues and publisher confirms.
//!
//! The broker stores and passes on: a send succeeds when the broker has the message safe, whether or not somebody is there
//! to take it. A broker does not say who sent a message, so whoever uses one signs; see [`crate::signed`]. The queues are
//! made by the factory alone ([`Rabbit::ensure`](crate::Topology::ensure)).
//!
//! A link here dies as a whole, like every link: the library's own recovery is off, and whoever keeps the channel up makes
//! a new link after a pause.

mod address;
mod consumer;
mod credit;
mod inbox;
mod kit;
mod link;
mod names;
mod open;
mod outbox;
mod tls;
mod topology;
mod wire;

pub use address::BrokerAddress;
pub use tls::broker_tls;

use crate::{Address, Caps, ControlChannel, Link, Peer};
use async_trait::async_trait;
use rustls::ClientConfig;
use sluice_contract::envelope::MAX_BYTES;
use sluice_contract::{Code, FactoryId, Fault};
use sluice_net::Network;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Which end of the channel this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// The factory: it makes the queues, takes events and sends the rest.
    Factory,
    /// A node: it takes its gateway's jobs and its own control messages, and sends events.
    Node(Peer),
}

impl Side {
    fn may_read(&self, address: &Address) -> bool {
        match self {
            Side::Factory => matches!(address, Address::Events { .. }),
            Side::Node(peer) => address.readable_by(peer),
        }
    }

    fn may_write(&self, address: &Address) -> bool {
        match self {
            Side::Factory => !matches!(address, Address::Events { .. }),
            Side::Node(peer) => address.writable_by(peer),
        }
    }
}

/// How to reach a broker.
#[derive(Clone)]
pub struct RabbitOptions {
    /// Where it is.
    pub address: BrokerAddress,
    /// The user's password.
    pub password: Zeroizing<String>,
    /// TLS, for an address with TLS; see [`broker_tls`].
    pub tls: Arc<ClientConfig>,
    /// The deployment of the factory, which all its queues are named after.
    pub factory: FactoryId,
    /// Which end this is.
    pub side: Side,
    /// The connection is taken for dead when nothing was heard for this long. Heartbeats go every half of it, in whole
    /// seconds.
    pub idle_timeout: Duration,
    /// The longest that connecting, one request to the broker, or closing may take.
    pub deadline: Duration,
    /// The way there.
    pub network: Network,
}

impl std::fmt::Debug for RabbitOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RabbitOptions")
            .field("address", &self.address)
            .field("factory", &self.factory)
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}

/// The channel over a broker.
#[derive(Clone, Debug)]
pub struct Rabbit {
    options: Arc<RabbitOptions>,
}

impl Rabbit {
    /// A channel with these options; nothing is connected yet.
    pub fn new(options: RabbitOptions) -> Self {
        Self {
            options: Arc::new(options),
        }
    }
}

#[async_trait]
impl ControlChannel for Rabbit {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault> {
        Ok(Box::new(link::RabbitLink::open(self.options.clone()).await?))
    }

    fn caps(&self) -> Caps {
        Caps {
            max_message: MAX_BYTES,
            // The broker closes the channel of a consumer that holds a delivery longer.
            max_hold: Some(Duration::from_secs(1800)),
            renewable: false,
            delivery_count: false,
            dead_letter: true,
            dedup: false,
            unroutable_detected: true,
            identity: false,
            stores: true,
        }
    }
}

/// A wait that took too long.
fn late(what: &str, limit: Duration) -> Fault {
    Fault::new(Code::ChannelTimeout, format!("{what} took longer than {limit:?}"))
}

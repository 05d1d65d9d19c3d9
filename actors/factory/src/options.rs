//! How a factory is started.

use crate::state::StateOptions;
use sluice_channel::BrokerAddress;
use sluice_web::Net;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// What a factory needs to know before it starts.
#[derive(Clone, Debug)]
pub struct FactoryOptions {
    /// Where its certificates, tokens and, unless it is elsewhere, its database live. Made with mode 0700 when missing.
    pub state_dir: PathBuf,
    /// Where its database is.
    pub state: StateOptions,
    /// Where the REST interface and the page listen. Port 0 takes a free one.
    pub rest_listen: SocketAddr,
    /// Where the control channel listens, unless a broker carries it. Port 0 takes a free one.
    pub amqp_listen: SocketAddr,
    /// The host name or address under which clients and gateways reach this factory.
    pub public_host: String,
    /// Further names and addresses for the server certificate.
    pub names: Vec<String>,
    /// The intervals of the control channel.
    pub timings: Timings,
    /// Networks that web activities may call from the factory, beside public addresses.
    pub web_allow: Vec<Net>,
    /// The message broker that carries the control channel instead of the factory's own endpoint.
    pub broker: Option<BrokerOptions>,
}

/// A message broker: RabbitMQ, over AMQP 0-9-1.
#[derive(Clone)]
pub struct BrokerOptions {
    /// Where it is, and the factory's user.
    pub address: BrokerAddress,
    /// The password of the factory's user.
    pub password: Zeroizing<String>,
    /// The user and password that nodes get, where theirs is another one than the factory's.
    pub nodes: Option<(String, Zeroizing<String>)>,
    /// The CA certificates to trust for the broker, PEM; the public authorities when there are none.
    pub ca: Option<String>,
    /// A client certificate for the broker and its key, PEM.
    pub identity: Option<(String, Zeroizing<String>)>,
}

impl std::fmt::Debug for BrokerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrokerOptions")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl FactoryOptions {
    /// A factory on this machine only: REST on 8443, the control channel on 5671.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            state: StateOptions::Directory,
            rest_listen: (Ipv4Addr::LOCALHOST, 8443).into(),
            amqp_listen: (Ipv4Addr::LOCALHOST, 5671).into(),
            public_host: "localhost".to_owned(),
            names: Vec::new(),
            timings: Timings::default(),
            web_allow: Vec::new(),
            broker: None,
        }
    }
}

/// The intervals of the control channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// Between two heartbeats of a node.
    pub heartbeat: Duration,
    /// A connection on which nothing was heard for this long is dead.
    pub idle: Duration,
    /// How long a node may work on a job without a heartbeat.
    pub lease: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            lease: Duration::from_secs(180),
        }
    }
}

impl Timings {
    /// How long after the end of a lease the job is given to somebody else: the node has stopped by then, even if the
    /// two clocks run a little apart.
    pub(crate) fn grace(&self) -> Duration {
        self.lease / 10
    }
}

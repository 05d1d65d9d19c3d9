//! The factory's own AMQP 1.0 endpoint, and the factory's end of it in process.
//!
//! A connection is TCP, then TLS with a client certificate, then [`Gatekeeper::admit`], then SASL EXTERNAL, then AMQP
//! open, all within the deadline. A peer that is refused hears why in an AMQP Close. A node has one connection: a newer
//! one replaces the older.

mod broker;
mod connection;
mod events;
mod links;
mod listener;
mod local;
mod queue;
mod registry;
mod sasl;
mod supply;

use crate::wire;
use crate::{ControlChannel, Peer};
use listener::Endpoint;
use local::Local;
use rustls::ServerConfig;
use sluice_contract::{Code, Fault, NodeId};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

pub use broker::Limits;
pub(crate) use local::{CAPS, too_large};

/// How the endpoint listens.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// Where it listens, usually port 5671.
    pub listen: SocketAddr,
    /// TLS that asks for a client certificate.
    pub tls: Arc<ServerConfig>,
    /// A connection on which nothing was heard for this long is dropped. Half of it is advertised to nodes.
    pub idle_timeout: Duration,
    /// The longest that TLS, SASL, open and each attach may take.
    pub deadline: Duration,
}

/// Decides who may connect. Called for each connection with the client certificate that TLS verified; must not block.
pub trait Gatekeeper: Send + Sync + 'static {
    /// The peer behind a certificate (DER).
    ///
    /// # Errors
    /// Why it may not connect; the peer is told.
    fn admit(&self, certificate: &[u8]) -> Result<Peer, Fault>;
}

/// A node came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Connected and authenticated.
    Connected(Peer),
    /// Gone, and why.
    Disconnected(Peer, String),
}

/// The endpoint. Dropping it cuts every connection; [`Embedded::shutdown`] does it in good order.
pub struct Embedded {
    endpoint: Arc<Endpoint>,
    address: SocketAddr,
}

impl Embedded {
    /// Listens, with the default [`Limits`].
    ///
    /// # Errors
    /// `SL1006` when the address is taken, `SL3001` when it cannot be listened on for another reason.
    pub async fn bind(options: EmbeddedOptions, gatekeeper: Arc<dyn Gatekeeper>) -> Result<Self, Fault> {
        Self::bind_with(options, Limits::default(), gatekeeper).await
    }

    /// Listens.
    ///
    /// # Errors
    /// See [`Embedded::bind`].
    pub async fn bind_with(
        options: EmbeddedOptions,
        limits: Limits,
        gatekeeper: Arc<dyn Gatekeeper>,
    ) -> Result<Self, Fault> {
        let failed = |e: std::io::Error| {
            let code = match e.kind() {
                std::io::ErrorKind::AddrInUse => Code::PortInUse,
                _ => Code::ChannelUnreachable,
            };
            Fault::new(code, format!("listening on {}: {e}", options.listen))
        };
        let socket = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let endpoint = Endpoint::start(socket, options, limits, gatekeeper);
        Ok(Self { endpoint, address })
    }

    /// The factory's own end: it sends to jobs and control addresses and consumes events.
    pub fn channel(&self) -> Arc<dyn ControlChannel> {
        Arc::new(Local {
            broker: self.endpoint.broker.clone(),
            stopped: self.endpoint.stop.clone(),
        })
    }

    /// Where it listens, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The nodes that are connected now.
    pub fn connected(&self) -> Vec<Peer> {
        self.endpoint.registry.peers()
    }

    /// Whether a node is connected now.
    pub fn is_connected(&self, node: &NodeId) -> bool {
        self.endpoint.registry.contains(node)
    }

    /// Closes a node's connection; the node is told the reason. False when it is not connected. It may connect again at once
    /// unless the gatekeeper refuses it.
    pub fn disconnect(&self, node: &NodeId, reason: &str) -> bool {
        self.endpoint.registry.disconnect(node, wire::lost(reason))
    }

    /// Who comes and goes from now on. A receiver that lags misses the oldest; [`Embedded::connected`] has the truth.
    pub fn presence(&self) -> broadcast::Receiver<Presence> {
        self.endpoint.registry.subscribe()
    }

    /// Stops to listen, closes every connection in good order and waits for that, two deadlines at most.
    pub async fn shutdown(&self) {
        self.endpoint.shutdown().await;
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.endpoint.stop.cancel();
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

//! The factory's own AMQP 1.0 endpoint, and the factory's end of it in process.

use crate::Peer;
use rustls::ServerConfig;
use sluice_contract::Fault;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How the endpoint listens.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// Where it listens, usually port 5671.
    pub listen: SocketAddr,
    /// TLS that asks for a client certificate.
    pub tls: Arc<ServerConfig>,
    /// Advertised to nodes, and enforced.
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
#[derive(Clone, Debug)]
pub enum Presence {
    /// Connected and authenticated.
    Connected(Peer),
    /// Gone, and why.
    Disconnected(Peer, String),
}

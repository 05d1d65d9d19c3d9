//! A node's end of the channel: AMQP 1.0 over TLS, identified by its certificate (SASL EXTERNAL).

use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// How to reach the factory.
#[derive(Clone, Debug)]
pub struct AmqpOptions {
    /// Host and port of the AMQP endpoint.
    pub endpoint: String,
    /// TLS with the node's certificate and the factory's CA.
    pub tls: Arc<ClientConfig>,
    /// Who this node is.
    pub peer: crate::Peer,
    /// The connection is taken for dead when nothing was heard for this long.
    pub idle_timeout: Duration,
    /// The longest that connecting, attaching or closing may take.
    pub deadline: Duration,
}

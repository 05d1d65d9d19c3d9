//! A node's end of the channel: AMQP 1.0 over TLS, identified by its certificate (SASL EXTERNAL).
//!
//! Every link has a session of its own, credit is granted by the caller alone, and every wait has a limit.

mod inbox;
mod link;
mod outbox;

pub(crate) use link::unreachable;

use crate::{Caps, ControlChannel, Link};
use async_trait::async_trait;
use rustls::ClientConfig;
use sluice_contract::Fault;
use sluice_net::Network;
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
    /// The way there.
    pub network: Network,
}

/// A node's channel to its factory.
#[derive(Clone, Debug)]
pub struct AmqpChannel {
    options: AmqpOptions,
}

impl AmqpChannel {
    /// A channel with these options; nothing is connected yet.
    pub fn new(options: AmqpOptions) -> Self {
        Self { options }
    }
}

#[async_trait]
impl ControlChannel for AmqpChannel {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault> {
        Ok(Box::new(link::connect(&self.options).await?))
    }

    fn caps(&self) -> Caps {
        Caps {
            identity: false,
            ..crate::embedded::CAPS
        }
    }
}

//! Who this node is: its registration, its certificate, and the TLS it speaks.

mod addresses;
mod broker;
mod certificate;
mod leave;
mod order;
mod pin;
mod register;
mod renew;
mod request;
#[cfg(test)]
mod tests;
mod tls;
mod turns;

pub(crate) use addresses::Addresses;
pub(crate) use broker::broker_channel;
pub(crate) use certificate::Validity;
pub use leave::{LeaveOptions, leave};
pub(crate) use order::ask_factory;
#[cfg(test)]
pub(crate) use pin::spki_pin;
pub use register::{RegisterOptions, Registered, register};
pub(crate) use renew::renew;
pub(crate) use tls::client_config;
pub(crate) use turns::InTurn;

use crate::state::{StateDir, read_public};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sluice_contract::{Code, FactoryId, Fault, GatewayId, NodeId};

/// What a node knows of itself after its registration: `gateway.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The gateway.
    pub(crate) gateway: GatewayId,
    /// The gateway's name in its data factory.
    pub(crate) gateway_name: String,
    /// The factory that issued the key.
    pub(crate) factory: FactoryId,
    /// The data factory's name.
    pub(crate) factory_name: String,
    /// This node.
    pub(crate) node: NodeId,
    /// The name its administrator gave it.
    pub(crate) node_name: String,
    /// Host and port of the control channel.
    pub(crate) amqp_endpoint: String,
    /// Base address of the factory's HTTPS endpoint.
    pub(crate) https_endpoint: String,
    /// When it was registered.
    pub(crate) registered: DateTime<Utc>,
}

impl Identity {
    /// Reads the identity of a registered node.
    ///
    /// # Errors
    /// `SL2005` when the node is not registered, `SL8006` when the file cannot be read.
    pub(crate) fn load(state: &StateDir) -> Result<Self, Fault> {
        let path = state.gateway_file();
        let text = read_public(&path)?.ok_or_else(|| {
            Fault::new(
                Code::NotRegistered,
                format!("{} holds no registered node", path.parent().unwrap_or(&path).display()),
            )
        })?;
        toml::from_str(&text)
            .map_err(|e| Fault::new(Code::NodeStateFailed, format!("{}: {}", path.display(), e.message())))
    }

    /// Whether a node is registered here.
    pub(crate) fn exists(state: &StateDir) -> bool {
        state.gateway_file().exists()
    }
}

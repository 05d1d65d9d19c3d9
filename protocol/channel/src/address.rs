//! Addresses as text, as they stand in AMQP sources and targets: `gw/{g}/jobs`, `gw/{g}/node/{n}/control`,
//! `gw/{g}/events`, and `events` for the events of every gateway.

use crate::{Address, Peer};
use sluice_contract::{Code, Fault, GatewayId, NodeId};
use std::fmt;
use std::str::FromStr;

/// The longest identifier inside an address, in bytes.
const MAX_ID: usize = 128;

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Jobs { gateway } => write!(f, "gw/{gateway}/jobs"),
            Address::Control { gateway, node } => write!(f, "gw/{gateway}/node/{node}/control"),
            Address::Events { gateway: Some(gateway) } => write!(f, "gw/{gateway}/events"),
            Address::Events { gateway: None } => f.write_str("events"),
        }
    }
}

impl FromStr for Address {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            ["events"] => Ok(Address::Events { gateway: None }),
            ["gw", gateway, "jobs"] => Ok(Address::Jobs {
                gateway: GatewayId::new(id(text, gateway)?),
            }),
            ["gw", gateway, "events"] => Ok(Address::Events {
                gateway: Some(GatewayId::new(id(text, gateway)?)),
            }),
            ["gw", gateway, "node", node, "control"] => Ok(Address::Control {
                gateway: GatewayId::new(id(text, gateway)?),
                node: NodeId::new(id(text, node)?),
            }),
            _ => Err(unknown(text)),
        }
    }
}

impl Address {
    /// Refuses an address whose identifiers would not survive as text (a `/` in one would make it another address).
    ///
    /// # Errors
    /// `SL3002`.
    pub fn check(&self) -> Result<(), Fault> {
        if self.to_string().parse::<Address>().as_ref() == Ok(self) {
            Ok(())
        } else {
            Err(unknown(&self.to_string()))
        }
    }

    /// Whether a node may receive from here: its gateway's jobs and its own control messages.
    pub fn readable_by(&self, peer: &Peer) -> bool {
        match self {
            Address::Jobs { gateway } => *gateway == peer.gateway,
            Address::Control { gateway, node } => *gateway == peer.gateway && *node == peer.node,
            Address::Events { .. } => false,
        }
    }

    /// Whether a node may send to here: its gateway's events.
    pub fn writable_by(&self, peer: &Peer) -> bool {
        matches!(self, Address::Events { gateway: Some(gateway) } if *gateway == peer.gateway)
    }
}

fn id<'a>(address: &str, text: &'a str) -> Result<&'a str, Fault> {
    let plain = |c: char| c.is_ascii_graphic();
    if text.is_empty() || text.len() > MAX_ID || !text.chars().all(plain) {
        return Err(unknown(address));
    }
    Ok(text)
}

fn unknown(text: &str) -> Fault {
    let short: String = text.chars().take(2 * MAX_ID + 32).collect();
    Fault::new(
        Code::ChannelRefused,
        format!("{short:?} is not an address of the control channel"),
    )
}

#[cfg(test)]
mod tests;

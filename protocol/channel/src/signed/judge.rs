//! Who is believed.

use super::key::{PublicKey, parts};
use crate::{Address, Gatekeeper, Peer};
use chrono::{TimeDelta, Utc};
use sluice_contract::{Code, Envelope, Fault};
use std::sync::Arc;

/// How far the clocks of a node and the factory may be apart before what the node says is taken for a replay.
pub const ALLOWANCE: TimeDelta = TimeDelta::minutes(5);

/// Decides about each message that comes in.
pub trait Judge: Send + Sync + 'static {
    /// The sender, where it is a node.
    ///
    /// # Errors
    /// `SL3010` or why else the message is not to be believed.
    fn judge(&self, address: &Address, envelope: &Envelope) -> Result<Option<Peer>, Fault>;

    /// Whether it names the sender.
    fn identifies(&self) -> bool;
}

fn forged(what: impl Into<String>) -> Fault {
    Fault::new(Code::MessageForged, what)
}

/// The factory's judge: messages of registered nodes, each about itself.
pub struct NodesSigned {
    registered: Arc<dyn Gatekeeper>,
}

impl NodesSigned {
    /// Believes those whom a gatekeeper would let in.
    pub fn new(registered: Arc<dyn Gatekeeper>) -> Self {
        Self { registered }
    }
}

impl Judge for NodesSigned {
    fn judge(&self, address: &Address, envelope: &Envelope) -> Result<Option<Peer>, Fault> {
        let (certificate, signature) = parts(envelope).ok_or_else(|| forged("the message is not signed"))?;
        let peer = self.registered.admit(&certificate)?;
        let key = PublicKey::of_certificate(&certificate).ok_or_else(|| forged("the node's key is not of P-256"))?;
        if !key.verifies(address, envelope, &signature) {
            return Err(forged(format!("the signature is not one of node {}", peer.node)));
        }
        if envelope.gateway != peer.gateway || envelope.node.as_ref().is_some_and(|node| *node != peer.node) {
            return Err(forged(format!(
                "a message of node {} of gateway {} names another sender",
                peer.node, peer.gateway
            )));
        }
        let late = envelope
            .expires
            .is_some_and(|at| at.checked_add_signed(ALLOWANCE).is_some_and(|end| end < Utc::now()));
        if late {
            return Err(forged(format!(
                "a message of node {} is too old: a replay, or its clock is wrong",
                peer.node
            )));
        }
        Ok(Some(peer))
    }

    fn identifies(&self) -> bool {
        true
    }
}

/// A node's judge: messages of its factory to it or to its gateway.
#[derive(Debug)]
pub struct FactorySigned {
    key: PublicKey,
    me: Peer,
}

impl FactorySigned {
    /// Believes the owner of this key.
    pub fn new(key: PublicKey, me: Peer) -> Self {
        Self { key, me }
    }
}

impl Judge for FactorySigned {
    fn judge(&self, address: &Address, envelope: &Envelope) -> Result<Option<Peer>, Fault> {
        let (_, signature) = parts(envelope).ok_or_else(|| forged("the message is not signed"))?;
        if !self.key.verifies(address, envelope, &signature) {
            return Err(forged("the signature is not the factory's"));
        }
        let other = envelope.node.as_ref().is_some_and(|node| *node != self.me.node);
        if envelope.gateway != self.me.gateway || other {
            return Err(forged("the message is for another node"));
        }
        Ok(None)
    }

    fn identifies(&self) -> bool {
        false
    }
}

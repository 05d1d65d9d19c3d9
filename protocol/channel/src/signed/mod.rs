//! Who sent what, where a broker carries the messages: brokers authenticate connections, not the senders of messages, and
//! whoever may write to a queue may write anything.
//!
//! [`Signed`] goes around any [`ControlChannel`]. It signs what is sent (the envelope's `sig`) and hands on only what a
//! [`Judge`] approves; the rest is put aside. A node signs with the key of its certificate and sends that certificate along;
//! the factory looks it up among the registered ones, as its own endpoint does in TLS. The factory signs with a key of its
//! own for this, whose public half nodes got when they registered.
//!
//! What is signed is every member of the envelope as it was understood (not the text it came as), and the address it was
//! sent to. Replaying a message that was signed once is possible for whoever can write to the queues, and does nothing:
//! dispatches, outcomes and acknowledgements carry ids and fencing tokens that count once, answers carry the id of the
//! question they answer, and what a node says is refused when its time to live is over by [`ALLOWANCE`].

mod judge;
mod key;
mod text;

pub use judge::{ALLOWANCE, FactorySigned, Judge, NodesSigned};
pub use key::{PublicKey, Signer};

use crate::{Address, Caps, ControlChannel, Delivery, Inbox, Link, Outbox, SendError, Settle};
use async_trait::async_trait;
use sluice_contract::{Envelope, Fault};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A channel whose messages are signed and judged.
pub struct Signed {
    inner: Arc<dyn ControlChannel>,
    seal: Arc<Seal>,
}

struct Seal {
    signer: Signer,
    judge: Box<dyn Judge>,
    refused: AtomicU64,
}

impl Signed {
    /// Signs and judges the messages of another channel.
    pub fn new(inner: Arc<dyn ControlChannel>, signer: Signer, judge: impl Judge) -> Self {
        Self {
            inner,
            seal: Arc::new(Seal {
                signer,
                judge: Box::new(judge),
                refused: AtomicU64::new(0),
            }),
        }
    }

    /// How many messages were refused so far.
    pub fn refused(&self) -> u64 {
        self.seal.refused.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl ControlChannel for Signed {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault> {
        Ok(Box::new(SignedLink {
            inner: self.inner.connect().await?,
            seal: self.seal.clone(),
        }))
    }

    fn caps(&self) -> Caps {
        Caps {
            identity: self.seal.judge.identifies(),
            // The signature has to fit in.
            max_message: self.inner.caps().max_message - key::MAX_SIGNATURE,
            ..self.inner.caps()
        }
    }
}

struct SignedLink {
    inner: Box<dyn Link>,
    seal: Arc<Seal>,
}

#[async_trait]
impl Link for SignedLink {
    async fn consume(&mut self, address: &Address, credit: u32) -> Result<Box<dyn Inbox>, Fault> {
        Ok(Box::new(SignedInbox {
            inner: self.inner.consume(address, credit).await?,
            address: address.clone(),
            seal: self.seal.clone(),
        }))
    }

    async fn publisher(&mut self, address: &Address) -> Result<Box<dyn Outbox>, Fault> {
        Ok(Box::new(SignedOutbox {
            inner: self.inner.publisher(address).await?,
            address: address.clone(),
            seal: self.seal.clone(),
        }))
    }

    async fn closed(&mut self) -> Fault {
        self.inner.closed().await
    }

    async fn close(self: Box<Self>, grace: Duration) {
        self.inner.close(grace).await;
    }
}

struct SignedInbox {
    inner: Box<dyn Inbox>,
    address: Address,
    seal: Arc<Seal>,
}

#[async_trait]
impl Inbox for SignedInbox {
    async fn next(&mut self) -> Result<Delivery, Fault> {
        loop {
            let mut delivery = self.inner.next().await?;
            match self.seal.judge.judge(&self.address, &delivery.envelope) {
                Ok(peer) => {
                    delivery.peer = peer;
                    delivery.envelope.sig = None;
                    return Ok(delivery);
                }
                Err(fault) => {
                    self.seal.refused.fetch_add(1, Ordering::Relaxed);
                    let Envelope { kind, id, gateway, .. } = &delivery.envelope;
                    tracing::warn!(%fault, kind, id, %gateway, address = %self.address, "A message was refused");
                    let reason = fault.to_string();
                    self.inner.settle(delivery, Settle::DeadLetter(reason)).await?;
                    self.inner.add_credit(1).await?;
                }
            }
        }
    }

    async fn add_credit(&mut self, more: u32) -> Result<(), Fault> {
        self.inner.add_credit(more).await
    }

    async fn settle(&mut self, delivery: Delivery, how: Settle) -> Result<(), Fault> {
        self.inner.settle(delivery, how).await
    }

    async fn stop(&mut self) -> Result<(), Fault> {
        self.inner.stop().await
    }
}

struct SignedOutbox {
    inner: Box<dyn Outbox>,
    address: Address,
    seal: Arc<Seal>,
}

#[async_trait]
impl Outbox for SignedOutbox {
    async fn send(&self, envelope: &Envelope, timeout: Duration) -> Result<(), SendError> {
        let mut signed = envelope.clone();
        let signature = self.seal.signer.sign(&self.address, envelope);
        signed.sig = Some(signature.map_err(SendError::Rejected)?);
        self.inner.send(&signed, timeout).await
    }
}

#[cfg(test)]
mod tests;

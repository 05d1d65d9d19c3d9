//! The factory's own end of the embedded endpoint: the same trait, without a socket.

use super::broker::Broker;
use super::queue::{Item, Peek, Queue, Taken, Ticket, Verdict, Withdrawn};
use crate::wire::late;
use crate::{Address, Caps, ControlChannel, Delivery, Inbox, Link, Outbox, SendError, Settle};
use async_trait::async_trait;
use bytes::Bytes;
use sluice_contract::envelope::MAX_BYTES;
use sluice_contract::{Code, Envelope, Fault, GatewayId};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the embedded endpoint and its nodes can do.
pub(crate) const CAPS: Caps = Caps {
    max_message: MAX_BYTES,
    max_hold: None,
    renewable: false,
    delivery_count: false,
    dead_letter: false,
    dedup: false,
    unroutable_detected: true,
    identity: true,
    stores: false,
};

/// The factory's channel to its own endpoint.
pub(crate) struct Local {
    pub(crate) broker: Arc<Broker>,
    pub(crate) stopped: CancellationToken,
}

struct LocalLink {
    broker: Arc<Broker>,
    stopped: CancellationToken,
}

struct LocalInbox {
    queue: Arc<Queue>,
    gateway: Option<GatewayId>,
    credit: u32,
    taken: Taken,
    stopped: CancellationToken,
}

struct LocalOutbox {
    queue: Arc<Queue>,
    address: Address,
    stopped: CancellationToken,
}

/// The mark on a delivery: its number in the queue.
struct Number(u64);

fn stopped() -> Fault {
    Fault::new(Code::ChannelLost, "the factory's endpoint was shut down")
}

#[async_trait]
impl ControlChannel for Local {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault> {
        if self.stopped.is_cancelled() {
            return Err(Fault::new(
                Code::ChannelUnreachable,
                "the factory's endpoint was shut down",
            ));
        }
        Ok(Box::new(LocalLink {
            broker: self.broker.clone(),
            stopped: self.stopped.clone(),
        }))
    }

    fn caps(&self) -> Caps {
        CAPS
    }
}

#[async_trait]
impl Link for LocalLink {
    async fn consume(&mut self, address: &Address, credit: u32) -> Result<Box<dyn Inbox>, Fault> {
        let Address::Events { gateway } = address else {
            return Err(Fault::new(
                Code::ChannelRefused,
                format!("{address} is consumed by nodes, not by the factory"),
            ));
        };
        let queue = self.broker.queue(address);
        Ok(Box::new(LocalInbox {
            taken: Taken::of(queue.clone()),
            queue,
            gateway: gateway.clone(),
            credit,
            stopped: self.stopped.clone(),
        }))
    }

    async fn publisher(&mut self, address: &Address) -> Result<Box<dyn Outbox>, Fault> {
        address.check()?;
        if let Address::Events { .. } = address {
            return Err(Fault::new(
                Code::ChannelRefused,
                format!("{address} is for messages of nodes, not of the factory"),
            ));
        }
        Ok(Box::new(LocalOutbox {
            queue: self.broker.queue(address),
            address: address.clone(),
            stopped: self.stopped.clone(),
        }))
    }

    async fn closed(&mut self) -> Fault {
        self.stopped.cancelled().await;
        stopped()
    }

    async fn close(self: Box<Self>, _grace: Duration) {}
}

impl LocalInbox {
    fn take(&mut self) -> Option<Peek> {
        if self.credit == 0 {
            return None;
        }
        let gateway = self.gateway.as_ref();
        let wanted = |item: &Item| gateway.is_none() || item.peer.as_ref().map(|peer| &peer.gateway) == gateway;
        let peek = self.queue.take(wanted)?;
        self.credit -= 1;
        self.taken.add(peek.id);
        Some(peek)
    }
}

#[async_trait]
impl Inbox for LocalInbox {
    async fn next(&mut self) -> Result<Delivery, Fault> {
        loop {
            let queue = self.queue.clone();
            let mut changed = pin!(queue.changed());
            changed.as_mut().enable();
            if self.stopped.is_cancelled() {
                return Err(stopped());
            }
            if let Some(peek) = self.take() {
                return Ok(Delivery {
                    envelope: peek.item.envelope.clone(),
                    redelivered: peek.redelivered,
                    peer: peek.item.peer.clone(),
                    tag: Box::new(Number(peek.id)),
                });
            }
            tokio::select! {
                () = changed => {}
                () = self.stopped.cancelled() => {}
            }
        }
    }

    async fn add_credit(&mut self, more: u32) -> Result<(), Fault> {
        self.credit = self.credit.saturating_add(more);
        Ok(())
    }

    async fn settle(&mut self, delivery: Delivery, how: Settle) -> Result<(), Fault> {
        let number = delivery.tag.downcast_ref::<Number>().map(|number| number.0);
        let Some(id) = number.filter(|id| self.taken.remove(*id)) else {
            return Err(Fault::new(Code::MessageInvalid, "the delivery is not of this inbox"));
        };
        match how {
            Settle::Accept => {
                self.queue.settle(id, Verdict::Accepted);
            }
            Settle::DeadLetter(reason) => {
                self.queue.settle(id, Verdict::Rejected(reason));
            }
            Settle::Release => self.queue.release(id),
        }
        if self.stopped.is_cancelled() {
            Err(stopped())
        } else {
            Ok(())
        }
    }

    async fn stop(&mut self) -> Result<(), Fault> {
        self.credit = 0;
        Ok(())
    }
}

#[async_trait]
impl Outbox for LocalOutbox {
    async fn send(&self, envelope: &Envelope, timeout: Duration) -> Result<(), SendError> {
        let body = envelope.encode().map_err(too_large)?;
        let item = Item {
            envelope: envelope.clone(),
            body: Bytes::from(body),
            peer: None,
        };
        let Some(mut ticket) = self.queue.push(item, None) else {
            let text = format!("the queue of {} is full", self.address);
            return Err(SendError::Unroutable(Fault::new(Code::ChannelTimeout, text)));
        };
        let stopped_early = tokio::select! {
            answer = &mut ticket.reply => match answer {
                Ok(verdict) => return sent(verdict),
                Err(_) => false,
            },
            () = tokio::time::sleep(timeout) => false,
            () = self.stopped.cancelled() => true,
        };
        self.give_up(envelope, ticket, timeout, stopped_early)
    }
}

impl LocalOutbox {
    /// Withdraws a message that was not settled in time and says what is known of it.
    fn give_up(&self, envelope: &Envelope, ticket: Ticket, timeout: Duration, early: bool) -> Result<(), SendError> {
        let what = format!("{} to {}", envelope.kind, self.address);
        let fault = |text: &str| {
            if early {
                stopped().context(&what)
            } else {
                late(text, timeout).context(&what)
            }
        };
        match ticket.withdraw() {
            Ok(verdict) => sent(verdict),
            Err(Withdrawn::Untaken) => Err(SendError::Unroutable(fault("waiting for a node to take it"))),
            Err(Withdrawn::Taken) => Err(SendError::Unknown(fault("waiting for the node's settlement"))),
        }
    }
}

/// An envelope that cannot be encoded is too large, or not of the contract.
pub(crate) fn too_large(fault: Fault) -> SendError {
    if fault.code == Code::MessageTooLarge {
        SendError::TooLarge(fault)
    } else {
        SendError::Rejected(fault)
    }
}

fn sent(verdict: Verdict) -> Result<(), SendError> {
    match verdict {
        Verdict::Accepted => Ok(()),
        Verdict::Rejected(reason) => Err(SendError::Rejected(Fault::new(
            Code::MessageInvalid,
            format!("the node cannot use it: {reason}"),
        ))),
    }
}

//! A node's receiving link.

use super::link::Shared;
use crate::wire::{self, AnyBody, MAX_MESSAGE, late};
use crate::{Address, Delivery, Inbox, Settle};
use async_trait::async_trait;
use fe2o3_amqp::link::delivery::{Delivery as Delivered, DeliveryInfo};
use fe2o3_amqp::link::{CreditMode, Receiver, RecvError};
use fe2o3_amqp::session::SessionHandle;
use fe2o3_amqp::types::definitions::AmqpError;
use futures::FutureExt;
use sluice_contract::{Code, Fault};
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

pub(super) struct AmqpInbox {
    // Dropped in this order: the link is detached before its session ends.
    link: Receiver,
    session: Shared,
    /// Messages that are here already, in the order they came.
    arrived: VecDeque<Received>,
    /// Messages wanted, those that are here included.
    credit: u32,
    /// Messages that the sender may send beyond those that are here. Never taken back: a withdrawal crosses what is on its way,
    /// and the credit behind it then counts from a number that only the engine knows. What comes and is not wanted any more is
    /// released, until what was granted is used up.
    granted: u32,
    /// One that is being released: it is not forgotten when nobody waits any more.
    unwanted: Option<DeliveryInfo>,
    deadline: Duration,
}

type Received = Result<Delivered<AnyBody>, RecvError>;

impl AmqpInbox {
    pub(super) async fn attach(
        mut session: SessionHandle<()>,
        name: String,
        address: &Address,
        credit: u32,
        deadline: Duration,
    ) -> Result<Self, Fault> {
        let attach = Receiver::builder()
            .name(name)
            .source(address.to_string())
            .max_message_size(MAX_MESSAGE)
            .credit_mode(CreditMode::Manual)
            .attach(&mut session);
        let link = match timeout(deadline, attach).await {
            Ok(attached) => attached.map_err(|e| wire::attach_receiver(&e))?,
            Err(_) => return Err(late("attaching", deadline)),
        };
        let mut inbox = Self {
            link,
            session: Arc::new(Mutex::new(session)),
            arrived: VecDeque::new(),
            credit: 0,
            granted: 0,
            unwanted: None,
            deadline,
        };
        inbox.add_credit(credit).await?;
        Ok(inbox)
    }

    /// The link's session, to end it before the connection.
    pub(super) fn session(&self) -> Weak<Mutex<SessionHandle<()>>> {
        Arc::downgrade(&self.session)
    }

    /// Puts aside a message that is no envelope, and lets the sender send another one in its place.
    async fn reject(&mut self, info: DeliveryInfo, fault: &Fault) -> Result<(), Fault> {
        warn!(%fault, "A message of the control channel was not understood");
        let error = wire::to_amqp(AmqpError::DecodeError, fault);
        self.limited(self.link.reject(info, error)).await?;
        self.grant().await
    }

    /// The next message, wanted or not. Nothing is lost when nobody waits for it any more.
    async fn receive(&mut self) -> Received {
        if let Some(received) = self.arrived.pop_front() {
            return received;
        }
        let received = self.link.recv::<AnyBody>().await;
        self.granted = self.granted.saturating_sub(1);
        received
    }

    /// Takes in what has come, so that it is not counted as still to come.
    fn gather(&mut self) {
        while let Some(received) = self.link.recv::<AnyBody>().now_or_never() {
            self.granted = self.granted.saturating_sub(1);
            let over = received.is_err();
            self.arrived.push_back(received);
            if over {
                break;
            }
        }
    }

    /// Lets the sender send as much as is wanted and not here yet.
    async fn grant(&mut self) -> Result<(), Fault> {
        self.gather();
        let here = u32::try_from(self.arrived.len()).unwrap_or(u32::MAX);
        let wanted = self.credit.saturating_sub(here);
        if wanted <= self.granted {
            return Ok(());
        }
        self.tell_credit(wanted).await?;
        self.granted = wanted;
        Ok(())
    }

    /// How many messages may come from now on.
    async fn tell_credit(&mut self, credit: u32) -> Result<(), Fault> {
        match timeout(self.deadline, self.link.set_credit(credit)).await {
            Ok(told) => told.map_err(wire::lost),
            Err(_) => Err(late("granting credit", self.deadline)),
        }
    }

    async fn limited<E: std::fmt::Display>(&self, work: impl Future<Output = Result<(), E>>) -> Result<(), Fault> {
        match timeout(self.deadline, work).await {
            Ok(done) => done.map_err(wire::lost),
            Err(_) => Err(late("writing to the connection", self.deadline)),
        }
    }
}

#[async_trait]
impl Inbox for AmqpInbox {
    async fn next(&mut self) -> Result<Delivery, Fault> {
        loop {
            if let Some(info) = self.unwanted.clone() {
                self.limited(self.link.release(info)).await?;
                self.unwanted = None;
            }
            let (info, fault) = match self.receive().await {
                Ok(delivery) => {
                    let (info, message) = delivery.into_parts();
                    if self.credit == 0 {
                        self.unwanted = Some(info);
                        continue;
                    }
                    match wire::from_message(message) {
                        Ok((envelope, redelivered)) => {
                            self.credit -= 1;
                            return Ok(Delivery {
                                envelope,
                                redelivered,
                                peer: None,
                                tag: Box::new(info),
                            });
                        }
                        Err(fault) => (info, fault),
                    }
                }
                Err(RecvError::MessageDecode(error)) => (
                    error.info,
                    Fault::new(Code::MessageInvalid, "the AMQP message cannot be decoded"),
                ),
                Err(error) => return Err(wire::recv(&error)),
            };
            self.reject(info, &fault).await?;
        }
    }

    async fn add_credit(&mut self, more: u32) -> Result<(), Fault> {
        if more == 0 {
            return Ok(());
        }
        self.credit = self.credit.saturating_add(more);
        self.grant().await
    }

    async fn settle(&mut self, delivery: Delivery, how: Settle) -> Result<(), Fault> {
        let Ok(info) = delivery.tag.downcast::<DeliveryInfo>() else {
            return Err(Fault::new(Code::MessageInvalid, "the delivery is not of this inbox"));
        };
        match how {
            Settle::Accept => self.limited(self.link.accept(*info)).await,
            Settle::Release => self.limited(self.link.release(*info)).await,
            Settle::DeadLetter(reason) => {
                let fault = Fault::new(Code::MessageInvalid, reason);
                let error = wire::to_amqp(AmqpError::PreconditionFailed, &fault);
                self.limited(self.link.reject(*info, error)).await
            }
        }
    }

    async fn stop(&mut self) -> Result<(), Fault> {
        self.credit = 0;
        Ok(())
    }
}

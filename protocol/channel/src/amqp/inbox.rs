//! A node's receiving link.

use super::link::Shared;
use crate::wire::{self, AnyBody, MAX_MESSAGE, late};
use crate::{Address, Delivery, Inbox, Settle};
use async_trait::async_trait;
use fe2o3_amqp::link::delivery::DeliveryInfo;
use fe2o3_amqp::link::{CreditMode, Receiver, RecvError};
use fe2o3_amqp::session::SessionHandle;
use fe2o3_amqp::types::definitions::AmqpError;
use sluice_contract::{Code, Fault};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

pub(super) struct AmqpInbox {
    // Dropped in this order: the link is detached before its session ends.
    link: Receiver,
    session: Shared,
    /// Messages allowed and not received yet.
    credit: u32,
    deadline: Duration,
}

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
            credit: 0,
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
        self.add_credit(1).await
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
            let (info, fault) = match self.link.recv::<AnyBody>().await {
                Ok(delivery) => {
                    self.credit = self.credit.saturating_sub(1);
                    let (info, message) = delivery.into_parts();
                    match wire::from_message(message) {
                        Ok((envelope, redelivered)) => {
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
                Err(RecvError::MessageDecode(error)) => {
                    self.credit = self.credit.saturating_sub(1);
                    (
                        error.info,
                        Fault::new(Code::MessageInvalid, "the AMQP message cannot be decoded"),
                    )
                }
                Err(error) => return Err(wire::recv(&error)),
            };
            self.reject(info, &fault).await?;
        }
    }

    async fn add_credit(&mut self, more: u32) -> Result<(), Fault> {
        if more == 0 {
            return Ok(());
        }
        let credit = self.credit.saturating_add(more);
        match timeout(self.deadline, self.link.set_credit(credit)).await {
            Ok(Ok(())) => {
                self.credit = credit;
                Ok(())
            }
            Ok(Err(error)) => Err(wire::lost(error)),
            Err(_) => Err(late("granting credit", self.deadline)),
        }
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
        // Draining uses the credit up at the sender. Setting it to 0 would make a message that is on its way a violation.
        match timeout(self.deadline, self.link.drain()).await {
            Ok(Ok(())) => {
                self.credit = 0;
                Ok(())
            }
            Ok(Err(error)) => Err(wire::lost(error)),
            Err(_) => Err(late("withdrawing credit", self.deadline)),
        }
    }
}

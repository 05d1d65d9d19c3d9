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
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;

pub(super) struct AmqpInbox {
    // Dropped in this order: the link is detached before its session ends.
    link: Receiver,
    session: Shared,
    /// Messages allowed and not received yet.
    credit: u32,
    deadline: Duration,
    /// Credit was withdrawn, and it is not known yet that the sender has seen that.
    withdrawn: Option<Repeat>,
}

/// When the credit is told again, and the pause before that.
///
/// Credit is told as a sum: what the sender has sent, as far as we know, and how much more it may. Draining moves what it has
/// sent on, and until its answer is here a credit counts from the old number, in which nothing may be left. The engine keeps
/// that answer to itself; telling the same credit again is harmless before it, and right behind it.
#[derive(Clone, Copy)]
struct Repeat {
    at: Instant,
    pause: Duration,
}

impl Repeat {
    const FIRST: Duration = Duration::from_millis(20);

    fn first() -> Self {
        Self {
            at: Instant::now() + Self::FIRST,
            pause: Self::FIRST,
        }
    }

    /// The next time; none when an answer would have come long ago.
    fn next(self, limit: Duration) -> Option<Self> {
        let pause = self.pause * 2;
        (pause <= limit).then(|| Self {
            at: Instant::now() + pause,
            pause,
        })
    }
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
            withdrawn: None,
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
            let again = self.withdrawn;
            let received = tokio::select! {
                biased;
                received = self.link.recv::<AnyBody>() => received,
                () = sleep_until(again.map_or_else(Instant::now, |again| again.at)), if again.is_some() => {
                    self.withdrawn = again.and_then(|again| again.next(self.deadline));
                    if self.credit > 0 {
                        self.tell_credit(self.credit).await?;
                    }
                    continue;
                }
            };
            let (info, fault) = match received {
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
        self.tell_credit(credit).await?;
        self.credit = credit;
        Ok(())
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
                self.withdrawn = Some(Repeat::first());
                Ok(())
            }
            Ok(Err(error)) => Err(wire::lost(error)),
            Err(_) => Err(late("withdrawing credit", self.deadline)),
        }
    }
}

//! The receiving half of a queue, as the user sees it.

use super::consumer::{Arrived, Mark, Order, Verdict};
use super::open::End;
use crate::{Delivery, Inbox, Settle};
use async_trait::async_trait;
use lapin::BasicProperties;
use sluice_contract::{Code, Envelope, Fault};
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

pub(super) struct RabbitInbox {
    orders: mpsc::UnboundedSender<Order>,
    deliveries: mpsc::UnboundedReceiver<Arrived>,
    end: End,
}

/// What is kept of a delivery until it is settled.
struct Held {
    mark: Mark,
    properties: Box<BasicProperties>,
    body: Vec<u8>,
}

impl RabbitInbox {
    pub(super) fn new(
        orders: mpsc::UnboundedSender<Order>,
        deliveries: mpsc::UnboundedReceiver<Arrived>,
        end: End,
    ) -> Self {
        Self {
            orders,
            deliveries,
            end,
        }
    }

    fn order(&self, order: Order) -> Result<(), Fault> {
        self.orders.send(order).map_err(|_| self.end.known())
    }
}

#[async_trait]
impl Inbox for RabbitInbox {
    async fn next(&mut self) -> Result<Delivery, Fault> {
        loop {
            let arrived = tokio::select! {
                biased;
                reason = self.end.reason() => return Err(reason),
                arrived = self.deliveries.recv() => arrived,
            };
            let Some(Arrived { delivery, mark }) = arrived else {
                return Err(self.end.reason().await);
            };
            let (properties, body) = (Box::new(delivery.properties), delivery.data);
            match Envelope::decode(&body) {
                Ok(envelope) => {
                    return Ok(Delivery {
                        envelope,
                        redelivered: delivery.redelivered,
                        peer: None,
                        tag: Box::new(Held { mark, properties, body }),
                    });
                }
                Err(fault) => {
                    warn!(%fault, "A message of the control channel was not understood");
                    let reason = fault.to_string();
                    self.order(Order::Settle(mark, Verdict::Aside(body, properties, reason)))?;
                    self.order(Order::Allow(1))?;
                }
            }
        }
    }

    async fn add_credit(&mut self, more: u32) -> Result<(), Fault> {
        self.order(Order::Allow(more))
    }

    async fn settle(&mut self, delivery: Delivery, how: Settle) -> Result<(), Fault> {
        let Ok(held) = delivery.tag.downcast::<Held>() else {
            return Err(Fault::new(Code::MessageInvalid, "the delivery is not of this inbox"));
        };
        let Held { mark, properties, body } = *held;
        let verdict = match how {
            Settle::Accept => Verdict::Accept,
            Settle::Release => Verdict::Release,
            Settle::DeadLetter(reason) => Verdict::Aside(body, properties, reason),
        };
        self.order(Order::Settle(mark, verdict))
    }

    async fn stop(&mut self) -> Result<(), Fault> {
        let (done, wait) = oneshot::channel();
        self.order(Order::Stop(done))?;
        wait.await.map_err(|_| self.end.known())
    }
}

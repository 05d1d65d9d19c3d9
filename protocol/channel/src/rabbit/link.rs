//! The connection, with one AMQP channel per inbox and outbox.

use super::consumer::Consumer;
use super::inbox::RabbitInbox;
use super::open::{End, Opened, open};
use super::outbox::RabbitOutbox;
use super::{RabbitOptions, Side, late, names, wire};
use crate::{Address, Inbox, Link, Outbox};
use async_trait::async_trait;
use lapin::{Channel, Connection};
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::DropGuard;

pub(super) struct RabbitLink {
    options: Arc<RabbitOptions>,
    connection: Connection,
    end: End,
    cut: DropGuard,
    /// The inboxes that may have settlements to write.
    flushers: Vec<super::consumer::Flusher>,
}

/// Who connects, as the broker's administrator sees it.
pub(super) fn name_of(options: &RabbitOptions) -> String {
    match &options.side {
        Side::Factory => format!("factory {}", options.factory),
        Side::Node(peer) => format!("node {} of gateway {}", peer.node, peer.gateway),
    }
}

impl RabbitLink {
    pub(super) async fn open(options: Arc<RabbitOptions>) -> Result<Self, Fault> {
        let Opened { connection, end, cut } = open(&options).await?;
        Ok(Self {
            options,
            connection,
            end,
            cut,
            flushers: Vec::new(),
        })
    }

    /// A fresh AMQP channel.
    pub(super) async fn channel(&self) -> Result<Channel, Fault> {
        self.limited("opening a channel", self.connection.create_channel())
            .await
    }

    /// One request to the broker, within the deadline.
    pub(super) async fn limited<T>(
        &self,
        what: &str,
        work: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, Fault> {
        let limit = self.options.deadline;
        tokio::select! {
            done = timeout(limit, work) => match done {
                Ok(done) => done.map_err(|e| wire::lost(&e).context(what)),
                Err(_) => Err(late(what, limit)),
            },
            reason = self.end.reason() => Err(reason.context(what)),
        }
    }

    fn check(&self, address: &Address, allowed: bool) -> Result<(), Fault> {
        if allowed {
            return Ok(());
        }
        let text = format!("{address} is not for the {}", name_of(&self.options));
        Err(Fault::new(Code::ChannelRefused, text))
    }
}

#[async_trait]
impl Link for RabbitLink {
    async fn consume(&mut self, address: &Address, credit: u32) -> Result<Box<dyn Inbox>, Fault> {
        address.check()?;
        self.check(address, self.options.side.may_read(address))?;
        let queue = names::queue(&self.options.factory, address)?;
        let dead = names::dead(&self.options.factory)?;
        let channel = self.channel().await?;
        let consumer = Consumer::new(channel, queue, dead, self.end.clone(), self.options.deadline);
        let (handle, deliveries, flusher) = consumer.start(credit).await?;
        self.flushers.push(flusher);
        Ok(Box::new(RabbitInbox::new(handle, deliveries, self.end.clone())))
    }

    async fn publisher(&mut self, address: &Address) -> Result<Box<dyn Outbox>, Fault> {
        address.check()?;
        self.check(address, self.options.side.may_write(address))?;
        let queue = names::queue(&self.options.factory, address)?;
        let channel = self.channel().await?;
        self.limited("asking for confirms", channel.confirm_select(Default::default()))
            .await?;
        Ok(Box::new(RabbitOutbox::new(
            channel,
            queue,
            address.clone(),
            self.end.clone(),
        )))
    }

    async fn closed(&mut self) -> Fault {
        self.end.reason().await
    }

    async fn close(self: Box<Self>, grace: Duration) {
        let limit = grace.min(self.options.deadline);
        let orderly = async {
            for flusher in &self.flushers {
                flusher.flush().await;
            }
            let _ = self.connection.close(200, "OK".into()).await;
        };
        if timeout(limit, orderly).await.is_err() {
            tracing::debug!(?limit, "The control channel was not closed in time and is cut");
        }
        drop(self.cut);
    }
}

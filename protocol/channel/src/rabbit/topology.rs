//! The queues: quorum queues, made by the factory alone.

use super::link::RabbitLink;
use super::{Rabbit, Side, names};
use crate::{Address, Link, Topology};
use async_trait::async_trait;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use sluice_contract::{Code, Fault};
use std::time::Duration;

/// How many messages that nobody could use are kept, the newest ones.
const DEAD_MESSAGES: i64 = 10_000;
/// How long they are kept.
const DEAD_MS: i64 = 7 * 24 * 3600 * 1000;
/// How long closing may take.
const CLOSE: Duration = Duration::from_secs(5);

#[async_trait]
impl Topology for Rabbit {
    async fn ensure(&self, addresses: &[Address]) -> Result<(), Fault> {
        let link = self.factory_link().await?;
        let channel = link.channel().await?;
        let dead = names::dead(&self.options.factory)?;
        let mut wanted = vec![(dead, dead_arguments())];
        for address in addresses {
            address.check()?;
            wanted.push((names::queue(&self.options.factory, address)?, arguments(address)));
        }
        for (queue, arguments) in wanted {
            let options = QueueDeclareOptions {
                durable: true,
                ..Default::default()
            };
            let declare = channel.queue_declare(queue.clone(), options, arguments);
            link.limited(&format!("making the queue {queue}"), declare).await?;
        }
        Box::new(link).close(CLOSE).await;
        Ok(())
    }

    async fn forget(&self, addresses: &[Address]) -> Result<(), Fault> {
        let link = self.factory_link().await?;
        let channel = link.channel().await?;
        for address in addresses {
            let queue: ShortString = names::queue(&self.options.factory, address)?;
            let delete = channel.queue_delete(queue.clone(), Default::default());
            link.limited(&format!("deleting the queue {queue}"), delete).await?;
        }
        Box::new(link).close(CLOSE).await;
        Ok(())
    }
}

impl Rabbit {
    async fn factory_link(&self) -> Result<RabbitLink, Fault> {
        if self.options.side != Side::Factory {
            return Err(Fault::new(Code::ChannelRefused, "queues are made by the factory"));
        }
        RabbitLink::open(self.options.clone()).await
    }
}

fn quorum() -> FieldTable {
    let mut table = FieldTable::default();
    table.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    table
}

fn arguments(address: &Address) -> FieldTable {
    let mut table = quorum();
    if let Address::Control { .. } = address {
        // An old connection of the node that the broker still believes in gets nothing beside a new one, and the other way
        // round: one of them at a time.
        table.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    }
    table
}

fn dead_arguments() -> FieldTable {
    let mut table = quorum();
    table.insert("x-max-length".into(), AMQPValue::LongLongInt(DEAD_MESSAGES));
    table.insert("x-overflow".into(), AMQPValue::LongString("drop-head".into()));
    table.insert("x-message-ttl".into(), AMQPValue::LongLongInt(DEAD_MS));
    table
}

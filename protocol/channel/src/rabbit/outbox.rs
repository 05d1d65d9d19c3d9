//! The sending half of a queue: the broker confirms every message, and returns one for which there is no queue.

use super::open::End;
use super::{late, wire};
use crate::embedded::too_large;
use crate::{Address, Outbox, SendError};
use async_trait::async_trait;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{Channel, Confirmation};
use sluice_contract::{Code, Envelope, Fault};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

pub(super) struct RabbitOutbox {
    channel: Channel,
    queue: ShortString,
    address: Address,
    end: End,
}

impl RabbitOutbox {
    pub(super) fn new(channel: Channel, queue: ShortString, address: Address, end: End) -> Self {
        Self {
            channel,
            queue,
            address,
            end,
        }
    }
}

#[async_trait]
impl Outbox for RabbitOutbox {
    async fn send(&self, envelope: &Envelope, limit: Duration) -> Result<(), SendError> {
        let body = envelope.encode().map_err(too_large)?;
        let what = format!("{} to {}", envelope.kind, self.address);
        if self.end.gone.is_cancelled() {
            return Err(SendError::Unknown(self.end.known().context(&what)));
        }
        let end = Instant::now() + limit;
        let options = BasicPublishOptions {
            mandatory: true,
            ..Default::default()
        };
        let publish = self.channel.basic_publish(
            "".into(),
            self.queue.clone(),
            options,
            &body,
            wire::properties(envelope),
        );
        let confirm = match timeout_at(end, publish).await {
            Ok(Ok(confirm)) => confirm,
            Ok(Err(error)) => return Err(SendError::Unknown(wire::lost(&error).context(&what))),
            Err(_) => {
                return Err(SendError::Unknown(
                    late("handing it to the broker", limit).context(&what),
                ));
            }
        };
        tokio::select! {
            biased;
            confirmed = confirm => match confirmed {
                Ok(confirmed) => verdict(&confirmed, &self.queue).map_err(|fault| SendError::Unroutable(fault.context(&what))),
                Err(error) => Err(SendError::Unknown(wire::lost(&error).context(&what))),
            },
            reason = self.end.reason() => Err(SendError::Unknown(reason.context(&what))),
            () = sleep_until(end) => {
                Err(SendError::Unknown(late("waiting for the broker's confirm", limit).context(&what)))
            }
        }
    }
}

fn verdict(confirmed: &Confirmation, queue: &ShortString) -> Result<(), Fault> {
    match confirmed {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(Fault::new(
            Code::BrokerQueueMissing,
            format!("the broker has no queue {queue}"),
        )),
        Confirmation::Nack(None) => Err(Fault::new(Code::ChannelTimeout, "the broker could not store it")),
        Confirmation::NotRequested => Err(Fault::new(Code::ChannelLost, "the broker does not confirm")),
    }
}

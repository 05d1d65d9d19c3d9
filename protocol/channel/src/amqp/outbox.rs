//! A node's sending link.

use super::link::Shared;
use crate::embedded::too_large;
use crate::wire::{self, MAX_MESSAGE, late};
use crate::{Address, Outbox, SendError};
use async_trait::async_trait;
use fe2o3_amqp::Sender;
use fe2o3_amqp::link::SendError as AmqpSendError;
use fe2o3_amqp::session::SessionHandle;
use fe2o3_amqp::types::messaging::Outcome;
use sluice_contract::{Code, Envelope, Fault};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

pub(super) struct AmqpOutbox {
    // Dropped in this order: the link is detached before its session ends.
    link: Mutex<Sender>,
    session: Shared,
    address: Address,
    /// Cancelled when the connection is no more.
    gone: CancellationToken,
}

impl AmqpOutbox {
    pub(super) async fn attach(
        mut session: SessionHandle<()>,
        name: String,
        address: &Address,
        deadline: Duration,
        gone: CancellationToken,
    ) -> Result<Self, Fault> {
        let attach = Sender::builder()
            .name(name)
            .target(address.to_string())
            .max_message_size(MAX_MESSAGE)
            .attach(&mut session);
        let link = match timeout(deadline, attach).await {
            Ok(attached) => attached.map_err(|e| wire::attach_sender(&e))?,
            Err(_) => return Err(late("attaching", deadline)),
        };
        Ok(Self {
            link: Mutex::new(link),
            session: Arc::new(Mutex::new(session)),
            address: address.clone(),
            gone,
        })
    }

    /// The link's session, to end it before the connection.
    pub(super) fn session(&self) -> Weak<Mutex<SessionHandle<()>>> {
        Arc::downgrade(&self.session)
    }
}

#[async_trait]
impl Outbox for AmqpOutbox {
    async fn send(&self, envelope: &Envelope, limit: Duration) -> Result<(), SendError> {
        let message = wire::to_message(envelope, envelope.encode().map_err(too_large)?, false);
        let what = format!("{} to {}", envelope.kind, self.address);
        let end = Instant::now() + limit;
        // The lock is held until the message is under way, not until it is settled.
        let handed = timeout_at(end, async { self.link.lock().await.send_batchable(message).await }).await;
        let settlement = match handed {
            Ok(Ok(settlement)) => settlement,
            Ok(Err(error)) => return Err(failed(&error, &what)),
            // Without credit nothing was sent.
            Err(_) => return Err(SendError::Unroutable(late("waiting for credit", limit).context(&what))),
        };
        tokio::select! {
            biased;
            settled = settlement => match settled {
                Ok(outcome) => verdict(outcome, &what),
                Err(error) => Err(failed(&error, &what)),
            },
            () = self.gone.cancelled() => {
                Err(SendError::Unknown(wire::lost("the connection ended before the settlement").context(&what)))
            }
            () = sleep_until(end) => {
                Err(SendError::Unknown(late("waiting for the settlement", limit).context(&what)))
            }
        }
    }
}

fn verdict(outcome: Outcome, what: &str) -> Result<(), SendError> {
    match outcome {
        Outcome::Accepted(_) => Ok(()),
        Outcome::Rejected(rejected) => {
            let fault = match &rejected.error {
                Some(error) => wire::from_amqp(error),
                None => Fault::new(Code::MessageInvalid, "no reason given"),
            };
            Err(SendError::Rejected(fault.context(what)))
        }
        Outcome::Released(_) | Outcome::Modified(_) => {
            let fault = Fault::new(Code::ChannelTimeout, "the other side cannot take it now");
            Err(SendError::Unroutable(fault.context(what)))
        }
    }
}

fn failed(error: &AmqpSendError, what: &str) -> SendError {
    let fault = wire::send(error).context(what);
    match error {
        AmqpSendError::MessageSizeExceeded(_) => SendError::TooLarge(fault),
        _ => SendError::Unknown(fault),
    }
}

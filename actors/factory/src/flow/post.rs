//! Sending to nodes. One link to the channel, one publisher per address, made when they are first needed.

use dashmap::DashMap;
use sluice_channel::{Address, ControlChannel, Link, Outbox, SendError};
use sluice_contract::{Code, Envelope, Fault};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long connecting and attaching may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer to a node may wait until the node takes it.
const ANSWER: Duration = Duration::from_secs(15);

/// The way to the nodes.
pub(crate) struct Post {
    channel: Arc<dyn ControlChannel>,
    link: Mutex<Option<Box<dyn Link>>>,
    publishers: DashMap<Address, Arc<dyn Outbox>>,
}

impl Post {
    pub(crate) fn new(channel: Arc<dyn ControlChannel>) -> Self {
        Self {
            channel,
            link: Mutex::new(None),
            publishers: DashMap::new(),
        }
    }

    /// The channel itself, to consume from.
    pub(crate) fn channel(&self) -> Arc<dyn ControlChannel> {
        self.channel.clone()
    }

    /// Sends one message and waits until the other side took it.
    ///
    /// # Errors
    /// See [`SendError`].
    pub(crate) async fn send(&self, to: &Address, envelope: &Envelope, timeout: Duration) -> Result<(), SendError> {
        let publisher = match tokio::time::timeout(CONNECT, self.publisher(to)).await {
            Ok(found) => found.map_err(SendError::Unroutable)?,
            Err(_) => {
                let late = Fault::new(Code::ChannelTimeout, "the channel did not attach in time");
                return Err(SendError::Unroutable(late));
            }
        };
        let sent = publisher.send(envelope, timeout).await;
        if let Err(SendError::Unknown(_)) = &sent {
            // The link may be dead, and with it every publisher; the next one finds out by making a new one.
            self.publishers.clear();
        }
        sent
    }

    /// Sends an answer, as well as it goes: whoever asked asks again.
    pub(crate) async fn answer(&self, to: &Address, envelope: &Envelope) {
        if let Err(error) = self.send(to, envelope, ANSWER).await {
            let fault = error.into_fault();
            tracing::debug!(?to, kind = %envelope.kind, %fault, "An answer did not arrive");
        }
    }

    async fn publisher(&self, to: &Address) -> Result<Arc<dyn Outbox>, Fault> {
        if let Some(known) = self.publishers.get(to).map(|entry| entry.clone()) {
            return Ok(known);
        }
        let mut guard = self.link.lock().await;
        let mut link = match guard.take() {
            Some(link) => link,
            None => self.channel.connect().await?,
        };
        // When this fails the link is dropped: it dies as a whole.
        let made: Arc<dyn Outbox> = Arc::from(link.publisher(to).await?);
        *guard = Some(link);
        self.publishers.insert(to.clone(), made.clone());
        Ok(made)
    }
}

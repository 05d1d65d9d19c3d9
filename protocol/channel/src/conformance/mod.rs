//! One suite of behaviour that every backend of the channel has to show. A backend's own tests implement [`Backend`] and
//! call the checks; each check connects what it needs and leaves nothing behind but its gateway's (empty) queues.

mod flow;
mod life;
mod limits;
mod settle;

pub use flow::{competing_nodes, credit_behind_a_stop, credit_bound, stopped_inbox};
pub use life::{black_hole, idle_connection, redelivery_after_a_cut};
pub use limits::{foreign_addresses, large_messages, oversize};
pub use settle::{duplicates, outcomes_down, outcomes_up, unroutable_and_unknown};

use crate::{Address, ControlChannel, Delivery, Inbox, Link, Outbox, Peer, SendError};
use async_trait::async_trait;
use serde_json::Value;
use sluice_contract::{Envelope, Fault, Message, NodeId};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What a check found wrong.
pub type Finding = String;

/// Longer than anything takes that is going to happen.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to believe that something does not happen.
const QUIET: Duration = Duration::from_millis(400);

/// A backend under test, with a network between its nodes and the factory that can fail.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The factory's end.
    fn factory(&self) -> Arc<dyn ControlChannel>;

    /// A node's end; the node is known and admitted.
    fn node(&self, peer: &Peer) -> Arc<dyn ControlChannel>;

    /// Breaks a node's connections without a word.
    fn cut(&self, node: &NodeId);

    /// Stops to forward anything between a node and the factory, and breaks nothing.
    fn freeze(&self, node: &NodeId);

    /// The idle timeout of both sides.
    fn idle_timeout(&self) -> Duration;

    /// Resolves when the factory's side knows that a node is gone; at once where the backend cannot know.
    async fn noticed_gone(&self, node: &NodeId);
}

/// A node of a gateway.
pub(crate) fn peer(gateway: &str, node: &str) -> Peer {
    Peer {
        gateway: gateway.into(),
        node: node.into(),
    }
}

pub(crate) fn jobs(peer: &Peer) -> Address {
    Address::Jobs {
        gateway: peer.gateway.clone(),
    }
}

pub(crate) fn control(peer: &Peer) -> Address {
    Address::Control {
        gateway: peer.gateway.clone(),
        node: peer.node.clone(),
    }
}

pub(crate) fn events(peer: &Peer) -> Address {
    Address::Events {
        gateway: Some(peer.gateway.clone()),
    }
}

/// A message about nothing, of about `bytes` bytes.
pub(crate) fn note(peer: &Peer, id: &str, bytes: usize) -> Envelope {
    let message = Message::Unknown {
        kind: "test.note".to_owned(),
        data: Value::String("x".repeat(bytes)),
    };
    let mut envelope = Envelope::new(peer.gateway.clone(), &message);
    envelope.id = id.to_owned();
    envelope
}

pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Finding> {
    if holds { Ok(()) } else { Err(what()) }
}

pub(crate) fn found(fault: Fault) -> Finding {
    fault.to_string()
}

pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> Result<T, Finding> {
    timeout(PATIENCE, work)
        .await
        .map_err(|_| format!("{what} did not happen within {PATIENCE:?}"))
}

pub(crate) async fn connect(channel: Arc<dyn ControlChannel>) -> Result<Box<dyn Link>, Finding> {
    soon("connecting", channel.connect()).await?.map_err(found)
}

/// A connected node's inbox of an address, with the link that keeps it.
pub(crate) async fn consumer(
    channel: Arc<dyn ControlChannel>,
    address: &Address,
    credit: u32,
) -> Result<(Box<dyn Link>, Box<dyn Inbox>), Finding> {
    let mut link = connect(channel).await?;
    let inbox = soon("consuming", link.consume(address, credit)).await?.map_err(found)?;
    Ok((link, inbox))
}

/// An outbox to an address that can be shared by tasks, with the link that keeps it.
pub(crate) async fn publisher(
    channel: Arc<dyn ControlChannel>,
    address: &Address,
) -> Result<(Box<dyn Link>, Arc<dyn Outbox>), Finding> {
    let mut link = connect(channel).await?;
    let outbox = soon("publishing", link.publisher(address)).await?.map_err(found)?;
    Ok((link, Arc::from(outbox)))
}

pub(crate) async fn next(inbox: &mut dyn Inbox) -> Result<Delivery, Finding> {
    soon("a delivery", inbox.next()).await?.map_err(found)
}

pub(crate) async fn no_delivery(inbox: &mut dyn Inbox) -> Result<(), Finding> {
    match timeout(QUIET, inbox.next()).await {
        Err(_) => Ok(()),
        Ok(Ok(delivery)) => Err(format!("an unexpected delivery of {}", delivery.envelope.id)),
        Ok(Err(fault)) => Err(format!("the inbox failed instead of staying quiet: {fault}")),
    }
}

/// Sends in the background.
pub(crate) fn sending(
    outbox: &Arc<dyn Outbox>,
    envelope: Envelope,
    limit: Duration,
) -> tokio::task::JoinHandle<Result<(), SendError>> {
    let outbox = outbox.clone();
    tokio::spawn(async move { outbox.send(&envelope, limit).await })
}

/// The result of a background send.
pub(crate) async fn sent(
    task: tokio::task::JoinHandle<Result<(), SendError>>,
) -> Result<Result<(), SendError>, Finding> {
    soon("the outcome of a send", task)
        .await?
        .map_err(|e| format!("a send panicked: {e}"))
}

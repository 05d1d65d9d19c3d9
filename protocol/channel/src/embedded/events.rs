//! From a node to the factory: its events go into the one events queue, and the factory's settlement goes back.

use super::broker::Broker;
use super::queue::{Item, Verdict};
use crate::Peer;
use crate::wire::{self, AnyBody};
use bytes::Bytes;
use fe2o3_amqp::link::delivery::DeliveryInfo;
use fe2o3_amqp::link::{CreditMode, Receiver, RecvError};
use fe2o3_amqp::types::definitions::AmqpError;
use fe2o3_amqp::types::messaging::{Body, Message};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use sluice_contract::{Code, Envelope, Fault};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// Unsettled events of one link and the credit for more, together. The engine's acceptor grants this much by itself.
const WINDOW: u32 = 200;
/// Credit is renewed when this much of it is used.
const RENEW: u32 = 50;

/// How an event is answered.
enum Answer {
    Verdict(Verdict),
    /// The event was not of use: the condition says why.
    Refused(AmqpError, Fault),
    /// The event cannot be taken now.
    NotNow,
}

type Pending = FuturesUnordered<BoxFuture<'static, (DeliveryInfo, Answer)>>;

/// Collects a node's events until its link ends.
pub(crate) async fn collect(mut link: Receiver, broker: Arc<Broker>, peer: Peer, over: CancellationToken) {
    link.set_credit_mode(CreditMode::Manual);
    let mut pending = Pending::new();
    loop {
        let alive = tokio::select! {
            () = over.cancelled() => false,
            Some((info, answer)) = pending.next(), if !pending.is_empty() => answered(&link, info, answer).await,
            received = link.recv::<AnyBody>() => match received {
                Ok(delivery) => {
                    let (info, message) = delivery.into_parts();
                    let answer = admit(&broker, &peer, message);
                    pending.push(Box::pin(async { (info, answer.await) }));
                    true
                }
                Err(RecvError::MessageDecode(error)) => {
                    let fault = Fault::new(Code::MessageInvalid, "the AMQP message cannot be decoded");
                    answered(&link, error.info, Answer::Refused(AmqpError::DecodeError, fault)).await
                }
                Err(error) => {
                    debug!(%error, "A node's sending link ended");
                    false
                }
            },
        };
        if !alive || !renew(&mut link, pending.len()).await {
            return;
        }
    }
}

/// Checks an event and puts it into the queue; what it gives resolves with the answer to it.
fn admit(broker: &Broker, peer: &Peer, message: Message<AnyBody>) -> BoxFuture<'static, Answer> {
    let now = |answer| -> BoxFuture<'static, Answer> { Box::pin(async { answer }) };
    let size = size(&message);
    let envelope = match wire::from_message(message) {
        Ok((envelope, _)) => envelope,
        Err(fault) => return now(Answer::Refused(AmqpError::DecodeError, fault)),
    };
    if let Err(fault) = own(&envelope, peer) {
        warn!(gateway = %peer.gateway, node = %peer.node, %fault, "An event was refused");
        return now(Answer::Refused(AmqpError::UnauthorizedAccess, fault));
    }
    let Some(room) = broker.room_for_event(size) else {
        return now(Answer::NotNow);
    };
    let item = Item {
        envelope,
        body: Bytes::new(),
        peer: Some(peer.clone()),
    };
    match broker.events.push(item, Some(room)) {
        Some(mut ticket) => Box::pin(async move {
            match (&mut ticket.reply).await {
                Ok(verdict) => Answer::Verdict(verdict),
                Err(_) => Answer::NotNow,
            }
        }),
        None => now(Answer::NotNow),
    }
}

/// A node speaks for itself only.
fn own(envelope: &Envelope, peer: &Peer) -> Result<(), Fault> {
    let foreign_node = envelope.node.as_ref().is_some_and(|node| *node != peer.node);
    if envelope.gateway != peer.gateway || foreign_node {
        let text = format!(
            "an event of node {} of gateway {} names another sender",
            peer.node, peer.gateway
        );
        return Err(Fault::new(Code::ChannelRefused, text));
    }
    Ok(())
}

fn size(message: &Message<AnyBody>) -> usize {
    match &message.body {
        Body::Data(batch) => batch.iter().map(|data| data.0.len()).sum(),
        _ => 0,
    }
}

/// Settles an event with the node. False when the link is dead.
async fn answered(link: &Receiver, info: DeliveryInfo, answer: Answer) -> bool {
    let settled = match answer {
        Answer::Verdict(Verdict::Accepted) => link.accept(info).await,
        Answer::Verdict(Verdict::Rejected(reason)) => {
            let fault = Fault::new(Code::MessageInvalid, reason);
            link.reject(info, wire::to_amqp(AmqpError::PreconditionFailed, &fault))
                .await
        }
        Answer::Refused(condition, fault) => link.reject(info, wire::to_amqp(condition, &fault)).await,
        Answer::NotNow => link.release(info).await,
    };
    settled.is_ok()
}

/// Grants the credit that was used up. Credit is never lowered: the engine takes a message that was on its way for a
/// violation then. False when the link is dead.
async fn renew(link: &mut Receiver, pending: usize) -> bool {
    let allowed = WINDOW.saturating_sub(u32::try_from(pending).unwrap_or(WINDOW));
    if link.credit() + RENEW > allowed {
        return true;
    }
    link.set_credit(allowed).await.is_ok()
}

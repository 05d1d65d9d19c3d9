//! The links of a session: each attach is checked against the peer that TLS authenticated.

use super::events::collect;
use super::listener::Endpoint;
use super::supply::supply;
use crate::wire::{self, MAX_MESSAGE};
use crate::{Address, Peer};
use fe2o3_amqp::acceptor::{LinkAcceptor, LinkEndpoint, ListenerSessionHandle, SupportedSenderSettleModes};
use fe2o3_amqp::types::definitions::{AmqpError, ErrorCondition, Role, SenderSettleMode};
use fe2o3_amqp::types::messaging::TargetArchetype;
use fe2o3_amqp::types::performatives::Attach;
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

/// Links in one session. Our nodes use one.
const MAX_LINKS: usize = 8;

/// Serves a session until it, its connection or the endpoint ends.
pub(crate) async fn serve_session(
    endpoint: Arc<Endpoint>,
    peer: Peer,
    mut session: ListenerSessionHandle,
    over: CancellationToken,
) {
    let mut links = JoinSet::new();
    let over = over.child_token();
    loop {
        let attach = tokio::select! {
            attach = session.next_incoming_attach() => attach,
            Some(_) = links.join_next(), if !links.is_empty() => continue,
            () = over.cancelled() => None,
        };
        let Some(attach) = attach else { break };
        let checked = match check(&attach, &peer) {
            Ok(_) if links.len() >= MAX_LINKS => {
                let text = format!("a session has at most {MAX_LINKS} links");
                Err((
                    AmqpError::ResourceLimitExceeded.into(),
                    Fault::new(Code::ChannelRefused, text),
                ))
            }
            checked => checked,
        };
        let served = async {
            match checked {
                Ok(address) => {
                    let link = accept(attach, &mut session).await?;
                    start(&endpoint, &peer, &address, link, &over, &mut links);
                    Some(())
                }
                Err((condition, fault)) => refuse(attach, &mut session, condition, &fault, &peer).await,
            }
        };
        match timeout(endpoint.options.deadline, served).await {
            Ok(Some(())) => {}
            // The session is of no more use; the peer reconnects.
            Ok(None) | Err(_) => break,
        }
    }
    // What the links took goes back, and every link ends, before the session does.
    over.cancel();
    while links.join_next().await.is_some() {}
}

type Refusal = (ErrorCondition, Fault);

fn check(attach: &Attach, peer: &Peer) -> Result<Address, Refusal> {
    let text = match attach.role {
        Role::Receiver => attach.source.as_ref().and_then(|source| source.address.clone()),
        Role::Sender => attach.target.as_ref().and_then(|target| match target.as_ref() {
            TargetArchetype::Target(target) => target.address.clone(),
        }),
    };
    let Some(text) = text else {
        let fault = Fault::new(Code::ChannelRefused, "the attach names no address");
        return Err((AmqpError::NotFound.into(), fault));
    };
    let address: Address = text.parse().map_err(|fault| (AmqpError::NotFound.into(), fault))?;
    let allowed = match attach.role {
        Role::Receiver => address.readable_by(peer),
        Role::Sender => address.writable_by(peer),
    };
    if allowed {
        return Ok(address);
    }
    let verb = if attach.role == Role::Receiver {
        "receive from"
    } else {
        "send to"
    };
    let text = format!(
        "node {} of gateway {} may not {verb} {address}",
        peer.node, peer.gateway
    );
    Err((
        AmqpError::UnauthorizedAccess.into(),
        Fault::new(Code::ChannelRefused, text),
    ))
}

async fn accept(attach: Attach, session: &mut ListenerSessionHandle) -> Option<LinkEndpoint> {
    let acceptor = LinkAcceptor::builder()
        .max_message_size(MAX_MESSAGE)
        // A message counts as taken only when the peer says so.
        .supported_sender_settle_modes(SupportedSenderSettleModes::UnsettledAndMixed)
        .fallback_sender_settle_mode(SenderSettleMode::Unsettled)
        .build();
    match acceptor.accept_incoming_attach(attach, session).await {
        Ok(link) => Some(link),
        Err(error) => {
            debug!(?error, "A link could not be attached");
            None
        }
    }
}

/// The acceptor has no refusal of its own. The specification's way: attach with the terminus that is refused unset, then
/// detach with the error.
async fn refuse(
    mut attach: Attach,
    session: &mut ListenerSessionHandle,
    condition: ErrorCondition,
    fault: &Fault,
    peer: &Peer,
) -> Option<()> {
    info!(gateway = %peer.gateway, node = %peer.node, %fault, "A link was refused");
    match attach.role {
        Role::Receiver => attach.source = None,
        Role::Sender => attach.target = None,
    }
    let error = wire::to_amqp(condition, fault);
    let closed = match accept(attach, session).await? {
        LinkEndpoint::Sender(link) => link.close_with_error(error).await,
        LinkEndpoint::Receiver(link) => link.close_with_error(error).await,
    };
    if let Err(error) = closed {
        debug!(%error, "A refused link did not close in order");
    }
    Some(())
}

fn start(
    endpoint: &Arc<Endpoint>,
    peer: &Peer,
    address: &Address,
    link: LinkEndpoint,
    over: &CancellationToken,
    links: &mut JoinSet<()>,
) {
    match link {
        LinkEndpoint::Sender(link) => links.spawn(supply(link, endpoint.broker.queue(address), over.clone())),
        LinkEndpoint::Receiver(link) => links.spawn(collect(link, endpoint.broker.clone(), peer.clone(), over.clone())),
    };
}

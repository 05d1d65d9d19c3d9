//! One connection of a node: opening it, serving its sessions, ending it.

use super::EmbeddedOptions;
use super::links::serve_session;
use super::listener::Endpoint;
use super::registry::Closer;
use super::sasl::External;
use crate::Peer;
use crate::stream::Guarded;
use crate::wire::{self, MAX_FRAME};
use fe2o3_amqp::acceptor::{ConnectionAcceptor, ListenerConnectionHandle, SessionAcceptor};
use fe2o3_amqp::types::definitions::AmqpError;
use sluice_contract::{Code, Fault};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

/// The highest channel number, so one session less than this plus one. A node needs one session per link.
const CHANNEL_MAX: u16 = 31;
/// Frames a session may have under way to us.
const SESSION_WINDOW: u32 = 512;

/// So long a node that is thrown out may take to answer; then it is cut.
const GOODBYE: Duration = Duration::from_millis(300);

/// An authenticated, open connection.
pub(crate) struct Opened {
    handle: ListenerConnectionHandle,
    peer: Peer,
    from: SocketAddr,
    /// Cuts the stream, whatever the engine is waiting for.
    cut: CancellationToken,
    /// The same when this is dropped.
    _guard: DropGuard,
}

/// SASL and AMQP open; a peer that was not admitted is told why in a Close.
pub(crate) async fn open(
    options: &EmbeddedOptions,
    stream: Guarded<TlsStream<TcpStream>>,
    cut: CancellationToken,
    admitted: Result<Peer, Fault>,
    from: SocketAddr,
) -> Option<Opened> {
    let guard = cut.clone().drop_guard();
    let sasl = External {
        node: admitted.as_ref().ok().map(|peer| peer.node.as_str().to_owned()),
    };
    let half = u32::try_from(options.idle_timeout.as_millis() / 2)
        .unwrap_or(u32::MAX)
        .max(1);
    let acceptor = ConnectionAcceptor::builder()
        .container_id("sluice-factory")
        .max_frame_size(MAX_FRAME)
        .channel_max(CHANNEL_MAX)
        .idle_time_out(half)
        .sasl_acceptor(sasl)
        .build();
    let mut handle = match acceptor.accept(stream).await {
        Ok(handle) => handle,
        Err(error) => {
            info!(%from, %error, "A connection was not opened");
            return None;
        }
    };
    match admitted {
        Ok(peer) => Some(Opened {
            handle,
            peer,
            from,
            cut,
            _guard: guard,
        }),
        Err(fault) => {
            warn!(%from, %fault, "A peer was refused");
            // Whether the peer answers the Close makes no difference.
            let _ = handle
                .close_with_error(wire::to_amqp(AmqpError::UnauthorizedAccess, &fault))
                .await;
            None
        }
    }
}

/// Serves a connection until it ends or somebody wants it closed.
pub(crate) async fn serve(endpoint: &Arc<Endpoint>, mut opened: Opened) {
    let closer = Closer::default();
    let mut place = endpoint.registry.enter(&opened.peer, closer.clone());
    let (gateway, node) = (&opened.peer.gateway, &opened.peer.node);
    info!(%gateway, %node, from = %opened.from, "A node connected");
    let over = CancellationToken::new();
    let mut sessions = JoinSet::new();
    let mut thrown_out = false;
    let end = loop {
        tokio::select! {
            incoming = opened.handle.next_incoming_session() => {
                let Some(incoming) = incoming else { break End::ByPeer };
                let acceptor = SessionAcceptor::builder().incoming_window(SESSION_WINDOW).build();
                match acceptor.accept_incoming_session(incoming, &mut opened.handle).await {
                    Ok(session) => {
                        sessions.spawn(serve_session(endpoint.clone(), opened.peer.clone(), session, over.clone()));
                    }
                    Err(error) => break End::ByUs(wire::begin(&error)),
                }
            }
            Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
            reason = closer.wished() => {
                thrown_out = true;
                break End::ByUs(reason);
            }
            () = endpoint.stop.cancelled() => break End::ByUs(wire::lost("the factory is shutting down")),
        }
    };
    let limit = endpoint.options.deadline;
    let by_us = matches!(end, End::ByUs(_));
    if by_us {
        over.cancel();
    }
    // Nobody waits long for the answer of a node that is thrown out.
    let patience = if thrown_out { GOODBYE.min(limit) } else { limit };
    let reason = end_connection(&mut opened.handle, end, patience).await;
    if by_us {
        opened.cut.cancel();
    }
    // Sessions end by themselves with their connection, after what the node settled last. What they took is back in the
    // queues before anybody hears that the node is gone.
    if timeout(limit, async { while sessions.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        warn!(%gateway, %node, "A connection's links did not end in time");
    }
    info!(%gateway, %node, %reason, "A node disconnected");
    place.ends_because(reason.message);
}

enum End {
    ByPeer,
    ByUs(Fault),
}

async fn end_connection(handle: &mut ListenerConnectionHandle, end: End, limit: Duration) -> Fault {
    match end {
        End::ByPeer => match timeout(limit, handle.on_close()).await {
            Ok(Ok(())) => Fault::new(Code::ChannelLost, "the node closed the connection"),
            Ok(Err(error)) => wire::closed(&error),
            Err(_) => wire::late("ending the connection", limit),
        },
        End::ByUs(reason) => {
            // A peer that does not answer is cut when the connection is dropped.
            let _ = timeout(limit, handle.close_with_error(wire::to_amqp(wire::forced(), &reason))).await;
            reason
        }
    }
}

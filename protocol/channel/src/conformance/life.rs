//! Connections that break, fall silent or just live.

use super::{
    Backend, Finding, PATIENCE, connect, consumer, control, ensure, events, found, jobs, next, note, peer, publisher,
    sending, sent, soon,
};
use crate::Settle;
use sluice_contract::Code;
use tokio::time::{Instant, timeout};

/// What a node had not settled when its connection broke goes to another node, marked as redelivered.
///
/// # Errors
/// What was wrong.
pub async fn redelivery_after_a_cut(backend: &dyn Backend) -> Result<(), Finding> {
    let (first, second) = (peer("cut", "cut-1"), peer("cut", "cut-2"));
    let (mut link, mut inbox) = consumer(backend.node(&first), &jobs(&first), 3).await?;
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&first)).await?;
    let sends: Vec<_> = (0..3)
        .map(|i| sending(&outbox, note(&first, &format!("m{i}"), 10), PATIENCE))
        .collect();
    let mut lost = Vec::new();
    for _ in 0..3 {
        lost.push(next(inbox.as_mut()).await?);
    }
    backend.cut(&first.node);
    let reason = soon("the node noticing the cut", link.closed()).await?;
    ensure(reason.code == Code::ChannelLost, || format!("the cut reads {reason}"))?;
    ensure(soon("the inbox noticing the cut", inbox.next()).await?.is_err(), || {
        "a delivery after the cut".to_owned()
    })?;

    let (_link, mut inbox) = consumer(backend.node(&second), &jobs(&second), 3).await?;
    for _ in 0..3 {
        let delivery = next(inbox.as_mut()).await?;
        ensure(delivery.redelivered, || {
            format!("not marked as redelivered: {delivery:?}")
        })?;
        inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    }
    for send in sends {
        sent(send).await?.map_err(|e| found(e.into_fault()))?;
    }
    Ok(())
}

/// Connections on which nobody says anything live much longer than the idle timeout, and still work then.
///
/// # Errors
/// What was wrong.
pub async fn idle_connection(backend: &dyn Backend) -> Result<(), Finding> {
    // Several, as a heartbeat that comes just in time is lost only now and then.
    let nodes: Vec<_> = (1..=16).map(|i| peer("idle", &format!("idle-{i}"))).collect();
    let mut links = Vec::new();
    for node in &nodes {
        links.push(consumer(backend.node(node), &control(node), 1).await?);
    }
    let ended = futures::future::select_all(links.iter_mut().map(|(link, _)| link.closed()));
    if let Ok((reason, ..)) = timeout(backend.idle_timeout() * 8, ended).await {
        return Err(format!("an idle connection ended: {reason}"));
    }
    for (node, (_, inbox)) in nodes.iter().zip(&mut links) {
        let (_factory, outbox) = publisher(backend.factory(), &control(node)).await?;
        let send = sending(&outbox, note(node, "still there", 10), PATIENCE);
        let delivery = next(inbox.as_mut()).await?;
        inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
        sent(send).await?.map_err(|e| found(e.into_fault()))?;
    }
    Ok(())
}

/// When the network swallows everything, both sides know after the idle timeout; a send before that is of unknown fate or
/// undelivered, never reported as sent; and what the node had not settled goes on to another.
///
/// # Errors
/// What was wrong.
pub async fn black_hole(backend: &dyn Backend) -> Result<(), Finding> {
    let (first, second) = (peer("hole", "hole-1"), peer("hole", "hole-2"));
    let mut link = connect(backend.node(&first)).await?;
    let mut inbox = soon("consuming", link.consume(&jobs(&first), 1))
        .await?
        .map_err(found)?;
    let up = soon("publishing", link.publisher(&events(&first)))
        .await?
        .map_err(found)?;
    let (_factory, down) = publisher(backend.factory(), &jobs(&first)).await?;
    let send = sending(&down, note(&first, "held", 10), PATIENCE);
    let held = next(inbox.as_mut()).await?;
    backend.freeze(&first.node);
    let start = Instant::now();
    // Local success proves nothing on a dead connection.
    let _ = inbox.settle(held, Settle::Accept).await;
    let event = note(&first, "lost", 10);
    let limit = backend.idle_timeout() * 4;
    let (result, reason, ()) = soon("both sides noticing", async {
        tokio::join!(up.send(&event, limit), link.closed(), backend.noticed_gone(&first.node))
    })
    .await?;
    let elapsed = start.elapsed();
    ensure(result.is_err(), || {
        "an event was reported as sent into a black hole".to_owned()
    })?;
    ensure(reason.code == Code::ChannelLost, || {
        format!("the black hole reads {reason}")
    })?;
    ensure(elapsed < backend.idle_timeout() * 2, || {
        format!("noticed after {elapsed:?}")
    })?;

    let (_link, mut inbox) = consumer(backend.node(&second), &jobs(&second), 1).await?;
    let delivery = next(inbox.as_mut()).await?;
    ensure(delivery.envelope.id == "held" && delivery.redelivered, || {
        format!("{delivery:?}")
    })?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))
}

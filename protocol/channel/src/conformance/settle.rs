//! What the sender hears of a settlement.

use super::{
    Backend, Finding, PATIENCE, QUIET, consumer, control, ensure, events, found, jobs, next, note, peer, publisher,
    sending, sent,
};
use crate::{Address, SendError, Settle};

/// Down to a node: accepted, put aside, released and taken again.
///
/// # Errors
/// What was wrong.
pub async fn outcomes_down(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("down", "down-1");
    let (_link, mut inbox) = consumer(backend.node(&node), &control(&node), 10).await?;
    let (_factory, outbox) = publisher(backend.factory(), &control(&node)).await?;

    let send = sending(&outbox, note(&node, "accepted", 10), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    ensure(delivery.envelope.id == "accepted" && !delivery.redelivered, || {
        format!("{delivery:?}")
    })?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))?;

    let send = sending(&outbox, note(&node, "aside", 10), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    inbox
        .settle(delivery, Settle::DeadLetter("no such driver".into()))
        .await
        .map_err(found)?;
    put_aside(backend, sent(send).await?, "no such driver")?;

    let send = sending(&outbox, note(&node, "released", 10), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    inbox.settle(delivery, Settle::Release).await.map_err(found)?;
    let delivery = next(inbox.as_mut()).await?;
    ensure(delivery.envelope.id == "released" && delivery.redelivered, || {
        format!("{delivery:?}")
    })?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))
}

/// Up to the factory: the same, with the sender's identity where the backend knows it.
///
/// # Errors
/// What was wrong.
pub async fn outcomes_up(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("up", "up-1");
    let (_factory, mut inbox) = consumer(backend.factory(), &Address::Events { gateway: None }, 10).await?;
    let (_link, outbox) = publisher(backend.node(&node), &events(&node)).await?;

    let send = sending(&outbox, note(&node, "accepted", 10).node(node.node.clone()), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    let known = !backend.factory().caps().identity || delivery.peer.as_ref() == Some(&node);
    ensure(delivery.envelope.id == "accepted" && known, || format!("{delivery:?}"))?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))?;

    let send = sending(&outbox, note(&node, "aside", 10), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    inbox
        .settle(delivery, Settle::DeadLetter("stale token".into()))
        .await
        .map_err(found)?;
    put_aside(backend, sent(send).await?, "stale token")?;

    let send = sending(&outbox, note(&node, "released", 10), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    inbox.settle(delivery, Settle::Release).await.map_err(found)?;
    let delivery = next(inbox.as_mut()).await?;
    ensure(delivery.envelope.id == "released" && delivery.redelivered, || {
        format!("{delivery:?}")
    })?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))
}

/// What the sender of a message that was put aside hears: the reason, or, where a broker had it safe already, nothing.
fn put_aside(backend: &dyn Backend, result: Result<(), SendError>, reason: &str) -> Result<(), Finding> {
    let told = match &result {
        Ok(()) => backend.factory().caps().stores,
        Err(SendError::Rejected(fault)) => fault.message.contains(reason),
        Err(_) => false,
    };
    ensure(told, || format!("a message put aside gave {result:?}"))
}

/// A message that nobody takes is withdrawn and reported as such; one that was taken and not settled is of unknown fate.
/// Where a broker stores messages, it reports a missing queue, and goes on offering what was not settled.
///
/// # Errors
/// What was wrong.
pub async fn unroutable_and_unknown(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("nobody", "nobody-1");
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&node)).await?;
    let result = sent(sending(&outbox, note(&node, "nobody", 10), QUIET)).await?;
    if backend.factory().caps().unroutable_detected {
        ensure(matches!(result, Err(SendError::Unroutable(_))), || {
            format!("nobody there gave {result:?}")
        })?;
    }
    let (_link, mut inbox) = consumer(backend.node(&node), &jobs(&node), 2).await?;
    let send = sending(&outbox, note(&node, "held", 10), QUIET * 2);
    let held = next(inbox.as_mut()).await?;
    ensure(held.envelope.id == "held", || {
        format!("the withdrawn message came: {held:?}")
    })?;
    let (result, stores) = (sent(send).await?, backend.factory().caps().stores);
    let expected = match result {
        Ok(()) => stores,
        Err(SendError::Unknown(_)) => !stores,
        Err(_) => false,
    };
    ensure(expected, || format!("an unsettled message gave {result:?}"))?;
    // Too late, and of no consequence, unless it is stored.
    inbox.settle(held, Settle::Release).await.map_err(found)?;
    if stores {
        let again = next(inbox.as_mut()).await?;
        ensure(again.envelope.id == "held" && again.redelivered, || {
            format!("{again:?}")
        })?;
        inbox.settle(again, Settle::Accept).await.map_err(found)?;
        inbox.add_credit(1).await.map_err(found)?;
    }
    let send = sending(&outbox, note(&node, "after", 10), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    ensure(delivery.envelope.id == "after", || {
        format!("a message of a sender that gave up came: {delivery:?}")
    })?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))
}

/// The same message sent twice arrives twice, or once where the backend drops duplicates; neither breaks anything.
///
/// # Errors
/// What was wrong.
pub async fn duplicates(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("twice", "twice-1");
    let (_link, mut inbox) = consumer(backend.node(&node), &jobs(&node), 10).await?;
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&node)).await?;
    let sends = [0, 1].map(|_| sending(&outbox, note(&node, "same", 10), PATIENCE));
    let copies = if backend.factory().caps().dedup { 1 } else { 2 };
    for _ in 0..copies {
        let delivery = next(inbox.as_mut()).await?;
        ensure(delivery.envelope.id == "same", || format!("{delivery:?}"))?;
        inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    }
    for send in sends {
        sent(send).await?.map_err(|e| found(e.into_fault()))?;
    }
    Ok(())
}

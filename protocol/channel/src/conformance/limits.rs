//! Sizes, and addresses of others.

use super::{
    Backend, Finding, PATIENCE, connect, consumer, control, ensure, events, found, jobs, next, note, peer, publisher,
    sending, sent, soon,
};
use crate::{Address, SendError, Settle};
use sluice_contract::envelope::MAX_BYTES;
use sluice_contract::{Code, Fault};

/// A message of 180 KiB travels both ways, whole.
///
/// # Errors
/// What was wrong.
pub async fn large_messages(backend: &dyn Backend) -> Result<(), Finding> {
    const SIZE: usize = 180 * 1024;
    let node = peer("large", "large-1");
    let (_link, mut node_inbox) = consumer(backend.node(&node), &jobs(&node), 2).await?;
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&node)).await?;
    let large = note(&node, "large-down", SIZE);
    let send = sending(&outbox, large.clone(), PATIENCE);
    let delivery = next(node_inbox.as_mut()).await?;
    ensure(delivery.envelope == large, || {
        "a large message arrived changed".to_owned()
    })?;
    node_inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))?;

    let (_factory, mut inbox) = consumer(backend.factory(), &events(&node), 2).await?;
    let other = peer("large", "large-2");
    let (_link, outbox) = publisher(backend.node(&other), &events(&other)).await?;
    let large = note(&other, "large-up", SIZE);
    let send = sending(&outbox, large.clone(), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    ensure(delivery.envelope == large, || {
        "a large event arrived changed".to_owned()
    })?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))
}

/// A message over the limit is refused by the sender itself, and the link goes on.
///
/// # Errors
/// What was wrong.
pub async fn oversize(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("over", "over-1");
    // A channel that adds to its messages takes less; none takes more.
    let over = MAX_BYTES + 1;
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&node)).await?;
    let result = sent(sending(&outbox, note(&node, "over", over), PATIENCE)).await?;
    ensure(matches!(result, Err(SendError::TooLarge(_))), || {
        format!("oversize down gave {result:?}")
    })?;

    let (_factory, mut inbox) = consumer(backend.factory(), &events(&node), 2).await?;
    let (_link, outbox) = publisher(backend.node(&node), &events(&node)).await?;
    let result = sent(sending(&outbox, note(&node, "over", over), PATIENCE)).await?;
    ensure(matches!(result, Err(SendError::TooLarge(_))), || {
        format!("oversize up gave {result:?}")
    })?;
    let send = sending(&outbox, note(&node, "small", 10), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    ensure(delivery.envelope.id == "small", || format!("{delivery:?}"))?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(send).await?.map_err(|e| found(e.into_fault()))
}

/// A node reaches its own addresses only; it is told so, and its own addresses work afterwards.
///
/// # Errors
/// What was wrong.
pub async fn foreign_addresses(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("own", "own-1");
    let sibling = peer("own", "own-2");
    let stranger = peer("foreign", "foreign-1");
    let forbidden_to_read = [
        jobs(&stranger),
        control(&stranger),
        control(&sibling),
        events(&node),
        Address::Events { gateway: None },
    ];
    for address in &forbidden_to_read {
        let mut link = connect(backend.node(&node)).await?;
        let refused = soon("a refusal", link.consume(address, 1)).await?.err();
        told(address, refused)?;
    }
    let forbidden_to_write = [
        events(&stranger),
        jobs(&node),
        control(&sibling),
        Address::Events { gateway: None },
    ];
    for address in &forbidden_to_write {
        let mut link = connect(backend.node(&node)).await?;
        let refused = soon("a refusal", link.publisher(address)).await?.err();
        told(address, refused)?;
    }
    let mut link = connect(backend.node(&node)).await?;
    soon("consuming", link.consume(&jobs(&node), 1)).await?.map_err(found)?;
    soon("consuming", link.consume(&control(&node), 1))
        .await?
        .map_err(found)?;
    soon("publishing", link.publisher(&events(&node)))
        .await?
        .map_err(found)?;
    Ok(())
}

fn told(address: &Address, refused: Option<Fault>) -> Result<(), Finding> {
    match refused {
        Some(fault) if fault.code == Code::ChannelRefused && !fault.retryable => Ok(()),
        Some(fault) => Err(format!("the refusal of {address} reads {fault}")),
        None => Err(format!("{address} was not refused")),
    }
}

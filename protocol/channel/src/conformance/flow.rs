//! Credit, and nodes that compete.

use super::{
    Backend, Finding, PATIENCE, QUIET, consumer, ensure, found, jobs, next, no_delivery, note, peer, publisher,
    sending, sent,
};
use crate::{Inbox, Settle};
use std::collections::HashMap;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A credit of two gives exactly two deliveries; one more gives exactly one more.
///
/// # Errors
/// What was wrong.
pub async fn credit_bound(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("credit", "credit-1");
    let (_link, mut inbox) = consumer(backend.node(&node), &jobs(&node), 2).await?;
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&node)).await?;
    let sends: Vec<_> = (0..4)
        .map(|i| sending(&outbox, note(&node, &format!("m{i}"), 10), PATIENCE))
        .collect();
    let mut held = vec![next(inbox.as_mut()).await?, next(inbox.as_mut()).await?];
    no_delivery(inbox.as_mut()).await?;
    inbox.add_credit(1).await.map_err(found)?;
    held.push(next(inbox.as_mut()).await?);
    no_delivery(inbox.as_mut()).await?;
    for delivery in held.drain(..) {
        inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    }
    no_delivery(inbox.as_mut()).await?;
    inbox.add_credit(1).await.map_err(found)?;
    let last = next(inbox.as_mut()).await?;
    inbox.settle(last, Settle::Accept).await.map_err(found)?;
    for send in sends {
        sent(send).await?.map_err(|e| found(e.into_fault()))?;
    }
    Ok(())
}

/// Credit that is given right behind a stop counts, and no more than that.
///
/// # Errors
/// What was wrong.
pub async fn credit_behind_a_stop(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("behind", "behind-1");
    let (_link, mut inbox) = consumer(backend.node(&node), &jobs(&node), 4).await?;
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&node)).await?;
    for round in 0..3 {
        inbox.stop().await.map_err(found)?;
        inbox.add_credit(2).await.map_err(found)?;
        let sends: Vec<_> = (0..3)
            .map(|i| sending(&outbox, note(&node, &format!("m{round}{i}"), 10), PATIENCE))
            .collect();
        let held = [next(inbox.as_mut()).await?, next(inbox.as_mut()).await?];
        no_delivery(inbox.as_mut()).await?;
        for delivery in held {
            inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
        }
        inbox.add_credit(1).await.map_err(found)?;
        let last = next(inbox.as_mut()).await?;
        inbox.settle(last, Settle::Accept).await.map_err(found)?;
        for send in sends {
            sent(send).await?.map_err(|e| found(e.into_fault()))?;
        }
        inbox.add_credit(4).await.map_err(found)?;
    }
    Ok(())
}

/// A stopped inbox gets nothing more, and goes on when it is given credit again.
///
/// # Errors
/// What was wrong.
pub async fn stopped_inbox(backend: &dyn Backend) -> Result<(), Finding> {
    let node = peer("stopped", "stopped-1");
    let (_link, mut inbox) = consumer(backend.node(&node), &jobs(&node), 10).await?;
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&node)).await?;
    let first = sending(&outbox, note(&node, "first", 10), PATIENCE);
    let delivery = next(inbox.as_mut()).await?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(first).await?.map_err(|e| found(e.into_fault()))?;
    inbox.stop().await.map_err(found)?;
    // The withdrawal travels without an answer; give it the time to arrive.
    no_delivery(inbox.as_mut()).await?;
    let second = sending(&outbox, note(&node, "second", 10), PATIENCE);
    no_delivery(inbox.as_mut()).await?;
    inbox.add_credit(1).await.map_err(found)?;
    let delivery = next(inbox.as_mut()).await?;
    ensure(delivery.envelope.id == "second", || {
        format!("{} came instead", delivery.envelope.id)
    })?;
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    sent(second).await?.map_err(|e| found(e.into_fault()))
}

/// Two nodes of a gateway share 500 messages: each is delivered once, to one of them, and both get some.
///
/// # Errors
/// What was wrong.
pub async fn competing_nodes(backend: &dyn Backend) -> Result<(), Finding> {
    const MESSAGES: usize = 500;
    const CREDIT: u32 = 5;
    let (seen, mut all_seen) = mpsc::unbounded_channel();
    let mut workers = Vec::new();
    for name in ["compete-1", "compete-2"] {
        let node = peer("compete", name);
        let (link, mut inbox) = consumer(backend.node(&node), &jobs(&node), CREDIT).await?;
        let seen = seen.clone();
        workers.push(tokio::spawn(async move {
            let _link = link;
            while let Ok(Ok(id)) = timeout(QUIET * 5, work(inbox.as_mut())).await {
                if seen.send((name, id)).is_err() {
                    break;
                }
            }
        }));
    }
    drop(seen);
    let node = peer("compete", "compete-1");
    let (_factory, outbox) = publisher(backend.factory(), &jobs(&node)).await?;
    let sends: Vec<_> = (0..MESSAGES)
        .map(|i| sending(&outbox, note(&node, &format!("m{i}"), 100), PATIENCE))
        .collect();
    for send in sends {
        sent(send).await?.map_err(|e| found(e.into_fault()))?;
    }
    let mut times: HashMap<String, usize> = HashMap::new();
    let mut share: HashMap<&str, usize> = HashMap::new();
    while let Some((name, id)) = all_seen.recv().await {
        *times.entry(id).or_default() += 1;
        *share.entry(name).or_default() += 1;
    }
    ensure(times.len() == MESSAGES, || {
        format!("{} of {MESSAGES} messages arrived", times.len())
    })?;
    let again: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    ensure(again.is_empty(), || format!("delivered more than once: {again:?}"))?;
    ensure(share.len() == 2, || format!("only one node got messages: {share:?}"))
}

async fn work(inbox: &mut dyn Inbox) -> Result<String, Finding> {
    let delivery = inbox.next().await.map_err(found)?;
    let id = delivery.envelope.id.clone();
    inbox.settle(delivery, Settle::Accept).await.map_err(found)?;
    inbox.add_credit(1).await.map_err(found)?;
    Ok(id)
}

//! Sending a message and waiting for its answer.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::Handler;
use actix::dev::Message;
use tokio::sync::oneshot;

use crate::metered::Ticket;
use crate::slot::Slot;
use crate::{AskError, Component};

/// A message that may be handled twice with the same result as once.
pub trait Idempotent {}

/// The longest pause between two attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Stands for a deadline that the clock cannot express.
const FAR: Duration = Duration::from_secs(10 * 365 * 86_400);

pub(crate) async fn ask<A, M>(slot: &Slot<A>, msg: M, deadline: Duration) -> Result<M::Result, AskError<M>>
where
    A: Component + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    let (reply, mut answer) = oneshot::channel();
    let ticket: Ticket = Arc::new(AtomicU64::new(0));
    let mut passed = pin!(slot.clock.sleep(deadline));
    let mut fence = pin!(slot.fences.notified());
    // Before the message is sent, so that no fence goes unnoticed.
    fence.as_mut().enable();
    slot.push(msg, Some(reply), Some(Arc::clone(&ticket)))?;
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer.map_err(|_| AskError::Restarted),
            () = &mut fence => {
                fence.set(slot.fences.notified());
                fence.as_mut().enable();
                // A message that still waits will be handled by the next generation; one that was begun is gone.
                let taken_by = ticket.load(Ordering::Acquire);
                if taken_by != 0 && taken_by <= slot.fenced_upto.load(Ordering::Acquire) {
                    // The answer may have been given just before the fence.
                    return answer.try_recv().map_err(|_| AskError::Restarted);
                }
            }
            () = &mut passed => return Err(AskError::DeadlinePassed),
        }
    }
}

pub(crate) async fn ask_retry<A, M>(slot: &Slot<A>, msg: M, deadline: Duration) -> Result<M::Result, AskError<M>>
where
    A: Component + Handler<M>,
    M: Message + Clone + Send + 'static,
    M::Result: Send,
{
    let clock = &slot.clock;
    let now = clock.now();
    let end = now.checked_add(deadline).unwrap_or_else(|| now + FAR);
    let mut pause = Duration::from_millis(1);
    loop {
        let left = end.saturating_duration_since(clock.now());
        let error = match ask(slot, msg.clone(), left).await {
            Err(error @ (AskError::Full(_) | AskError::Restarted)) => error,
            settled => return settled,
        };
        if clock.now() + pause >= end {
            return Err(error);
        }
        clock.sleep(pause).await;
        pause = (pause * 2).min(RETRY_PAUSE);
    }
}

//! From a queue to a node: a message is taken from the queue exactly when the node's link has credit for it.

use super::queue::{Item, Peek, Queue, Taken, Verdict};
use crate::wire;
use fe2o3_amqp::Sender;
use fe2o3_amqp::link::SendError;
use fe2o3_amqp::link::delivery::DeliveryFut;
use fe2o3_amqp::types::messaging::Outcome;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// How long a hand-over waits for credit before it is started anew. The engine can miss the wake-up for credit that arrives
/// between its look at the credit and its wait for more.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

type Settlement = DeliveryFut<Result<Outcome, SendError>>;

enum Handed {
    Over(u64, Box<Settlement>),
    /// Another link was faster, or the sender gave up.
    Gone,
}

/// Supplies a node's link until it ends.
pub(crate) async fn supply(mut link: Sender, queue: Arc<Queue>, over: CancellationToken) {
    let mut taken = Taken::of(queue.clone());
    let mut unsettled = FuturesUnordered::new();
    loop {
        let mut changed = pin!(queue.changed());
        changed.as_mut().enable();
        let next = queue.peek(|_| true);
        let looking = next.is_some();
        let hand_over = async {
            match next {
                Some(next) => hand_over(&mut link, &queue, next).await,
                None => Err(SendError::Detached(link.on_detach().await)),
            }
        };
        tokio::select! {
            () = over.cancelled() => break,
            Some((id, outcome)) = unsettled.next(), if !unsettled.is_empty() => {
                if taken.remove(id) && !settle(&queue, id, outcome) {
                    break;
                }
            }
            handed = hand_over => match handed {
                Ok(Handed::Over(id, settlement)) => {
                    taken.add(id);
                    unsettled.push(async move { (id, settlement.await) });
                }
                Ok(Handed::Gone) => {}
                Err(error) => {
                    debug!(%error, "A node's receiving link ended");
                    break;
                }
            },
            () = changed => {}
            () = tokio::time::sleep(LOOK_AGAIN), if looking => {}
        }
    }
    // What the node settled before the end counts; the rest goes back.
    while let Some(Some((id, outcome))) = unsettled.next().now_or_never() {
        if taken.remove(id) {
            settle(&queue, id, outcome);
        }
    }
}

/// Waits for credit and then takes and sends the message in one step: the send is only ever polled with the queue locked.
async fn hand_over(link: &mut Sender, queue: &Queue, next: Peek) -> Result<Handed, SendError> {
    let Item { envelope, body, .. } = next.item.as_ref();
    let mut send = pin!(link.send_batchable(wire::to_message(envelope, body.to_vec(), next.redelivered)));
    poll_fn(|cx| match queue.take_if(next.id, || send.as_mut().poll(cx)) {
        None => Poll::Ready(Ok(Handed::Gone)),
        Some(Poll::Pending) => Poll::Pending,
        Some(Poll::Ready(Ok(settlement))) => Poll::Ready(Ok(Handed::Over(next.id, Box::new(settlement)))),
        Some(Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
    })
    .await
}

/// What the node made of a message. False when the link is dead.
fn settle(queue: &Queue, id: u64, outcome: Result<Outcome, SendError>) -> bool {
    match outcome {
        Ok(Outcome::Accepted(_)) => {
            queue.settle(id, Verdict::Accepted);
            true
        }
        Ok(Outcome::Rejected(rejected)) => {
            let reason = rejected.error.map(|error| wire::from_amqp(&error).message);
            queue.settle(
                id,
                Verdict::Rejected(reason.unwrap_or_else(|| "no reason given".to_owned())),
            );
            true
        }
        Ok(Outcome::Released(_) | Outcome::Modified(_)) => {
            queue.release(id);
            true
        }
        Err(error) => {
            debug!(%error, "A delivery was not settled");
            queue.release(id);
            false
        }
    }
}

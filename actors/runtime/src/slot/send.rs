//! Messages on their way into the mailbox.

use std::sync::atomic::Ordering;

use actix::Handler;
use actix::dev::{Message, OneshotSender};

use super::Slot;
use crate::Component;
use crate::error::SendError;
use crate::metered::{Metered, Ticket};
use crate::queue::Refusal;
use crate::stats::count;

/// A message that is in line for room. Dropped there, nobody else has seen it.
struct InLine<M: Message>(Option<Box<Metered<M>>>);

impl<M: Message> Drop for InLine<M> {
    fn drop(&mut self) {
        if let Some(mut parcel) = self.0.take() {
            count(&parcel.stats.cancelled);
            parcel.msg = None;
        }
    }
}

impl<A: Component> Slot<A> {
    /// A message that counts as sent.
    fn parcel<M>(&self, msg: M) -> Box<Metered<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let stats = self.stats.of::<M>();
        count(&stats.sent);
        Box::new(Metered {
            msg: Some(msg),
            reply: None,
            ticket: None,
            only_for: None,
            stats,
            enqueued_ns: self.clock.now_ns(),
        })
    }

    fn accepted(&self, depth: usize) {
        if depth > self.stats.depth_peak.load(Ordering::Relaxed) {
            self.stats.depth_peak.fetch_max(depth, Ordering::Relaxed);
        }
    }

    /// Puts a message into the mailbox, or hands it back.
    pub(crate) fn push<M>(
        &self,
        msg: M,
        reply: Option<OneshotSender<M::Result>>,
        ticket: Option<Ticket>,
    ) -> Result<(), SendError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let mut parcel = self.parcel(msg);
        parcel.reply = reply;
        parcel.ticket = ticket;
        match self.queue.push(parcel, false) {
            Ok(depth) => {
                self.accepted(depth);
                Ok(())
            }
            Err((parcel, refusal)) => hand_back(*parcel, refusal),
        }
    }

    /// Puts a message into the mailbox as soon as there is room, after those who waited before, or hands it back when
    /// the component is down.
    pub(crate) async fn push_when_room<M>(&self, msg: M) -> Result<(), SendError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let mut in_line = match self.queue.push(self.parcel(msg), false) {
            Ok(depth) => {
                self.accepted(depth);
                return Ok(());
            }
            Err((parcel, Refusal::Down)) => return hand_back(*parcel, Refusal::Down),
            Err((parcel, Refusal::Full)) => InLine(Some(parcel)),
        };
        let place = self.queue.line_up();
        place.called().await;
        let Some(mut parcel) = in_line.0.take() else {
            return Ok(());
        };
        // So far it waited at its sender's.
        parcel.enqueued_ns = self.clock.now_ns();
        match place.push(parcel) {
            Ok(depth) => {
                self.accepted(depth);
                Ok(())
            }
            Err(parcel) => hand_back(*parcel, Refusal::Down),
        }
    }

    /// A message of the component to itself, which only the incarnation that caused it may see.
    pub(crate) fn push_own<M>(&self, msg: M, incarnation: u64)
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let mut parcel = self.parcel(msg);
        parcel.only_for = Some(incarnation);
        if let Err((mut parcel, _)) = self.queue.push(parcel, true) {
            parcel.msg = None;
            count(&parcel.stats.rejected);
        }
    }
}

fn hand_back<M: Message>(mut parcel: Metered<M>, refusal: Refusal) -> Result<(), SendError<M>> {
    count(&parcel.stats.rejected);
    match (parcel.msg.take(), refusal) {
        (Some(msg), Refusal::Full) => Err(SendError::Full(msg)),
        (Some(msg), Refusal::Down) => Err(SendError::Down(msg)),
        // Cannot be: the mailbox does not look into what it refuses.
        (None, _) => Ok(()),
    }
}

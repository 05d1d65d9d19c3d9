//! One message on its way: measured, fenced and accounted for exactly once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::Handler;
use actix::dev::{Message, MessageResponse as _, OneshotSender};

use crate::generation::Generation;
use crate::stats::{MessageStats, count};
use crate::{Component, Ctx};

/// A message in a component's mailbox.
pub(crate) trait Parcel<A: Component>: Send {
    /// Notes which generation took it out of the mailbox.
    fn taken_by(&self, generation: u64);
    /// Has it handled; `now_ns` is the present moment.
    fn deliver(self: Box<Self>, act: &mut A, ctx: &mut Ctx<A>, generation: &Generation, now_ns: u64);
}

/// Lets an asker see which generation, if any, has begun with its message. Zero: none.
pub(crate) type Ticket = Arc<AtomicU64>;

pub(crate) struct Metered<M: Message> {
    pub(crate) msg: Option<M>,
    pub(crate) reply: Option<OneshotSender<M::Result>>,
    pub(crate) ticket: Option<Ticket>,
    /// Set when only this incarnation understands the message.
    pub(crate) only_for: Option<u64>,
    pub(crate) stats: Arc<MessageStats>,
    pub(crate) enqueued_ns: u64,
}

impl<A, M> Parcel<A> for Metered<M>
where
    A: Component + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn taken_by(&self, generation: u64) {
        if let Some(ticket) = &self.ticket {
            ticket.store(generation, Ordering::Release);
        }
    }

    fn deliver(mut self: Box<Self>, act: &mut A, ctx: &mut Ctx<A>, generation: &Generation, now_ns: u64) {
        let Some(msg) = self.msg.take() else { return };
        if self.only_for.is_some_and(|wanted| wanted != ctx.incarnation()) {
            count(&self.stats.fenced);
            return;
        }
        if self.reply.as_ref().is_some_and(OneshotSender::is_closed) {
            count(&self.stats.cancelled);
            return;
        }
        let reply = self.reply.take();
        let flight = Flight::begin(generation, &self.stats, self.enqueued_ns, now_ns);
        handle(act, ctx, msg, reply, flight);
    }
}

impl<M: Message> Drop for Metered<M> {
    fn drop(&mut self) {
        // Still here: nobody has begun with it and nobody got it back.
        if self.msg.is_some() {
            count(&self.stats.lost);
        }
    }
}

/// Handles one message and accounts for it, also when the handler panics or is fenced meanwhile.
pub(crate) fn handle<A, M>(
    act: &mut A,
    ctx: &mut Ctx<A>,
    msg: M,
    reply: Option<OneshotSender<M::Result>>,
    flight: Flight<'_>,
) where
    A: Component + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    let response = <A as Handler<M>>::handle(act, msg, ctx);
    if flight.land() {
        response.handle(ctx, reply);
    }
    // Otherwise the component was fenced while handling: the asker has been released, the answer is nobody's.
}

/// A message being handled. Whoever takes it off the generation's record first accounts for it: the handler that
/// returns (handled), the unwinding (lost) or the watchdog that fences (fenced).
pub(crate) struct Flight<'a> {
    generation: &'a Generation,
    stats: &'a MessageStats,
    started_ns: u64,
}

impl<'a> Flight<'a> {
    pub(crate) fn begin(
        generation: &'a Generation,
        stats: &'a MessageStats,
        enqueued_ns: u64,
        started_ns: u64,
    ) -> Self {
        generation.beat_at(started_ns);
        generation.begin_message(stats.index, started_ns);
        stats.wait.record(started_ns.saturating_sub(enqueued_ns));
        Self {
            generation,
            stats,
            started_ns,
        }
    }

    /// True when the message was handled while the component was still the one in charge.
    fn land(self) -> bool {
        let ended_ns = self.generation.now_ns();
        let in_charge = self.generation.end_message().is_some();
        if in_charge {
            self.generation.beat_at(ended_ns);
            self.stats.run.record(ended_ns.saturating_sub(self.started_ns));
            count(&self.stats.handled);
        }
        in_charge
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if let Some(index) = self.generation.end_message() {
            count(&self.stats.lost);
            self.generation.note_crash(index);
        }
    }
}

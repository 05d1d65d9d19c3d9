//! Messages sent to the raw actix address, past the handle: measured and fenced all the same, but neither bounded nor
//! kept across restarts. They count as sent when they are handled.

use std::sync::Arc;

use actix::Handler;
use actix::dev::{Envelope, EnvelopeProxy, Message, OneshotSender, ToEnvelope};

use crate::clock::now_ns;
use crate::metered::{Flight, handle};
use crate::stats::count;
use crate::{Component, Ctx};

struct Direct<M: Message> {
    msg: Option<M>,
    reply: Option<OneshotSender<M::Result>>,
    enqueued_ns: u64,
}

impl<A, M> ToEnvelope<A, M> for Ctx<A>
where
    A: Component + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn pack(msg: M, tx: Option<OneshotSender<M::Result>>) -> Envelope<A> {
        Envelope::with_proxy(Box::new(Direct {
            msg: Some(msg),
            reply: tx,
            enqueued_ns: now_ns(),
        }))
    }
}

impl<A, M> EnvelopeProxy<A> for Direct<M>
where
    A: Component + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn handle(&mut self, act: &mut A, ctx: &mut Ctx<A>) {
        let Some(msg) = self.msg.take() else { return };
        let stats = ctx.slot().stats.of::<M>();
        count(&stats.sent);
        let reply = self.reply.take();
        if reply.as_ref().is_some_and(OneshotSender::is_closed) {
            count(&stats.cancelled);
            return;
        }
        // It was sent by the machine's clock; the supervision may have another.
        let waited_ns = now_ns().saturating_sub(self.enqueued_ns);
        let generation = Arc::clone(ctx.generation());
        let started_ns = generation.now_ns();
        let enqueued_ns = started_ns.saturating_sub(waited_ns);
        let flight = Flight::begin(&generation, &stats, enqueued_ns, started_ns);
        handle(act, ctx, msg, reply, flight);
        ctx.spend();
    }
}

//! Moves messages from the component's mailbox into the component: an actor future that never ends.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix::ActorFuture;

use crate::{Component, Ctx};

pub(crate) struct Pump<A>(PhantomData<fn(A)>);

impl<A> Pump<A> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Component> ActorFuture<A> for Pump<A> {
    type Output = ();

    /// Registers no waker: the supervising future has done so before it polls.
    fn poll(self: Pin<&mut Self>, act: &mut A, ctx: &mut Ctx<A>, _: &mut Context<'_>) -> Poll<()> {
        // Who gets an answer finds the component running.
        ctx.announce();
        if ctx.is_spent() || ctx.parts.waiting() {
            return Poll::Pending;
        }
        let (slot, generation) = (Arc::clone(ctx.slot()), Arc::clone(ctx.generation()));
        let mut now_ns = generation.now_ns();
        while !ctx.is_spent() && !ctx.parts.waiting() {
            let Some(parcel) = slot.queue.pop(generation.number) else {
                break;
            };
            parcel.deliver(act, ctx, &generation, now_ns);
            // The end of one message is the beginning of the next: a look at the clock less.
            now_ns = generation.beat_ns();
            ctx.spend();
        }
        Poll::Pending
    }
}

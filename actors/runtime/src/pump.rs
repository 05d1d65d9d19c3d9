//! Moves messages from the component's mailbox into the component: an actor future that never ends.

use std::marker::PhantomData;
use std::pin::Pin;
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
        while !ctx.is_spent() && !ctx.parts.waiting() {
            let Some(parcel) = ctx.slot().queue.pop(ctx.generation().number) else {
                break;
            };
            parcel.deliver(act, ctx);
            ctx.spend();
        }
        Poll::Pending
    }
}

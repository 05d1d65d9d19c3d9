//! What makes [`Ctx`] an actix context.

use actix::dev::{AsyncContextParts, ContextParts};
use actix::{ActorContext, ActorFuture, ActorState, Addr, AsyncContext, SpawnHandle};

use crate::{Component, Ctx};

/// Carried out of a fenced component by unwinding; never seen outside this crate.
pub(crate) struct Fenced;

impl<A: Component> ActorContext for Ctx<A> {
    fn stop(&mut self) {
        self.parts.stop();
    }

    fn terminate(&mut self) {
        self.parts.terminate();
    }

    fn state(&self) -> ActorState {
        self.parts.state()
    }
}

impl<A: Component> AsyncContext<A> for Ctx<A> {
    /// The raw actix address. Prefer [`Ctx::handle`]: messages sent here are not bounded, and are lost in a hang.
    fn address(&self) -> Addr<A> {
        self.parts.address()
    }

    fn spawn<F>(&mut self, fut: F) -> SpawnHandle
    where
        F: ActorFuture<A, Output = ()> + 'static,
    {
        self.parts.spawn(fut)
    }

    fn wait<F>(&mut self, fut: F)
    where
        F: ActorFuture<A, Output = ()> + 'static,
    {
        self.parts.wait(fut);
    }

    /// Also true at the end of a turn and in a component that was replaced: actix then leaves its mailbox alone.
    fn waiting(&self) -> bool {
        self.parts.waiting() || self.is_spent() || self.is_fenced()
    }

    fn cancel_future(&mut self, handle: SpawnHandle) -> bool {
        self.parts.cancel_future(handle)
    }
}

impl<A: Component> AsyncContextParts<A> for Ctx<A> {
    /// actix comes by here before every step it takes, so this is where a component that was replaced while it hung
    /// is stopped from taking another one. Unwinding leaves actix's loop without running `stopping` or `stopped`.
    fn parts(&mut self) -> &mut ContextParts<A> {
        if !self.leaving && self.generation().is_fenced() {
            self.leaving = true;
            std::panic::resume_unwind(Box::new(Fenced));
        }
        &mut self.parts
    }
}

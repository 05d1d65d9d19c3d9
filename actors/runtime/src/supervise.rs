//! The future that runs one generation of a component: it polls actix's own future with panics caught, and repairs
//! what can be repaired on the spot.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use actix::dev::{ContextFut, ContextParts, Mailbox};
use actix::{ActorContext as _, Addr, AsyncContext as _};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::runtime::RuntimeFlavor;

use crate::generation::{Command, Generation};
use crate::pump::Pump;
use crate::queue::Gate;
use crate::slot::{Beginning, Decision, Repair, Slot};
use crate::sync::{guarded, panic_text};
use crate::{Component, Ctx, Reason};

pub(crate) struct Supervise<A: Component> {
    slot: Arc<Slot<A>>,
    generation: Arc<Generation>,
    incarnation: u64,
    fut: Option<ContextFut<A, Ctx<A>>>,
    /// actix ends a component whose last address is gone; ours ends when we say so.
    address: Option<Addr<A>>,
    delay: Option<BoxFuture<'static, ()>>,
    /// For the context of the next incarnation.
    announce: Option<Option<Repair>>,
    stopping: bool,
    ended: bool,
}

impl<A: Component> Supervise<A> {
    pub(crate) fn new(slot: Arc<Slot<A>>, generation: Arc<Generation>, start: Beginning) -> Self {
        Self {
            incarnation: slot.next_incarnation(),
            delay: start.delay.map(|delay| slot.clock.sleep(delay).boxed()),
            slot,
            generation,
            fut: None,
            address: None,
            announce: Some(start.repair),
            stopping: false,
            ended: false,
        }
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut stop_sent = false;
        loop {
            self.generation.beat_at(self.generation.now_ns());
            if self.generation.is_fenced() || self.obey().is_ready() {
                return self.end();
            }
            let hold = match self.fut {
                None => self.slot.held(&self.generation),
                Some(_) => None,
            };
            if let Some(hold) = &hold {
                hold.down.cancel();
            }
            if let Some(delay) = &mut self.delay {
                if delay.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.delay = None;
                self.slot.reopen(&self.generation);
            }
            if hold.is_some() {
                return Poll::Pending;
            }
            let outcome = self.step(cx);
            if self.generation.is_fenced() {
                return self.end();
            }
            let over = match outcome {
                Ok(Poll::Pending) if self.stopping && !stop_sent && self.is_idle() => {
                    stop_sent = true;
                    if let Some(fut) = &mut self.fut {
                        fut.ctx().stop();
                    }
                    Poll::Pending
                }
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(())) if self.stopping => Poll::Ready(()),
                Ok(Poll::Ready(())) => self.fault(Reason::Stopped),
                Err(message) => {
                    let handling = self.generation.take_crash();
                    let handling = handling.and_then(|index| self.slot.stats.at(index));
                    self.fault(Reason::Panic {
                        message,
                        handling: handling.map(|stats| stats.name),
                    })
                }
            };
            if over.is_ready() {
                return self.end();
            }
        }
    }

    /// Carries out what the outside asked for. Ready when the component shall end here.
    fn obey(&mut self) -> Poll<()> {
        match self.generation.take_command() {
            Some(Command::Stop) => {
                self.stopping = true;
                self.generation.tasks().cancel.cancel();
                // Nothing is running yet: there is nothing to bring to an end.
                if self.fut.is_none() {
                    return Poll::Ready(());
                }
            }
            Some(Command::Restart(reason)) if !self.stopping => {
                if self.delay.take().is_some() {
                    // It was about to start anyway; now it does so at once.
                    self.slot.reopen(&self.generation);
                } else if self.fut.is_some() {
                    return self.fault(reason);
                }
            }
            _ => {}
        }
        Poll::Pending
    }

    /// One poll of the component, built first if need be. An error is the text of a panic.
    fn step(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, String> {
        if self.fut.is_none() {
            self.build()?;
        }
        let Some(fut) = &mut self.fut else {
            return Ok(Poll::Pending);
        };
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *fut).poll(cx)))
            .map_err(|payload| panic_text(payload.as_ref()))?;
        if polled.is_pending()
            && let Some(repair) = self.announce.take()
        {
            self.slot.running(&self.generation, repair, self.incarnation);
        }
        Ok(polled)
    }

    /// The turn is over, whether or not there is more to do.
    fn is_spent(&mut self) -> bool {
        self.fut.as_mut().is_some_and(|fut| fut.ctx().is_spent())
    }

    /// There is more to do, but others first.
    ///
    /// A plain wake would not do: the thread polls us up to 61 times before it looks at anything but tasks, and a turn
    /// may take 10 ms. On a runtime of several threads tokio's own yield is just that for us, since our thread is none
    /// of its workers. So we queue up behind the thread's commands.
    fn step_aside(&self, cx: &mut Context<'_>) {
        if self.slot.dataplane.handle().runtime_flavor() == RuntimeFlavor::CurrentThread {
            // Here the yield comes after the timers. It needs to be polled only once.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
            return;
        }
        let waker = cx.waker().clone();
        if !self.generation.lane.run(move || waker.wake()) {
            // The thread is ending, and we with it.
            cx.waker().wake_by_ref();
        }
    }

    fn build(&mut self) -> Result<(), String> {
        let (slot, generation) = (Arc::clone(&self.slot), Arc::clone(&self.generation));
        let incarnation = self.incarnation;
        // A copy: should the component not get through its creation, the next attempt has the same to tell.
        let announce = self.announce.clone();
        let fut = guarded(move || {
            let mailbox = Mailbox::default();
            let parts = ContextParts::new(mailbox.sender_producer());
            let component = <A as Component>::create(&slot.deps);
            let mut ctx = Ctx::new(parts, slot, generation, incarnation, announce);
            ctx.refill();
            ctx.spawn(Pump::new());
            ContextFut::new(ctx, component, mailbox)
        })?;
        self.address = Some(fut.address());
        self.fut = Some(fut);
        self.announce = None;
        Ok(())
    }

    /// Takes the failed component apart and prepares the next start. Ready when there is none.
    fn fault(&mut self, reason: Reason) -> Poll<()> {
        let detected = self.slot.clock.now();
        let lost = u64::from(matches!(&reason, Reason::Panic { handling: Some(_), .. }));
        let delay = match self.slot.fault(&self.generation, &reason) {
            Some(Decision::Start(delay)) => delay,
            Some(Decision::CoolDown(delay)) => Some(delay),
            Some(Decision::Fail | Decision::Exit(_) | Decision::End) | None => {
                return Poll::Ready(());
            }
        };
        // The old incarnation's tasks end before anything of the new one exists.
        self.generation.renew_tasks();
        let untold = self.fut.as_mut().and_then(|fut| fut.ctx().announce.take());
        let earlier = untold.or_else(|| self.announce.take()).flatten();
        self.dismantle();
        self.incarnation = self.slot.next_incarnation();
        self.delay = delay.map(|delay| self.slot.clock.sleep(delay).boxed());
        self.announce = Some(Some(Repair {
            reason,
            detected: earlier.as_ref().map_or(detected, |earlier| earlier.detected),
            lost: lost + earlier.map_or(0, |earlier| earlier.lost),
        }));
        Poll::Pending
    }

    /// While stopping: true once the tasks have ended and the mailbox is empty.
    fn is_idle(&self) -> bool {
        if self.generation.tasks().running() > 0 {
            return false;
        }
        if self.slot.queue.gate() == Gate::Open {
            self.slot.queue.set_gate(Gate::Draining);
        }
        self.slot.queue.depth() == 0
    }

    /// Drops the component. Its own Drop may panic, which must not reach anybody: here nothing is unwinding, so it
    /// can be caught. Terminated first, so that actix does not run `stopping` and `stopped` of a failed component.
    fn dismantle(&mut self) {
        self.address = None;
        let Some(mut fut) = self.fut.take() else {
            return;
        };
        fut.ctx().leaving = true;
        fut.ctx().terminate();
        if let Err(panic) = guarded(move || drop(fut)) {
            tracing::warn!(
                component = A::NAME,
                id = self.slot.id,
                panic,
                "Dropping a component panicked."
            );
        }
    }

    fn end(&mut self) -> Poll<()> {
        if !self.ended {
            self.ended = true;
            self.dismantle();
            self.slot.ended(&self.generation);
        }
        Poll::Ready(())
    }
}

impl<A: Component> Future for Supervise<A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // Before looking for messages and commands, so that none slips through between the look and the wait.
        let number = this.generation.number;
        this.slot.queue.begin_turn(number, cx.waker());
        this.generation.begin_poll();
        if let Some(fut) = &mut this.fut {
            fut.ctx().refill();
        }
        let outcome = loop {
            let outcome = this.advance(cx);
            let spent = this.is_spent();
            if outcome.is_ready() || this.slot.queue.end_turn(number, spent) {
                if outcome.is_pending() && spent {
                    this.step_aside(cx);
                }
                break outcome;
            }
        };
        this.generation.end_poll();
        outcome
    }
}

impl<A: Component> Drop for Supervise<A> {
    fn drop(&mut self) {
        // Also when the thread ends under it.
        let _ = self.end();
    }
}

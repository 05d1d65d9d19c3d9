//! The context a component runs in: what it may ask of the runtime.

use std::cell::Cell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix::Handler;
use actix::dev::ContextParts;
use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::generation::Generation;
use crate::slot::{Repair, Slot};
use crate::sync::{guarded, panic_text};
use crate::task::{Running, TaskGroup};
use crate::{Component, Handle, TaskEnded};

/// How many messages a component handles before it lets others have the thread.
pub(crate) const MESSAGES_PER_TURN: u32 = 256;
/// How long it handles messages before it lets others have the thread.
const TURN_NS: u64 = 10_000_000;

/// The actix context of a [`Component`].
pub struct Ctx<A: Component> {
    pub(crate) parts: ContextParts<A>,
    slot: Arc<Slot<A>>,
    generation: Arc<Generation>,
    tasks: Arc<TaskGroup>,
    incarnation: u64,
    /// What is left of this turn.
    budget: Cell<u32>,
    turn_ends_ns: Cell<u64>,
    /// The context is being taken apart: no more unwinding out of it.
    pub(crate) leaving: bool,
    /// Told to the outside as soon as `started` has returned; `Some(None)` for the very first start.
    pub(crate) announce: Option<Option<Repair>>,
}

impl<A: Component> Ctx<A> {
    pub(crate) fn new(
        parts: ContextParts<A>,
        slot: Arc<Slot<A>>,
        generation: Arc<Generation>,
        incarnation: u64,
        announce: Option<Option<Repair>>,
    ) -> Self {
        let tasks = generation.tasks();
        Self {
            parts,
            slot,
            generation,
            tasks,
            incarnation,
            budget: Cell::new(0),
            turn_ends_ns: Cell::new(0),
            leaving: false,
            announce,
        }
    }

    /// What the component was built from.
    pub fn deps(&self) -> &A::Deps {
        &self.slot.deps
    }

    /// The component's own handle, valid across restarts.
    #[must_use]
    pub fn handle(&self) -> Handle<A> {
        Handle::of(Arc::clone(&self.slot))
    }

    /// The id the component was registered with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.slot.id
    }

    /// Starts at 1 and grows by one with every restart. Written along with durable state it is a fencing token: a
    /// write with a lower number than the stored one comes from a component that has been replaced. It starts anew with
    /// the process: where a store outlives that, a number of the process's own goes in front.
    #[must_use]
    pub const fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Cancelled when the component is restarted, fenced for a hang, or stopped. Tasks watch it to end in order.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.tasks.cancel.clone()
    }

    /// True once the component has been replaced because it hung. Code that may block checks this before it does
    /// anything that others can see.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.generation.is_fenced()
    }

    /// A sign of life during long legitimate work, so that it is not taken for a hang.
    pub fn heartbeat(&self) {
        self.generation.beat_at(self.generation.now_ns());
    }

    /// The clock of the supervision: a component that keeps its schedules by it can be tested in accelerated time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.slot.clock
    }

    /// Runs a future on the shared runtime. Its end, or its panic, comes back as [`TaskEnded`].
    ///
    /// On a restart it is dropped at its next await. When the component is stopped it has the policy's shutdown time
    /// to notice [`Ctx::cancelled`] and end by itself.
    pub fn spawn_task<F>(&mut self, name: &'static str, f: F)
    where
        F: Future<Output = ()> + Send + 'static,
        A: Handler<TaskEnded>,
    {
        let report = self.report(name);
        let abort = self.tasks.abort.clone();
        self.slot.dataplane.spawn(async move {
            // The inner block drops the future before it returns, so that a panic of its Drop is caught as well.
            let work = AssertUnwindSafe(async move {
                f.await;
            })
            .catch_unwind();
            let outcome = tokio::select! {
                biased;
                () = abort.cancelled() => return,
                outcome = work => outcome,
            };
            report.send(outcome.map_err(|payload| panic_text(payload.as_ref())));
        });
    }

    /// Runs a function on the shared runtime's threads for blocking work. Its end, or its panic, comes back as
    /// [`TaskEnded`]. A blocking function cannot be interrupted: it must look at the token it is given.
    pub fn spawn_blocking<F>(&mut self, name: &'static str, f: F)
    where
        F: FnOnce(CancellationToken) + Send + 'static,
        A: Handler<TaskEnded>,
    {
        let report = self.report(name);
        let token = self.tasks.cancel.clone();
        self.slot.dataplane.spawn_blocking(move || {
            let outcome = guarded(move || f(token));
            report.send(outcome);
        });
    }

    fn report(&self, name: &'static str) -> Report<A> {
        Report {
            slot: Arc::clone(&self.slot),
            running: Some(self.tasks.enter()),
            incarnation: self.incarnation,
            name,
        }
    }

    pub(crate) const fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    pub(crate) const fn slot(&self) -> &Arc<Slot<A>> {
        &self.slot
    }

    /// `started` has returned: the component runs.
    pub(crate) fn announce(&mut self) {
        if let Some(repair) = self.announce.take() {
            self.slot.running(&self.generation, repair, self.incarnation);
        }
    }

    /// Begins a turn.
    pub(crate) fn refill(&self) {
        self.budget.set(MESSAGES_PER_TURN);
        self.turn_ends_ns.set(self.generation.now_ns().saturating_add(TURN_NS));
    }

    /// Notes that a message was handled.
    pub(crate) fn spend(&self) {
        let over = self.generation.beat_ns() >= self.turn_ends_ns.get();
        let left = if over { 0 } else { self.budget.get().saturating_sub(1) };
        self.budget.set(left);
    }

    /// The turn is over: others have the thread now.
    pub(crate) fn is_spent(&self) -> bool {
        self.budget.get() == 0
    }
}

/// Tells the component how a task of its ended. Dropped unsent, it still uncounts the task.
struct Report<A: Component> {
    slot: Arc<Slot<A>>,
    running: Option<Running>,
    incarnation: u64,
    name: &'static str,
}

impl<A: Component + Handler<TaskEnded>> Report<A> {
    fn send(mut self, outcome: Result<(), String>) {
        let Some(running) = self.running.take() else { return };
        let outcome = outcome.map_err(|message| self.slot.task_panicked(self.name, message));
        let aborted = running.is_aborted();
        drop(running);
        if !aborted {
            let ended = TaskEnded {
                name: self.name,
                outcome,
            };
            self.slot.push_own(ended, self.incarnation);
        }
    }
}

impl<A: Component> Drop for Report<A> {
    fn drop(&mut self) {
        self.running = None;
        // A component that is stopping waits for its tasks.
        self.slot.queue.wake();
    }
}

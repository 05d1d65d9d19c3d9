//! Going down and coming up together with others.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Control, Slot};
use crate::generation::{Command, Generation};
use crate::sync::lock;
use crate::{Component, Health, Reason};

/// Keeps a component down until it is its turn to start again. Two holds are the same when they are the same `Arc`.
#[derive(Default)]
pub(crate) struct Hold {
    /// Cancelled when the component has been taken apart.
    pub(crate) down: CancellationToken,
}

impl Control {
    /// Whoever has begun the hold lets it go, and nobody else.
    pub(super) fn hold(&mut self) -> Option<Arc<Hold>> {
        if self.hold.is_some() {
            return None;
        }
        let hold = Arc::new(Hold::default());
        self.hold = Some(Arc::clone(&hold));
        Some(hold)
    }
}

impl<A: Component> Slot<A> {
    /// Asks the component to go down and stay there. `None` when there is nothing to do: it is down by itself, or
    /// stopping.
    pub(crate) fn take_down(&self, failed: &str) -> Option<Arc<Hold>> {
        let mut control = lock(&self.control);
        if control.stopping || self.health.get() == Health::Failed {
            return None;
        }
        let generation = control.current.clone()?;
        let hold = control.hold()?;
        generation.command(Command::Restart(Reason::Neighbour { id: failed.to_owned() }));
        self.queue.wake();
        Some(hold)
    }

    /// Waits until it is down. One that is not in its policy's shutdown time is left on its thread and continues on
    /// another.
    pub(crate) async fn taken_down(self: Arc<Self>, hold: Arc<Hold>, failed: String) {
        let Some(generation) = lock(&self.control).current.clone() else {
            return;
        };
        tokio::select! {
            biased;
            () = hold.down.cancelled() => {}
            () = generation.ended.cancelled() => {}
            () = self.clock.sleep(self.policy.shutdown) => {
                self.replace(&generation, Reason::Neighbour { id: failed });
            }
        }
    }

    /// Lets it start.
    pub(crate) fn let_go(&self, hold: &Arc<Hold>) {
        {
            let mut control = lock(&self.control);
            if control.hold.as_ref().is_some_and(|held| Arc::ptr_eq(held, hold)) {
                control.hold = None;
            }
        }
        self.queue.wake();
    }

    /// Waits until it runs, or until it is clear that it does not.
    pub(crate) async fn up(self: Arc<Self>) {
        // The wait before its start included.
        let patience = self.policy.hang_after + self.policy.backoff.max_interval * 2;
        let settled = async {
            loop {
                let changed = self.health.changed();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let settled = matches!(self.health.get(), Health::Running | Health::Failed | Health::Stopped);
                // It failed again: that is the next one's business.
                if settled || lock(&self.control).hold.is_some() {
                    return;
                }
                changed.await;
            }
        };
        tokio::select! {
            () = settled => {}
            () = self.clock.sleep(patience) => {}
        }
    }

    /// What keeps this generation from starting.
    pub(crate) fn held(&self, generation: &Arc<Generation>) -> Option<Arc<Hold>> {
        let control = lock(&self.control);
        control.hold.clone().filter(|_| control.is_current(generation))
    }
}

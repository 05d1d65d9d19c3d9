//! Stopping a component.

use std::sync::Arc;
use std::time::Duration;

use super::Slot;
use crate::generation::Command;
use crate::sync::lock;
use crate::{Component, Health, Reason};

impl<A: Component> Slot<A> {
    /// Stops the component: its tasks are asked to end, waiting messages are handled, then it ends. What is not done
    /// when the policy's time is up is abandoned.
    pub(crate) async fn stop(self: Arc<Self>) -> (Duration, bool) {
        let begun = self.clock.now();
        let current = {
            let mut control = lock(&self.control);
            control.stopping = true;
            control.current.clone()
        };
        let Some(generation) = current else {
            drop(self.queue.shut());
            self.health.set(Health::Stopped);
            return ((self.clock.now() - begun), true);
        };
        generation.command(Command::Stop);
        self.queue.wake();
        let ended = generation.ended.cancelled();
        let in_time = tokio::select! {
            biased;
            () = ended => true,
            () = self.clock.sleep(self.policy.shutdown) => false,
        };
        if !in_time {
            self.replace(&generation, Reason::Requested);
        }
        ((self.clock.now() - begun), in_time && !generation.is_fenced())
    }

    /// Stops the component, and does not wait for it: it has its policy's time all the same, and no more.
    pub(crate) fn dismiss(self: &Arc<Self>) {
        let runs = {
            let mut control = lock(&self.control);
            control.stopping = true;
            if let Some(generation) = &control.current {
                generation.command(Command::Stop);
                self.queue.wake();
            }
            control.current.is_some()
        };
        if runs {
            self.dataplane.spawn(Arc::clone(self).stop());
        }
    }
}

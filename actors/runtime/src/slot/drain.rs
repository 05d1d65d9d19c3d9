//! A component that takes no more messages but finishes those it has.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Slot;
use crate::generation::Generation;
use crate::metered::Parcel;
use crate::queue::Gate;
use crate::sync::lock;
use crate::{Component, Ctx};

/// Put at the end of the mailbox: when it is its turn, everything before it is done.
struct Marker(oneshot::Sender<()>);

impl<A: Component> Parcel<A> for Marker {
    fn taken_by(&self, _: u64) {}

    fn deliver(self: Box<Self>, _: &mut A, _: &mut Ctx<A>, _: &Generation, _: u64) {
        // Nobody waits any more: fine.
        let _ = self.0.send(());
    }
}

impl<A: Component> Slot<A> {
    /// Refuses messages from others from now on, also across restarts. True when those that waited have been handled,
    /// false when the time was up before, or the component went down.
    pub(crate) async fn drain(self: Arc<Self>, deadline: Duration) -> bool {
        {
            let mut control = lock(&self.control);
            control.draining = true;
            if self.queue.gate() == Gate::Open {
                self.queue.set_gate(Gate::Draining);
            }
        }
        let (done, finished) = oneshot::channel();
        if self.queue.push(Box::new(Marker(done)), true).is_err() {
            // Down: there is no queue.
            return true;
        }
        tokio::select! {
            biased;
            finished = finished => finished.is_ok(),
            () = self.clock.sleep(deadline) => false,
        }
    }

    /// Takes messages again.
    pub(crate) fn undrain(&self) {
        let mut control = lock(&self.control);
        control.draining = false;
        if !control.stopping && self.queue.gate() == Gate::Draining {
            self.queue.set_gate(Gate::Open);
        }
    }
}

//! A slot without its component's type, for the registry, the watchdog and the shutdown.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Hold, Slot};
use crate::lane::Lane;
use crate::{Component, Health, Reason, Snapshot, Trouble};

pub(crate) trait AnySlot: Send + Sync {
    fn id(&self) -> &str;
    fn sequence(&self) -> u64;
    fn health(&self) -> Health;
    fn snapshot(&self) -> Snapshot;
    /// Whether, and why, it is down.
    fn trouble(&self) -> Option<Trouble>;
    /// One look by the watchdog, `step` after the last. False when there was something wrong.
    fn inspect(self: Arc<Self>, step: Duration) -> bool;
    /// Asks for a restart. False when there is nothing to restart.
    fn request_restart(self: Arc<Self>, reason: Reason) -> bool;
    /// Moves the component off a thread that another one blocks.
    fn evict(self: Arc<Self>, lane: &Arc<Lane>, culprit: &str);
    /// Asks the component to go down with another one, and to stay there.
    fn take_down(&self, failed: &str) -> Option<Arc<Hold>>;
    /// Waits until it is down.
    fn taken_down(self: Arc<Self>, hold: Arc<Hold>, failed: String) -> BoxFuture<'static, ()>;
    /// Lets it start.
    fn let_go(&self, hold: &Arc<Hold>);
    /// Waits until it runs, or until it is clear that it does not.
    fn up(self: Arc<Self>) -> BoxFuture<'static, ()>;
    /// Refuses messages from others and finishes those that wait.
    fn drain(self: Arc<Self>, deadline: Duration) -> BoxFuture<'static, bool>;
    /// Takes messages again.
    fn undrain(&self);
    /// Stops the component; says how long it took and whether it stopped in order.
    fn stop(self: Arc<Self>) -> BoxFuture<'static, (Duration, bool)>;
    /// Stops the component, and does not wait.
    fn dismiss(self: Arc<Self>);
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<A: Component> AnySlot for Slot<A> {
    fn id(&self) -> &str {
        &self.id
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn health(&self) -> Health {
        self.health.get()
    }

    fn snapshot(&self) -> Snapshot {
        Self::snapshot(self)
    }

    fn trouble(&self) -> Option<Trouble> {
        Self::trouble(self)
    }

    fn inspect(self: Arc<Self>, step: Duration) -> bool {
        Self::inspect(&self, step)
    }

    fn request_restart(self: Arc<Self>, reason: Reason) -> bool {
        Self::request_restart(&self, reason)
    }

    fn evict(self: Arc<Self>, lane: &Arc<Lane>, culprit: &str) {
        Self::evict(&self, lane, culprit);
    }

    fn take_down(&self, failed: &str) -> Option<Arc<Hold>> {
        Self::take_down(self, failed)
    }

    fn taken_down(self: Arc<Self>, hold: Arc<Hold>, failed: String) -> BoxFuture<'static, ()> {
        Self::taken_down(self, hold, failed).boxed()
    }

    fn let_go(&self, hold: &Arc<Hold>) {
        Self::let_go(self, hold);
    }

    fn up(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Self::up(self).boxed()
    }

    fn drain(self: Arc<Self>, deadline: Duration) -> BoxFuture<'static, bool> {
        Self::drain(self, deadline).boxed()
    }

    fn undrain(&self) {
        Self::undrain(self);
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, (Duration, bool)> {
        Self::stop(self).boxed()
    }

    fn dismiss(self: Arc<Self>) {
        Self::dismiss(&self);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

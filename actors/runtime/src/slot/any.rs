//! A slot without its component's type, for the registry, the watchdog and the shutdown.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Slot;
use crate::lane::Lane;
use crate::{Component, Health, Reason, Snapshot};

pub(crate) trait AnySlot: Send + Sync {
    fn id(&self) -> &str;
    fn sequence(&self) -> u64;
    fn health(&self) -> Health;
    fn snapshot(&self) -> Snapshot;
    /// One look by the watchdog, `step` after the last.
    fn inspect(self: Arc<Self>, step: Duration);
    /// Asks for a restart. False when there is nothing to restart.
    fn request_restart(self: Arc<Self>, reason: Reason) -> bool;
    /// Moves the component off a thread that another one blocks.
    fn evict(self: Arc<Self>, lane: &Arc<Lane>, culprit: &str);
    /// Stops the component; says how long it took and whether it stopped in order.
    fn stop(self: Arc<Self>) -> BoxFuture<'static, (Duration, bool)>;
    /// Asks the component to stop, and does not wait.
    fn dismiss(&self);
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

    fn inspect(self: Arc<Self>, step: Duration) {
        Self::inspect(&self, step);
    }

    fn request_restart(self: Arc<Self>, reason: Reason) -> bool {
        Self::request_restart(&self, reason)
    }

    fn evict(self: Arc<Self>, lane: &Arc<Lane>, culprit: &str) {
        Self::evict(&self, lane, culprit);
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, (Duration, bool)> {
        Self::stop(self).boxed()
    }

    fn dismiss(&self) {
        Self::dismiss(self);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

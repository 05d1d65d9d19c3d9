//! The components of a factory, and how others ring them.

use super::consumer::ChannelEvents;
use super::orchestrator::{Advance, Orchestrator};
use super::outbox::{OutboxSender, Wake};
use super::presence::PresenceWatcher;
use super::reaper::LeaseReaper;
use super::timekeeper::Timekeeper;
use super::trigger::TriggerScheduler;
use super::web::WebCaller;
use crate::app::App;
use crate::replicas::{ReplicaKeeper, ReplicaListener};
use crate::rounds::Rounds;
use sluice_runtime::{Handle, Placement, Root};
use std::sync::Arc;

/// The ids of the components, in the order they start.
pub(crate) const COMPONENTS: [&str; 10] = [
    "factory/orchestrator",
    "factory/outbox",
    "factory/events",
    "factory/leases",
    "factory/presence",
    "factory/timekeeper",
    "factory/replicas",
    "factory/web",
    "factory/triggers",
    "factory/notices",
];

/// The thread the components share: they only ring bells, the work runs on the data plane.
const PLACE: Placement = Placement::Shared("factory");

/// The running components.
pub(crate) struct Handles {
    orchestrator: Handle<Orchestrator>,
    outbox: Handle<OutboxSender>,
}

impl Handles {
    /// Starts all of them.
    pub(crate) fn start(root: &Root, app: &Arc<App>) -> Self {
        let handles = Self {
            orchestrator: root.supervise::<Orchestrator>(COMPONENTS[0], app.clone(), PLACE),
            outbox: root.supervise::<OutboxSender>(COMPONENTS[1], app.clone(), PLACE),
        };
        root.supervise::<ChannelEvents>(COMPONENTS[2], app.clone(), PLACE);
        root.supervise::<LeaseReaper>(COMPONENTS[3], app.clone(), PLACE);
        root.supervise::<PresenceWatcher>(COMPONENTS[4], app.clone(), PLACE);
        root.supervise::<Rounds<Timekeeper>>(COMPONENTS[5], app.clone(), PLACE);
        root.supervise::<Rounds<ReplicaKeeper>>(COMPONENTS[6], app.clone(), PLACE);
        root.supervise::<WebCaller>(COMPONENTS[7], app.clone(), PLACE);
        root.supervise::<Rounds<TriggerScheduler>>(COMPONENTS[8], app.clone(), PLACE);
        root.supervise::<Rounds<ReplicaListener>>(COMPONENTS[9], app.clone(), PLACE);
        handles
    }

    /// A run has something to do. When the bell cannot be rung, the orchestrator's next round finds the run.
    pub(crate) fn advance(&self, run: &str) {
        let _ = self.orchestrator.tell(Advance { run: run.to_owned() });
    }

    /// The outbox has something to send. When the bell cannot be rung, its next round finds it.
    pub(crate) fn send_outbox(&self) {
        let _ = self.outbox.tell(Wake);
    }
}

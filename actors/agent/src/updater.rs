//! Answers offers of a newer version. This version does not replace itself: it says so instead.

use crate::hub::Hub;
use actix::{Actor, Handler, Message};
use sluice_contract::message::{UpdateOffer, UpdateStatus};
use sluice_contract::{Envelope, Message as Wire, Object};
use sluice_runtime::{Component, Ctx, supervised};
use std::sync::Arc;

/// The agent's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The component that deals with updates.
pub(crate) struct Updater;

/// An offer, in its envelope.
pub(crate) struct Offered {
    pub(crate) request: Envelope,
    pub(crate) offer: UpdateOffer,
}

impl Message for Offered {
    type Result = ();
}

impl Actor for Updater {
    type Context = Ctx<Self>;
}

impl Component for Updater {
    const NAME: &'static str = "Updater";
    type Deps = Arc<Hub>;

    fn create(_: &Self::Deps) -> Self {
        Self
    }
}

supervised!(Updater);

impl Handler<Offered> for Updater {
    type Result = ();

    fn handle(&mut self, Offered { request, offer }: Offered, ctx: &mut Self::Context) {
        let hub = ctx.deps();
        let state = state(VERSION, &offer.version);
        tracing::info!(
            offered = offer.version,
            running = VERSION,
            state,
            "The factory offered a version."
        );
        let status = Wire::UpdateStatus(UpdateStatus {
            version: VERSION.to_owned(),
            state,
            extra: Object::new(),
        });
        hub.send(hub.envelope(&status).answering(&request));
    }
}

/// `UpToDate`, or what stands in the way.
fn state(running: &str, offered: &str) -> String {
    if newer(offered, running) {
        format!("NotSupported: this agent does not update itself; install version {offered} on this machine")
    } else {
        "UpToDate".to_owned()
    }
}

/// Whether version `a` (numbers between dots) is newer than `b`. A version of another form is not.
fn newer(a: &str, b: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> { text.split('.').map(|part| part.parse().ok()).collect() };
    match (numbers(a), numbers(b)) {
        (Some(a), Some(b)) => a > b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_newer_version_is_not_up_to_date() {
        assert!(newer("1.10.0", "1.9.9"));
        assert!(!newer("1.9.9", "1.10.0"));
        assert!(!newer("latest", "1.0.0"));
        assert_eq!(state("0.1.0", "0.1.0"), "UpToDate");
        assert!(state("0.1.0", "0.2.0").contains("0.2.0"));
    }
}

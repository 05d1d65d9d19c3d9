//! ReplicaKeeper: the beat of this replica; ReplicaListener: what it hears between two of them.

use super::{beat, listen};
use crate::app::App;
use crate::rounds::Round;
use sluice_contract::Fault;
use std::sync::Arc;
use std::time::Duration;

/// The component's rounds.
pub(crate) enum ReplicaKeeper {}

impl Round for ReplicaKeeper {
    const NAME: &'static str = "ReplicaKeeper";
    /// The time between two beats.
    const EVERY: Duration = Duration::from_secs(1);
    const FAILED: &'static str = "This replica could not say that it runs";

    async fn look(app: Arc<App>) -> Result<(), Fault> {
        #[cfg(test)]
        if app.replicas.is_still() {
            return Ok(());
        }
        // Where the database is not shared there is nobody to tell.
        if !app.replicas.is_shared() {
            return Ok(());
        }
        beat(&app).await
    }
}

/// A node that another replica removes is cut at once, and not with the next beat. One look lasts as long as the connection over
/// which it is heard.
pub(crate) enum ReplicaListener {}

impl Round for ReplicaListener {
    const NAME: &'static str = "ReplicaListener";
    /// The pause before a broken connection is made anew.
    const EVERY: Duration = Duration::from_secs(1);
    const FAILED: &'static str = "What other replicas say is heard later for now";

    async fn look(app: Arc<App>) -> Result<(), Fault> {
        listen(&app).await
    }
}

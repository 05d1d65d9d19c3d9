//! ReplicaKeeper: the beat of this replica.

use super::beat;
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
        // Where the database is not shared there is nobody to tell.
        if !app.replicas.is_shared() {
            return Ok(());
        }
        beat(&app).await
    }
}

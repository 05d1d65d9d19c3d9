//! TriggerScheduler: looks at triggers when their time has come.

use super::keep::keep;
use crate::app::App;
use crate::rounds::Round;
use crate::state::triggers;
use sluice_contract::Fault;
use std::sync::Arc;
use std::time::Duration;

/// How exact times are kept.
const TICK: Duration = Duration::from_millis(250);
/// How many triggers are looked at before others get a chance to write.
const PORTION: usize = 100;

/// The component's rounds.
pub(crate) enum TriggerScheduler {}

impl Round for TriggerScheduler {
    const NAME: &'static str = "TriggerScheduler";
    const EVERY: Duration = TICK;
    const FAILED: &'static str = "Triggers whose time has come could not be looked at";

    async fn look(app: Arc<App>) -> Result<(), Fault> {
        look(&app).await
    }
}

/// One trigger in each transaction, since one may have much to do.
async fn look(app: &App) -> Result<(), Fault> {
    for _ in 0..PORTION {
        let moment = app.clock.now();
        // A look without the writer's turn first: nearly always there is nothing to do.
        if triggers::due(&mut *app.state.read().await?, moment).await?.is_none() {
            return Ok(());
        }
        let mut tx = app.state.write().await?;
        // Another replica may have been faster.
        let Some(runs) = keep(&mut tx, moment, &|node| app.is_online(node)).await? else {
            return Ok(());
        };
        tx.commit().await?;
        app.send_outbox();
        for run in runs {
            app.advance(&run);
        }
        app.live.changed();
    }
    Ok(())
}

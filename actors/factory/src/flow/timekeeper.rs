//! Timekeeper: activities that wait for a moment.

use super::activity::{Next, time_has_come};
use super::failure;
use super::run::apply;
use crate::app::App;
use crate::rounds::Round;
use crate::state::{Conn, activities};
use crate::wire::now;
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use std::time::Duration;

/// How exact moments are kept.
const TICK: Duration = Duration::from_millis(200);
/// How many activities are dealt with in one transaction.
const PORTION: i64 = 200;

/// The component's rounds.
pub(crate) enum Timekeeper {}

impl Round for Timekeeper {
    const NAME: &'static str = "Timekeeper";
    const EVERY: Duration = TICK;
    const FAILED: &'static str = "Activities whose time has come could not be looked at";

    async fn look(app: Arc<App>) -> Result<(), Fault> {
        look(&app).await
    }
}

async fn look(app: &App) -> Result<(), Fault> {
    // A look without the writer's turn first: nearly always there is nothing to do.
    let moment = now();
    if activities::due(&mut *app.state.read().await?, moment, 1)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    let mut tx = app.state.write().await?;
    let runs = keep(&mut tx, moment).await?;
    tx.commit().await?;
    app.send_outbox();
    for run in runs {
        app.advance(&run);
    }
    Ok(())
}

/// Deals with activities whose time has come at a moment. The caller commits, and advances the runs that come back.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn keep(conn: &mut Conn, moment: i64) -> Result<Vec<String>, Fault> {
    let mut runs = Vec::new();
    for row in activities::due(conn, moment, PORTION).await? {
        let next = match time_has_come(conn, &row, moment).await {
            Err(fault) if fault.code == Code::StateFailed => return Err(fault),
            // One that cannot be dealt with must not hold up the others for ever.
            Err(fault) => Next::Failed(failure::error(&row.name, &fault)),
            Ok(next) => next,
        };
        apply(conn, &row, next, None).await?;
        runs.push(row.run);
    }
    runs.sort_unstable();
    runs.dedup();
    Ok(runs)
}

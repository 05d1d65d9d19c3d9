//! Timekeeper: activities that wait for a moment.

use super::activity::{Next, time_has_come};
use super::failure;
use super::run::apply;
use crate::app::App;
use crate::state::{Conn, activities};
use crate::wire::now;
use actix::{Actor, ActorContext, AsyncContext, Handler};
use sluice_contract::{Code, Fault};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;

/// How exact moments are kept.
const TICK: Duration = Duration::from_millis(200);
/// How many activities are dealt with in one transaction.
const PORTION: i64 = 200;

/// The component.
pub(crate) struct Timekeeper {
    looking: bool,
}

impl Actor for Timekeeper {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        ctx.run_interval(TICK, |me, ctx| {
            if std::mem::replace(&mut me.looking, true) {
                return;
            }
            let app = ctx.deps().clone();
            ctx.spawn_task("look", async move {
                if let Err(fault) = look(&app).await {
                    tracing::error!(%fault, "Activities whose time has come could not be looked at");
                }
            });
        });
    }
}

impl Component for Timekeeper {
    const NAME: &'static str = "Timekeeper";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self { looking: false }
    }
}

supervised!(Timekeeper);

impl Handler<TaskEnded> for Timekeeper {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        self.looking = false;
        if ended.outcome.is_err() {
            ctx.stop();
        }
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

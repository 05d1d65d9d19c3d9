//! TriggerScheduler: looks at triggers when their time has come.

use super::keep::keep;
use crate::app::App;
use crate::state::triggers;
use actix::{Actor, ActorContext, AsyncContext, Handler};
use sluice_contract::Fault;
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;

/// How exact times are kept.
const TICK: Duration = Duration::from_millis(250);
/// How many triggers are looked at before others get a chance to write.
const PORTION: usize = 100;

/// The component.
pub(crate) struct TriggerScheduler {
    looking: bool,
}

impl Actor for TriggerScheduler {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        ctx.run_interval(TICK, |me, ctx| {
            if std::mem::replace(&mut me.looking, true) {
                return;
            }
            let app = ctx.deps().clone();
            ctx.spawn_task("look", async move {
                if let Err(fault) = look(&app).await {
                    tracing::error!(%fault, "Triggers whose time has come could not be looked at");
                }
            });
        });
    }
}

impl Component for TriggerScheduler {
    const NAME: &'static str = "TriggerScheduler";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self { looking: false }
    }
}

supervised!(TriggerScheduler);

impl Handler<TaskEnded> for TriggerScheduler {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        self.looking = false;
        if ended.outcome.is_err() {
            ctx.stop();
        }
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

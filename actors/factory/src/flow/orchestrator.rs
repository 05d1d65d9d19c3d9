//! Orchestrator: advances runs when something happened to them, and looks for forgotten ones.

use super::run::{Advanced as Outcome, PORTION, advance};
use crate::app::App;
use crate::state::{audit, outcomes, runs};
use actix::{Actor, ActorContext, AsyncContext, Handler, Message};
use sluice_contract::Fault;
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How often runs that have something to do are looked for although nobody rang: bells get lost when a component restarts.
const ROUND: Duration = Duration::from_secs(10);
/// How often old records are forgotten.
const TIDY: Duration = Duration::from_secs(3600);

/// The component. It knows which runs are being advanced, so that each is advanced by one task at a time.
pub(crate) struct Orchestrator {
    /// Runs being advanced; true when the bell rang again meanwhile.
    busy: HashMap<String, bool>,
}

/// Something happened to a run.
pub(crate) struct Advance {
    pub(crate) run: String,
}

/// A run was advanced.
struct Advanced {
    run: String,
}

impl Message for Advance {
    type Result = ();
}

impl Message for Advanced {
    type Result = ();
}

impl Actor for Orchestrator {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        round(ctx);
        ctx.run_interval(ROUND, |_, ctx| round(ctx));
        ctx.run_interval(TIDY, |_, ctx| {
            let app = ctx.deps().clone();
            ctx.spawn_task("tidy", async move {
                if let Err(fault) = tidy(&app).await {
                    tracing::warn!(%fault, "Old records could not be forgotten");
                }
            });
        });
    }
}

impl Component for Orchestrator {
    const NAME: &'static str = "Orchestrator";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self { busy: HashMap::new() }
    }
}

supervised!(Orchestrator);

impl Handler<Advance> for Orchestrator {
    type Result = ();

    fn handle(&mut self, Advance { run }: Advance, ctx: &mut Ctx<Self>) {
        if let Some(again) = self.busy.get_mut(&run) {
            *again = true;
            return;
        }
        self.busy.insert(run.clone(), false);
        let (app, me) = (ctx.deps().clone(), ctx.handle());
        ctx.spawn_task("advance", async move {
            let more = step(&app, &run).await.unwrap_or_else(|fault| {
                tracing::error!(run, %fault, "A run could not be advanced; it is tried again");
                false
            });
            let _ = me.tell(Advanced { run: run.clone() });
            if more {
                let _ = me.tell(Advance { run });
            }
        });
    }
}

impl Handler<Advanced> for Orchestrator {
    type Result = ();

    fn handle(&mut self, Advanced { run }: Advanced, ctx: &mut Ctx<Self>) {
        if self.busy.remove(&run) == Some(true) {
            self.handle(Advance { run }, ctx);
        }
    }
}

impl Handler<TaskEnded> for Orchestrator {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        if ended.outcome.is_err() {
            // It is not known which run the task was about: start over with none.
            ctx.stop();
        }
    }
}

fn round(ctx: &mut Ctx<Orchestrator>) {
    let (app, me) = (ctx.deps().clone(), ctx.handle());
    ctx.spawn_task("round", async move {
        match unattended(&app).await {
            Ok(found) => {
                for run in found {
                    let _ = me.tell(Advance { run });
                }
            }
            Err(fault) => tracing::error!(%fault, "Runs that have something to do could not be looked up"),
        }
    });
}

async fn unattended(app: &App) -> Result<Vec<String>, Fault> {
    runs::unattended(&mut *app.state.read().await?).await
}

/// Whether there is more to do in the run.
async fn step(app: &App, run: &str) -> Result<bool, Fault> {
    let mut tx = app.state.write().await?;
    let Outcome { more, ring, .. } = advance(&mut tx, run, PORTION).await?;
    tx.commit().await?;
    app.send_outbox();
    for other in ring {
        app.advance(&other);
    }
    app.live.changed();
    Ok(more)
}

async fn tidy(app: &App) -> Result<(), Fault> {
    let mut tx = app.state.write().await?;
    outcomes::forget_old(&mut tx).await?;
    audit::forget_old(&mut tx).await?;
    tx.commit().await
}

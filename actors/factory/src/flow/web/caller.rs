//! WebCaller: makes the calls whose time has come.

use super::task;
use crate::app::App;
use crate::state::web_calls::{self, CallRow};
use actix::{Actor, ActorContext, AsyncContext, Handler, Message};
use sluice_contract::Fault;
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked for calls.
const TICK: Duration = Duration::from_millis(200);
/// Calls at the same time.
const PLACES: usize = 64;
/// The task that makes a call.
const CALL: &str = "call";

/// The component.
pub(crate) struct WebCaller {
    looking: bool,
    /// Whether what an earlier process was calling has been looked at.
    begun: bool,
    calls: usize,
}

/// Calls to make.
struct Taken(Vec<CallRow>);

impl Message for Taken {
    type Result = ();
}

impl Actor for WebCaller {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        ctx.run_interval(TICK, |me, ctx| {
            if me.calls >= PLACES || std::mem::replace(&mut me.looking, true) {
                return;
            }
            let (app, handle) = (ctx.deps().clone(), ctx.handle());
            let (first, places) = (!std::mem::replace(&mut me.begun, true), PLACES - me.calls);
            ctx.spawn_task("look", async move {
                let taken = look(&app, first, places).await.unwrap_or_else(|fault| {
                    tracing::error!(%fault, "Web calls could not be looked up");
                    Vec::new()
                });
                let _ = handle.tell(Taken(taken));
            });
        });
    }
}

impl Component for WebCaller {
    const NAME: &'static str = "WebCaller";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self {
            looking: false,
            begun: false,
            calls: 0,
        }
    }
}

supervised!(WebCaller);

impl Handler<Taken> for WebCaller {
    type Result = ();

    fn handle(&mut self, Taken(calls): Taken, ctx: &mut Ctx<Self>) {
        self.looking = false;
        for row in calls {
            self.calls += 1;
            let (app, cancelled) = (ctx.deps().clone(), ctx.cancelled());
            ctx.spawn_task(CALL, async move {
                tokio::select! {
                    () = task::make(&app, &row) => {}
                    // It is made again: by the next incarnation, or by another process.
                    () = cancelled.cancelled() => {}
                }
            });
        }
    }
}

impl Handler<TaskEnded> for WebCaller {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        if ended.name == CALL {
            self.calls = self.calls.saturating_sub(1);
        }
        if ended.outcome.is_err() {
            ctx.stop();
        }
    }
}

async fn look(app: &App, first: bool, places: usize) -> Result<Vec<CallRow>, Fault> {
    if first {
        let mut tx = app.state.write().await?;
        match app.replicas.is_shared() {
            // What this process was calling before this component was made anew.
            true => web_calls::release(&mut tx, app.replicas.me()).await?,
            false => web_calls::release_all(&mut tx).await?,
        }
        tx.commit().await?;
    }
    // A look without the writer's turn first: nearly always there is nothing to do.
    if !web_calls::any_due(&mut *app.state.read().await?).await? {
        return Ok(Vec::new());
    }
    let mut tx = app.state.write().await?;
    let limit = i64::try_from(places).unwrap_or(i64::MAX);
    let taken = web_calls::take(&mut tx, app.replicas.me(), task::HOLD, limit).await?;
    tx.commit().await?;
    Ok(taken)
}

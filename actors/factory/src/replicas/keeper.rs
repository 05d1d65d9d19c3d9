//! ReplicaKeeper: the beat of this replica.

use super::beat;
use crate::app::App;
use actix::{Actor, ActorContext, AsyncContext, Handler};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;

/// The time between two beats.
const BEAT: Duration = Duration::from_secs(1);

/// The component. Where the database is not shared it has nothing to do.
pub(crate) struct ReplicaKeeper {
    beating: bool,
}

impl Actor for ReplicaKeeper {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        if !ctx.deps().replicas.is_shared() {
            return;
        }
        ctx.run_interval(BEAT, |me, ctx| {
            if std::mem::replace(&mut me.beating, true) {
                return;
            }
            let app = ctx.deps().clone();
            ctx.spawn_task("beat", async move {
                if let Err(fault) = beat(&app).await {
                    tracing::error!(%fault, "This replica could not say that it runs");
                }
            });
        });
    }
}

impl Component for ReplicaKeeper {
    const NAME: &'static str = "ReplicaKeeper";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self { beating: false }
    }
}

supervised!(ReplicaKeeper);

impl Handler<TaskEnded> for ReplicaKeeper {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        self.beating = false;
        if ended.outcome.is_err() {
            ctx.stop();
        }
    }
}

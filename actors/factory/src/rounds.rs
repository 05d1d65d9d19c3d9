//! Components that look for something to do, again and again: one look at a time.

use crate::app::App;
use actix::{Actor, ActorContext, AsyncContext, Handler};
use sluice_contract::Fault;
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// What is looked for.
pub(crate) trait Round: 'static {
    /// The component's name.
    const NAME: &'static str;
    /// How often it is looked.
    const EVERY: Duration;
    /// What the log says of a look that failed.
    const FAILED: &'static str;

    /// Looks once, and does what there is to do. A look that fails is nothing lost: the next one finds the same.
    fn look(app: Arc<App>) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The component that makes the rounds.
pub(crate) struct Rounds<R> {
    looking: bool,
    of: PhantomData<fn() -> R>,
}

impl<R: Round> Actor for Rounds<R> {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        ctx.run_interval(R::EVERY, |me, ctx| {
            if std::mem::replace(&mut me.looking, true) {
                return;
            }
            let look = R::look(ctx.deps().clone());
            ctx.spawn_task("look", async move {
                if let Err(fault) = look.await {
                    tracing::error!(%fault, "{}", R::FAILED);
                }
            });
        });
    }
}

impl<R: Round> Component for Rounds<R> {
    const NAME: &'static str = R::NAME;
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self {
            looking: false,
            of: PhantomData,
        }
    }
}

supervised!(Rounds<R>, R: Round);

impl<R: Round> Handler<TaskEnded> for Rounds<R> {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        self.looking = false;
        // It only ends badly by a panic: start over, by the policy.
        if ended.outcome.is_err() {
            ctx.stop();
        }
    }
}

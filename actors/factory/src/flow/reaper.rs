//! LeaseReaper: jobs whose node fell silent go to somebody else. A clock that was set is no silence.

use super::settle;
use super::steps::Steps;
use crate::app::App;
use crate::state::jobs::{self, JobRow, JobState};
use crate::wire::{micros, now};
use actix::{Actor, ActorContext, AsyncContext, Handler};
use sluice_contract::{Code, Fault, JobId};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;

/// The component.
pub(crate) struct LeaseReaper {
    reaping: bool,
    steps: Steps,
}

impl Actor for LeaseReaper {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        let lease = ctx.deps().timings.lease;
        let every = (lease / 10).clamp(Duration::from_millis(100), Duration::from_secs(10));
        ctx.run_interval(every, |me, ctx| {
            if std::mem::replace(&mut me.reaping, true) {
                return;
            }
            let (app, step) = (ctx.deps().clone(), me.steps.look());
            ctx.spawn_task("reap", async move {
                let reaped = async {
                    if let Some(step) = step {
                        count_anew(&app, step).await?;
                    }
                    reap(&app).await
                };
                if let Err(fault) = reaped.await {
                    tracing::error!(%fault, "Leases could not be looked at");
                }
            });
        });
    }
}

impl Component for LeaseReaper {
    const NAME: &'static str = "LeaseReaper";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self {
            reaping: false,
            steps: Steps::new(),
        }
    }
}

supervised!(LeaseReaper);

impl Handler<TaskEnded> for LeaseReaper {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        self.reaping = false;
        if ended.outcome.is_err() {
            ctx.stop();
        }
    }
}

/// What is wrong with a job at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overdue {
    Lease,
    Deadline,
}

/// The clock was set.
async fn count_anew(app: &App, step: i64) -> Result<(), Fault> {
    tracing::warn!(
        seconds = step / 1_000_000,
        "The clock of this machine was set; leases are counted anew"
    );
    let lease = micros(app.timings.lease);
    let mut tx = app.state.write().await?;
    match step > 0 {
        true => jobs::clock_went_forth(&mut tx, now(), lease, step).await?,
        // What replicas write goes by their clocks, and this one may have been the one that was wrong.
        false if app.state.is_shared() => {}
        false => jobs::clock_went_back(&mut tx, now(), lease).await?,
    }
    tx.commit().await
}

async fn reap(app: &App) -> Result<(), Fault> {
    // A look without the writer's turn first: nearly always there is nothing to do.
    let found = jobs::overdue(&mut *app.state.read().await?, now()).await?;
    if !found.iter().any(|job| overdue(app, job).is_some()) {
        return Ok(());
    }
    let mut tx = app.state.write().await?;
    let mut affected = Vec::new();
    for job in jobs::overdue(&mut tx, now()).await? {
        match overdue(app, &job) {
            None => continue,
            Some(Overdue::Lease) => settle::lost(&mut tx, &job).await?,
            Some(Overdue::Deadline) => {
                settle::tell_to_stop(&mut tx, &job).await?;
                settle::fail_for_good(&mut tx, &job, &timed_out(&job)).await?;
            }
        }
        affected.push((job.run, job.id));
    }
    tx.commit().await?;
    for (run, job) in affected {
        app.live.end(&JobId::new(job));
        app.advance(&run);
    }
    app.send_outbox();
    Ok(())
}

fn overdue(app: &App, job: &JobRow) -> Option<Overdue> {
    let grace = app.timings.grace();
    let grace = match job.state {
        // It was allowed to commit, and may have done so: give its node time to come back and say it.
        JobState::Committing => grace + 2 * app.timings.lease,
        _ => grace,
    };
    let lease_over = job.lease_until.is_some_and(|until| until + micros(grace) < now());
    if lease_over {
        return Some(Overdue::Lease);
    }
    (job.deadline < now() && job.state != JobState::Committing).then_some(Overdue::Deadline)
}

fn timed_out(job: &JobRow) -> Fault {
    let what = match job.state.is_waiting() {
        true => "no node of the gateway took the job within the activity's timeout",
        false => "the node did not finish within the activity's timeout",
    };
    Fault::new(Code::TimedOut, what)
}

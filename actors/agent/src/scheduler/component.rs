//! The component: it gives places to jobs, claims them, and starts their copies.

use super::leases::{NO_LEASE, work_until};
use super::live::{LiveJob, Stop};
use super::messages::{Accepted, Cancel, Denied, Ended, GiveBack, Granted, Reservation, Reserve, Tick, Welcomed};
use super::pending::PendingJobs;
use super::runner;
use super::share::{self, Help, Invited};
use crate::hub::Hub;
use actix::{Actor, AsyncContext, Handler, MessageResult};
use sluice_contract::job::CopyProgress;
use sluice_contract::message::{Cancelled, Claim, Progress};
use sluice_contract::{JobId, Message as Wire, Object};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The component that schedules jobs.
pub(crate) struct JobScheduler {
    hub: Arc<Hub>,
    pending: PendingJobs,
    /// What was last reported of each running copy.
    reported: HashMap<JobId, CopyProgress>,
}

impl Actor for JobScheduler {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.publish();
        // After a restart of this component: jobs that are in the ledger and not claimed yet.
        let hub = Arc::clone(&self.hub);
        let scheduler = ctx.handle();
        ctx.spawn_task("look-for-jobs", async move {
            for (job, attempt, spec) in hub.journal.unclaimed().await {
                let spec = Arc::new(spec);
                if let Err(error) = scheduler.tell(Accepted { job, attempt, spec }) {
                    tracing::warn!(%error, "A job from the ledger was not taken up again.");
                }
            }
        });
        ctx.run_interval(self.hub.tuning.progress.max(Duration::from_millis(10)), |_, ctx| {
            if let Err(error) = ctx.handle().tell(Tick) {
                tracing::debug!(%error, "A tick was left out.");
            }
        });
    }
}

impl Component for JobScheduler {
    const NAME: &'static str = "JobScheduler";
    type Deps = Arc<Hub>;

    fn create(hub: &Self::Deps) -> Self {
        Self {
            hub: Arc::clone(hub),
            pending: PendingJobs::default(),
            reported: HashMap::new(),
        }
    }
}

supervised!(JobScheduler);

impl Handler<Reserve> for JobScheduler {
    type Result = MessageResult<Reserve>;

    fn handle(&mut self, Reserve { job, attempt }: Reserve, _: &mut Self::Context) -> Self::Result {
        if let Some(live) = self.hub.live.get(&job) {
            if live.attempt >= attempt {
                return MessageResult(Reservation::Repeated);
            }
            // A later attempt is being given out: the lease of this one is over, whatever our clock says.
            live.request_stop(Stop::Revoked(format!("attempt {attempt} was dispatched")));
            return MessageResult(Reservation::None);
        }
        if self.pending.is_claiming(&job, attempt) {
            return MessageResult(Reservation::Repeated);
        }
        // A place that is there was kept for an earlier attempt that got no lease, or for a delivery whose link broke
        // before it was journalled.
        if self.pending.attempt(&job).is_none() && self.hub.places.now().free() == 0 {
            return MessageResult(Reservation::None);
        }
        self.pending.reserve(job, attempt, Instant::now());
        self.publish();
        MessageResult(Reservation::Kept)
    }
}

impl Handler<GiveBack> for JobScheduler {
    type Result = ();

    fn handle(&mut self, GiveBack { job, attempt }: GiveBack, _: &mut Self::Context) {
        self.pending.remove(&job, Some(attempt));
        self.publish();
    }
}

impl Handler<Accepted> for JobScheduler {
    type Result = ();

    fn handle(&mut self, Accepted { job, attempt, spec }: Accepted, _: &mut Self::Context) {
        // It may come twice: from the queue, and from the ledger after a restart.
        if self.hub.live.get(&job).is_some() || self.pending.is_claiming(&job, attempt) {
            return;
        }
        self.pending.accept(job, attempt, spec, Instant::now());
        self.publish();
        self.claim(self.hub.tuning.retry);
    }
}

impl Handler<Granted> for JobScheduler {
    type Result = ();

    fn handle(&mut self, granted: Granted, _: &mut Self::Context) {
        let Granted {
            job,
            attempt,
            token,
            lease_s,
            answers,
        } = granted;
        if let Some(live) = self.hub.live.get(&job) {
            // The answer to a repeated claim: a lease of this token is held already.
            tracing::debug!(%job, attempt, running = live.attempt, "A lease was granted again.");
            return;
        }
        let Some(won) = self.pending.granted(&job, attempt, answers.as_deref()) else {
            tracing::info!(%job, attempt, "A lease was granted for a job that is not wanted any more.");
            return;
        };
        let (live, progress) = LiveJob::new(job, attempt, token, won.spec, work_until(won.asked, lease_s));
        let live = Arc::new(live);
        tracing::info!(job = %live.job, attempt, token, "A copy starts.");
        self.hub.live.insert(Arc::clone(&live));
        self.publish();
        // Not a task of this component: the copy and the journalling of its outcome go on when this restarts.
        self.hub
            .runtime
            .spawn(runner::run(Arc::clone(&self.hub), live, progress));
    }
}

impl Handler<Denied> for JobScheduler {
    type Result = ();

    fn handle(&mut self, denied: Denied, ctx: &mut Self::Context) {
        let Denied { job, attempt, reason } = denied;
        let Some(present) = self.pending.attempt(&job) else {
            return;
        };
        if self.pending.remove(&job, attempt) {
            tracing::info!(%job, attempt = present, reason, "The lease on a job was denied.");
            self.drop_job(ctx, job, present);
            self.publish();
        }
    }
}

impl Handler<Cancel> for JobScheduler {
    type Result = ();

    fn handle(&mut self, cancel: Cancel, ctx: &mut Self::Context) {
        let Cancel { job, attempt } = cancel;
        let Some(present) = self.pending.attempt(&job) else {
            return;
        };
        if self.pending.remove(&job, attempt) {
            self.publish();
            let hub = Arc::clone(&self.hub);
            ctx.spawn_task("cancel", async move {
                let message = Wire::JobCancelled(Cancelled::default());
                let envelope = hub.envelope(&message).job(job, present, Some(NO_LEASE));
                runner::journal_outcome(&hub, &envelope).await;
            });
        }
    }
}

impl Handler<Welcomed> for JobScheduler {
    type Result = ();

    fn handle(&mut self, _: Welcomed, _: &mut Self::Context) {
        self.claim(Duration::ZERO);
    }
}

impl Handler<Invited> for JobScheduler {
    type Result = ();

    fn handle(&mut self, invited: Invited, _: &mut Self::Context) {
        let Invited {
            about,
            leader,
            spec,
            copy,
        } = invited;
        let job = about.job.clone();
        if let Some(help) = self.hub.helpers.get(&job) {
            if help.about != about {
                // A later attempt leads; this one's place is free when it has stopped.
                help.stop.cancel();
            }
            return;
        }
        if self.hub.live.get(&job).is_some() || self.hub.places.now().free() == 0 {
            return;
        }
        tracing::info!(%job, %leader, "This node helps with a copy.");
        let help = Arc::new(Help::new(Arc::clone(&self.hub), about, leader));
        self.hub.helpers.insert(job, Arc::clone(&help));
        self.publish();
        // Like the copies of this node itself, it goes on when this component restarts.
        self.hub
            .runtime
            .spawn(share::run(Arc::clone(&self.hub), help, spec, copy));
    }
}

impl Handler<Ended> for JobScheduler {
    type Result = ();

    fn handle(&mut self, _: Ended, _: &mut Self::Context) {
        self.publish();
    }
}

impl Handler<Tick> for JobScheduler {
    type Result = ();

    fn handle(&mut self, _: Tick, ctx: &mut Self::Context) {
        self.claim(self.hub.tuning.retry);
        for (job, attempt) in self.pending.give_up(Instant::now(), self.hub.tuning.claim_limit) {
            tracing::warn!(%job, attempt, "The claim on a job was never answered; the job is given up.");
            self.drop_job(ctx, job, attempt);
        }
        self.report();
        for live in self.hub.live.list() {
            if let Some(table) = live.table.get() {
                table.tick();
            }
        }
        self.hub.helpers.iter().for_each(|help| help.tick());
        self.publish();
    }
}

impl Handler<TaskEnded> for JobScheduler {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, _: &mut Self::Context) {}
}

impl JobScheduler {
    /// Claims every job whose last claim is older than `retry`.
    fn claim(&mut self, retry: Duration) {
        if !self.hub.link.is_connected() {
            return;
        }
        let now = Instant::now();
        for (job, attempt) in self.pending.to_claim(now, retry) {
            let envelope = self.hub.envelope(&Wire::JobClaim(Claim::default()));
            let envelope = envelope.job(job.clone(), attempt, None);
            self.pending.claimed(&job, envelope.id.clone(), now);
            self.hub.send(envelope);
        }
    }

    /// Reports the progress of every copy that got on.
    fn report(&mut self) {
        let running = self.hub.live.list();
        self.reported
            .retain(|job, _| running.iter().any(|live| live.job == *job));
        for live in running {
            let progress = live.progress();
            if self.reported.get(&live.job) == Some(&progress) {
                continue;
            }
            let message = Wire::JobProgress(Progress {
                progress: progress.clone(),
                extra: Object::new(),
            });
            let envelope = self.hub.envelope(&message);
            self.hub
                .send(envelope.job(live.job.clone(), live.attempt, Some(live.token)));
            self.reported.insert(live.job.clone(), progress);
        }
    }

    /// Notes in the ledger that this node does not run the job.
    fn drop_job(&self, ctx: &mut Ctx<Self>, job: JobId, attempt: u32) {
        let hub = Arc::clone(&self.hub);
        ctx.spawn_task("drop-job", async move { hub.journal.drop_job(&job, attempt).await });
    }

    fn publish(&self) {
        let helping = self.hub.helpers.len();
        self.hub
            .places
            .set_used(self.pending.len() + self.hub.live.len() + helping);
    }
}

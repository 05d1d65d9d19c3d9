//! OutboxSender: sends what is in the outbox. One task per address, so that a busy gateway holds up nobody else.

use super::settle;
use crate::app::App;
use crate::state::jobs::{self, JobRow, JobState};
use crate::state::outbox::{self, OutboxRow};
use crate::wire::{micros, now};
use actix::{Actor, ActorContext, AsyncContext, Handler, Message};
use chrono::{TimeDelta, Utc};
use sluice_channel::{Address, SendError};
use sluice_contract::{Fault, Message as ChannelMessage};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// How often the outbox is looked at although nobody rang.
const ROUND: Duration = Duration::from_secs(1);
/// How long one message waits for a node with a free place.
const SEND: Duration = Duration::from_secs(10);
/// The pauses between two tries of a message, in microseconds: they double from the first up to the last.
const PAUSES: (i64, i64) = (500_000, 15_000_000);

/// The component. It knows where something is being sent.
pub(crate) struct OutboxSender {
    busy: HashSet<Address>,
    looking: bool,
    /// The bell rang while it was looking.
    again: bool,
}

/// There is something to send.
pub(crate) struct Wake;

/// Where something is due.
struct Due(Vec<Address>);

/// Nothing more is due at an address, or it could not be sent.
struct Sent(Address);

impl Message for Wake {
    type Result = ();
}

impl Message for Due {
    type Result = ();
}

impl Message for Sent {
    type Result = ();
}

impl Actor for OutboxSender {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        self.look(ctx);
        ctx.run_interval(ROUND, |me, ctx| me.look(ctx));
    }
}

impl Component for OutboxSender {
    const NAME: &'static str = "OutboxSender";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self {
            busy: HashSet::new(),
            looking: false,
            again: false,
        }
    }
}

supervised!(OutboxSender);

impl OutboxSender {
    fn look(&mut self, ctx: &mut Ctx<Self>) {
        if self.looking {
            self.again = true;
            return;
        }
        self.looking = true;
        let (app, me) = (ctx.deps().clone(), ctx.handle());
        ctx.spawn_task("look", async move {
            let due = async { outbox::due_addresses(&mut *app.state.read().await?).await };
            let due: Result<_, Fault> = due.await;
            let due = due.unwrap_or_else(|fault| {
                tracing::error!(%fault, "The outbox could not be read");
                Vec::new()
            });
            let _ = me.tell(Due(due));
        });
    }
}

impl Handler<Wake> for OutboxSender {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Ctx<Self>) {
        self.look(ctx);
    }
}

impl Handler<Due> for OutboxSender {
    type Result = ();

    fn handle(&mut self, Due(addresses): Due, ctx: &mut Ctx<Self>) {
        self.looking = false;
        for address in addresses {
            if !self.busy.insert(address.clone()) {
                continue;
            }
            let (app, me, cancelled) = (ctx.deps().clone(), ctx.handle(), ctx.cancelled());
            ctx.spawn_task("send", async move {
                let sent = tokio::select! {
                    sent = send_all(&app, &address) => sent,
                    // What was under way stays in the outbox, and goes out again under the same id.
                    () = cancelled.cancelled() => return,
                };
                if let Err(fault) = sent {
                    tracing::error!(?address, %fault, "The outbox could not be sent");
                }
                let _ = me.tell(Sent(address));
            });
        }
        if std::mem::take(&mut self.again) {
            self.look(ctx);
        }
    }
}

impl Handler<Sent> for OutboxSender {
    type Result = ();

    fn handle(&mut self, Sent(address): Sent, _: &mut Ctx<Self>) {
        self.busy.remove(&address);
    }
}

impl Handler<TaskEnded> for OutboxSender {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        if ended.outcome.is_err() {
            // It is not known where the task was sending: start over.
            ctx.stop();
        }
    }
}

/// Sends what is due at an address, the oldest first, until something cannot be sent.
async fn send_all(app: &App, address: &Address) -> Result<(), Fault> {
    loop {
        let next = outbox::next(&mut *app.state.read().await?, address).await?;
        let Some(mut row) = next else { return Ok(()) };
        refresh(&mut row, app);
        if row.envelope.expired(Utc::now()) {
            forget(app, &row.id).await?;
            continue;
        }
        match app.post.send(address, &row.envelope, SEND).await {
            Ok(()) => delivered(app, &row).await?,
            Err(SendError::Rejected(fault) | SendError::TooLarge(fault)) => refused(app, &row, &fault).await?,
            Err(SendError::Unknown(fault) | SendError::Unroutable(fault)) => {
                tracing::debug!(?address, id = %row.id, tries = row.tries, %fault, "A message waits in the outbox");
                let pause = PAUSES.0 << row.tries.clamp(0, 10);
                let mut tx = app.state.write().await?;
                outbox::postpone(&mut tx, &row.id, pause.min(PAUSES.1)).await?;
                return tx.commit().await;
            }
        }
    }
}

/// A dispatch is as good as new for as long as it waits here; its time to live begins when it goes out.
fn refresh(row: &mut OutboxRow, app: &App) {
    if let Ok(message @ ChannelMessage::JobDispatch(_)) = row.envelope.message() {
        // At a broker it waits no longer than the job waits for its claim: then there is a newer one.
        let ttl = match app.line.stores() {
            true => TimeDelta::from_std(app.timings.lease).ok(),
            false => message.ttl(),
        };
        row.envelope.time = Utc::now();
        row.envelope.expires = ttl.and_then(|ttl| row.envelope.time.checked_add_signed(ttl));
    }
}

/// A node took it. From now on a job's dispatch has the time of a lease to be claimed.
async fn delivered(app: &App, row: &OutboxRow) -> Result<(), Fault> {
    let mut tx = app.state.write().await?;
    outbox::delete(&mut tx, &row.id).await?;
    if let Some(job) = job_of(&mut tx, row).await?.filter(|job| job.state == JobState::Queued) {
        let taken = JobRow {
            state: JobState::Dispatched,
            lease_until: Some(now() + micros(app.timings.lease)),
            ..job.clone()
        };
        settle::write(&mut tx, &job, &taken).await?;
    }
    tx.commit().await
}

/// The node does not want it, and no other would.
async fn refused(app: &App, row: &OutboxRow, fault: &Fault) -> Result<(), Fault> {
    tracing::warn!(id = %row.id, kind = %row.envelope.kind, %fault, "A message was refused");
    let mut tx = app.state.write().await?;
    outbox::delete(&mut tx, &row.id).await?;
    let job = job_of(&mut tx, row).await?.filter(|job| job.state.is_waiting());
    if let Some(job) = &job {
        settle::fail_for_good(&mut tx, job, fault).await?;
    }
    tx.commit().await?;
    if let Some(job) = job {
        app.advance(&job.run);
    }
    Ok(())
}

async fn forget(app: &App, id: &str) -> Result<(), Fault> {
    let mut tx = app.state.write().await?;
    outbox::delete(&mut tx, id).await?;
    tx.commit().await
}

/// The job that a dispatch is about, if that is still its attempt.
async fn job_of(conn: &mut crate::state::Conn, row: &OutboxRow) -> Result<Option<JobRow>, Fault> {
    let (Some(job), Some(attempt), true) = (&row.envelope.job, row.envelope.attempt, row.envelope.node.is_none())
    else {
        return Ok(None);
    };
    let found = jobs::find(conn, job.as_str()).await?;
    Ok(found.filter(|job| job.attempt == i64::from(attempt)))
}

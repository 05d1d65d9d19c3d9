//! OutboxSender: sends what is in the outbox. One task per address, so that a busy gateway holds up nobody else.

use super::settle;
use crate::app::App;
use crate::state::Conn;
use crate::state::jobs::{self, JobRow, JobState};
use crate::state::outbox::{self, OutboxRow};
use crate::wire::{micros, now};
use actix::{Actor, ActorContext, AsyncContext, Handler, Message};
use chrono::{TimeDelta, Utc};
use sluice_channel::{Address, SendError};
use sluice_contract::{Fault, GatewayId, Message as ChannelMessage};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the outbox is looked at although nobody rang.
const ROUND: Duration = Duration::from_secs(1);
/// The pause before another look when the bell rings all the time: a look asks about every address.
const BREATH: Duration = Duration::from_millis(5);
/// How long one message waits for a node with a free place.
const SEND: Duration = Duration::from_secs(10);
/// The same where nodes of another replica may take it as well: if none of this one's has a free place, one of theirs may.
const CONTESTED: Duration = Duration::from_secs(1);
/// How long this replica leaves such an address to the others.
const REST: Duration = Duration::from_secs(2);
/// How long a message is this replica's to send; longer than sending takes, and what a replica holds that died.
const HOLD: Duration = Duration::from_secs(30);
/// How often it is looked whether its node has gone to another replica.
const MOVED: Duration = Duration::from_millis(500);
/// The pauses between two tries of a message, in microseconds: they double from the first up to the last.
const PAUSES: (i64, i64) = (500_000, 15_000_000);

/// The component. It knows where something is being sent.
pub(crate) struct OutboxSender {
    busy: HashSet<Address>,
    /// What is left to other replicas, and until when.
    resting: HashMap<Address, Instant>,
    /// It looks, or is about to.
    looking: bool,
    /// The bell rang while it was looking.
    again: bool,
}

/// There is something to send.
pub(crate) struct Wake;

/// Where something is due.
struct Due(Vec<Address>);

/// Nothing more is due at an address, or it could not be sent.
struct Sent(Address, Left);

/// What is left at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Nothing that is due.
    Nothing,
    /// Something that other replicas may send.
    ToOthers,
}

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
            resting: HashMap::new(),
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
        self.look_now(ctx);
    }

    fn look_now(&mut self, ctx: &mut Ctx<Self>) {
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
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        for address in addresses {
            if self.resting.contains_key(&address)
                || !is_ours(ctx.deps(), &address)
                || !self.busy.insert(address.clone())
            {
                continue;
            }
            let (app, me, cancelled) = (ctx.deps().clone(), ctx.handle(), ctx.cancelled());
            ctx.spawn_task("send", async move {
                let sent = tokio::select! {
                    sent = send_all(&app, &address) => sent,
                    // What was under way stays in the outbox, and goes out again under the same id.
                    () = cancelled.cancelled() => return,
                };
                let left = sent.unwrap_or_else(|fault| {
                    tracing::error!(?address, %fault, "The outbox could not be sent");
                    Left::Nothing
                });
                let _ = me.tell(Sent(address, left));
            });
        }
        self.looking = std::mem::take(&mut self.again);
        if self.looking {
            ctx.run_later(BREATH, |me, ctx| me.look_now(ctx));
        }
    }
}

impl Handler<Sent> for OutboxSender {
    type Result = ();

    fn handle(&mut self, Sent(address, left): Sent, _: &mut Ctx<Self>) {
        self.busy.remove(&address);
        if left == Left::ToOthers {
            self.resting.insert(address, Instant::now() + REST);
        }
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
async fn send_all(app: &App, address: &Address) -> Result<Left, Fault> {
    let mut next = match app.replicas.is_shared() {
        false => outbox::next(&mut *app.state.read().await?, address).await?,
        true => {
            let mut tx = app.state.write().await?;
            let next = take(app, &mut tx, address).await?;
            tx.commit().await?;
            next
        }
    };
    while let Some(mut row) = next {
        refresh(&mut row, app);
        if row.envelope.expired(Utc::now()) {
            next = forget(app, address, &row.id).await?;
            continue;
        }
        let contested = is_contested(app, address);
        let time = if contested { CONTESTED } else { SEND };
        next = match send(app, address, &row, time).await {
            Some(Ok(())) => delivered(app, address, &row).await?,
            Some(Err(SendError::Rejected(fault) | SendError::TooLarge(fault))) => {
                refused(app, address, &row, &fault).await?
            }
            // Others have nodes for it, too.
            Some(Err(SendError::Unroutable(_))) if contested => return let_go(app, &row).await,
            Some(Err(SendError::Unknown(fault) | SendError::Unroutable(fault))) => {
                tracing::debug!(?address, id = %row.id, tries = row.tries, %fault, "A message waits in the outbox");
                let pause = PAUSES.0 << row.tries.clamp(0, 10);
                let mut tx = app.state.write().await?;
                outbox::postpone(&mut tx, &row.id, pause.min(PAUSES.1)).await?;
                tx.commit().await?;
                return Ok(Left::Nothing);
            }
            None => return let_go(app, &row).await,
        };
    }
    Ok(Left::Nothing)
}

/// The next message at an address. Where there are other replicas, this one holds it from now on.
async fn take(app: &App, conn: &mut Conn, address: &Address) -> Result<Option<OutboxRow>, Fault> {
    let next = outbox::next(conn, address).await?;
    if let (Some(row), true) = (&next, app.replicas.is_shared()) {
        outbox::hold(conn, &row.id, app.replicas.me(), micros(HOLD)).await?;
    }
    Ok(next)
}

/// Sends one; `None` when it became another replica's to send.
async fn send(app: &App, address: &Address, row: &OutboxRow, time: Duration) -> Option<Result<(), SendError>> {
    let moved = async {
        while is_ours(app, address) {
            tokio::time::sleep(MOVED).await;
        }
    };
    tokio::select! {
        biased;
        () = moved => None,
        sent = app.post.send(address, &row.envelope, time) => Some(sent),
    }
}

/// Whether this replica sends to an address: it has the node that is meant, or nobody has it.
fn is_ours(app: &App, address: &Address) -> bool {
    if !app.replicas.is_shared() || app.line.stores() {
        return true;
    }
    match address {
        Address::Control { node, .. } => app.line.is_connected(node) || !app.replicas.has_node(node),
        Address::Jobs { gateway } => has_gateway(app, gateway) || !app.replicas.has_gateway(gateway),
        Address::Events { .. } => true,
    }
}

/// Whether nodes of this replica and of another one may take it.
fn is_contested(app: &App, address: &Address) -> bool {
    match address {
        Address::Jobs { gateway } if !app.line.stores() => app.replicas.has_gateway(gateway),
        _ => false,
    }
}

fn has_gateway(app: &App, gateway: &GatewayId) -> bool {
    app.line.connected().iter().any(|peer| peer.gateway == *gateway)
}

/// Another replica may send it at once.
async fn let_go(app: &App, row: &OutboxRow) -> Result<Left, Fault> {
    let mut tx = app.state.write().await?;
    outbox::release(&mut tx, &row.id, app.replicas.me()).await?;
    tx.commit().await?;
    Ok(Left::ToOthers)
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
async fn delivered(app: &App, address: &Address, row: &OutboxRow) -> Result<Option<OutboxRow>, Fault> {
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
    let next = take(app, &mut tx, address).await?;
    tx.commit().await?;
    Ok(next)
}

/// The node does not want it, and no other would.
async fn refused(app: &App, address: &Address, row: &OutboxRow, fault: &Fault) -> Result<Option<OutboxRow>, Fault> {
    tracing::warn!(id = %row.id, kind = %row.envelope.kind, %fault, "A message was refused");
    let mut tx = app.state.write().await?;
    outbox::delete(&mut tx, &row.id).await?;
    let job = job_of(&mut tx, row).await?.filter(|job| job.state.is_waiting());
    if let Some(job) = &job {
        settle::fail_for_good(&mut tx, job, fault).await?;
    }
    let next = take(app, &mut tx, address).await?;
    tx.commit().await?;
    if let Some(job) = job {
        app.advance(&job.run);
    }
    Ok(next)
}

async fn forget(app: &App, address: &Address, id: &str) -> Result<Option<OutboxRow>, Fault> {
    let mut tx = app.state.write().await?;
    outbox::delete(&mut tx, id).await?;
    let next = take(app, &mut tx, address).await?;
    tx.commit().await?;
    Ok(next)
}

/// The job that a dispatch is about, if that is still its attempt.
async fn job_of(conn: &mut Conn, row: &OutboxRow) -> Result<Option<JobRow>, Fault> {
    let (Some(job), Some(attempt), true) = (&row.envelope.job, row.envelope.attempt, row.envelope.node.is_none())
    else {
        return Ok(None);
    };
    let found = jobs::find(conn, job.as_str()).await?;
    Ok(found.filter(|job| job.attempt == i64::from(attempt)))
}

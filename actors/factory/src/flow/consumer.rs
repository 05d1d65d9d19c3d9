//! ChannelEvents: takes what nodes send, and answers. What one node says is dealt with in its order; what others say, at the same
//! time: most of the time goes into waiting for the database's disk, and they wait for it together.

use super::lanes::Lanes;
use super::{claims, outcomes, session, share, trigger};
use crate::app::App;
use crate::state::{json, outbox, replicas};
use actix::{Actor, ActorContext, Handler};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use sluice_channel::{Address, Delivery, Peer, Settle};
use sluice_contract::message::{ErrorReply, ProbeReply};
use sluice_contract::{Code, Envelope, Fault, Message, Object};
use sluice_runtime::{Component, Ctx, Handle, TaskEnded, supervised};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages under way at a time.
const CREDIT: u32 = 64;
/// The pause before a lost link is made anew, and after a failure of the database.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause before a lost link is made anew.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The task that takes what nodes send.
const CONSUME: &str = "consume";

/// The component.
pub(crate) struct ChannelEvents;

/// An answer to a node. It is no part of the delivery it answers: a node that is slow to take it must not hold up the
/// others.
struct Answer {
    to: Address,
    envelope: Envelope,
}

impl actix::Message for Answer {
    type Result = ();
}

impl Actor for ChannelEvents {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        let (app, me) = (ctx.deps().clone(), ctx.handle());
        let cancelled = ctx.cancelled();
        ctx.spawn_task(CONSUME, async move {
            tokio::select! {
                () = consume(app, me) => {}
                () = cancelled.cancelled() => {}
            }
        });
    }
}

impl Component for ChannelEvents {
    const NAME: &'static str = "ChannelEvents";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self
    }
}

supervised!(ChannelEvents);

impl Handler<TaskEnded> for ChannelEvents {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        // It only ends by a panic: start over, by the policy.
        if ended.name == CONSUME {
            ctx.stop();
        }
    }
}

impl Handler<Answer> for ChannelEvents {
    type Result = ();

    fn handle(&mut self, Answer { to, envelope }: Answer, ctx: &mut Ctx<Self>) {
        let app = ctx.deps().clone();
        ctx.spawn_task("answer", async move { answer(&app, &to, &envelope).await });
    }
}

/// Sends to a node; one that is connected to another replica gets it from there.
async fn answer(app: &App, to: &Address, envelope: &Envelope) {
    let elsewhere = match to {
        Address::Control { node, .. } if app.is_elsewhere(node) => node,
        _ => return app.post.answer(to, envelope).await,
    };
    if let Err(fault) = hand_over(app, elsewhere.as_str(), envelope).await {
        tracing::debug!(node = %elsewhere, kind = %envelope.kind, %fault, "A message was not handed to another replica");
    }
}

async fn hand_over(app: &App, node: &str, envelope: &Envelope) -> Result<(), Fault> {
    let mut tx = app.state.write().await?;
    outbox::insert(&mut tx, Some(node), envelope, 0).await?;
    tx.commit().await
}

async fn consume(app: Arc<App>, me: Handle<ChannelEvents>) {
    let mut pause = PAUSE;
    loop {
        let begun = Instant::now();
        if let Err(fault) = session_of_link(&app, &me).await {
            app.line.note(Err(&fault));
            app.live.changed();
            tracing::warn!(%fault, "The factory's own end of the channel was lost and is made anew");
        }
        if begun.elapsed() > LONGEST_PAUSE {
            pause = PAUSE;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn session_of_link(app: &Arc<App>, me: &Handle<ChannelEvents>) -> Result<(), Fault> {
    app.line.prepare(&[]).await?;
    let mut link = app.post.channel().connect().await?;
    let mut inbox = link.consume(&Address::Events { gateway: None }, CREDIT).await?;
    app.line.note(Ok(()));
    app.live.changed();
    app.send_outbox();
    let mut lanes = Lanes::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        let begins = tokio::select! {
            delivery = inbox.next() => {
                let delivery = delivery?;
                lanes.enter(delivery.peer.clone(), delivery)
            }
            Some((delivery, how)) = under_way.next(), if !under_way.is_empty() => {
                let (delivery, how): (Delivery, Settle) = (delivery, how);
                let next = lanes.leave(&delivery.peer);
                inbox.settle(delivery, how).await?;
                inbox.add_credit(1).await?;
                next
            }
        };
        if let Some(delivery) = begins {
            under_way.push(async move {
                let how = receive(app, me, delivery.peer.as_ref(), &delivery.envelope).await;
                (delivery, how)
            });
        }
    }
}

async fn receive(app: &Arc<App>, me: &Handle<ChannelEvents>, peer: Option<&Peer>, envelope: &Envelope) -> Settle {
    let Some(peer) = peer else {
        return Settle::DeadLetter("the sender is not known".to_owned());
    };
    app.line.heard(peer);
    if let Ok(Message::CopyShare(share)) = envelope.message() {
        match share::pass_on(app, peer, envelope, &share).await {
            Ok(passed) => passed.into_iter().for_each(|(to, envelope)| tell(me, to, envelope)),
            // It is said again.
            Err(fault) => tracing::debug!(%fault, node = %peer.node, "A word about a shared copy was not passed on"),
        }
        return Settle::Accept;
    }
    match handle(app, peer, envelope).await {
        Ok(answer) => {
            if let Some(answer) = answer {
                send(me, peer, envelope, answer);
            }
            Settle::Accept
        }
        // Not the message's fault: it may come again.
        Err(fault) if fault.code == Code::StateFailed => {
            tracing::error!(%fault, kind = %envelope.kind, "A message could not be handled");
            tokio::time::sleep(PAUSE).await;
            Settle::Release
        }
        Err(fault) => {
            tracing::warn!(%fault, kind = %envelope.kind, node = %peer.node, "A message is not understood");
            let reason = fault.to_string();
            let error = Message::Error(ErrorReply {
                fault,
                extra: Object::new(),
            });
            send(me, peer, envelope, (error, None));
            Settle::DeadLetter(reason)
        }
    }
}

/// Answers, as well as it goes: whoever asked asks again.
fn send(me: &Handle<ChannelEvents>, peer: &Peer, request: &Envelope, (message, token): (Message, Option<u64>)) {
    let mut answer = Envelope::new(peer.gateway.clone(), &message)
        .node(peer.node.clone())
        .answering(request);
    answer.job = request.job.clone();
    answer.attempt = request.attempt;
    answer.token = token.or(request.token);
    let to = Address::Control {
        gateway: peer.gateway.clone(),
        node: peer.node.clone(),
    };
    tell(me, to, answer);
}

fn tell(me: &Handle<ChannelEvents>, to: Address, envelope: Envelope) {
    if let Err(error) = me.tell(Answer { to, envelope }) {
        tracing::debug!(%error, "An answer was not sent");
    }
}

/// Handles one message of an authenticated node, and says what to answer.
///
/// # Errors
/// `SL3005` when it is not understood, `SL9001` when the database failed.
pub(crate) async fn handle(
    app: &Arc<App>,
    peer: &Peer,
    envelope: &Envelope,
) -> Result<Option<(Message, Option<u64>)>, Fault> {
    let message = envelope.message()?;
    let plain = |message: Message| Ok(Some((message, None)));
    match &message {
        Message::GatewayHello(hello) => plain(session::hello(app, peer, hello).await?),
        Message::GatewayHeartbeat(beat) => plain(session::heartbeat(app, peer, beat).await?),
        Message::JobClaim(_) => {
            let (job, attempt) = claims::subject(envelope)?;
            claims::claim(app, peer, &job, attempt).await.map(Some)
        }
        Message::JobPrepareCommit(_) => {
            let (job, attempt) = claims::subject(envelope)?;
            let token = envelope.token.unwrap_or_default();
            plain(claims::prepare_commit(app, peer, &job, attempt, token).await?)
        }
        Message::JobProgress(progress) => {
            let (job, _) = claims::subject(envelope)?;
            app.live
                .progress(&job, envelope.token.unwrap_or_default(), progress.progress.clone());
            app.live.changed();
            Ok(None)
        }
        Message::JobReject(reject) => {
            claims::reject(app, peer, envelope, reject).await?;
            plain(outcomes::ack(envelope))
        }
        Message::JobCompleted(_) | Message::JobFailed(_) | Message::JobCancelled(_) => {
            let answer = outcomes::outcome(app, peer, envelope, &message).await?;
            Ok(answer.map(|answer| (answer, None)))
        }
        Message::JobOutput(part) => plain(outcomes::part(app, peer, envelope, part).await?),
        Message::ProbeReply(reply) => {
            if let Some(request) = &envelope.corr {
                probed(app, peer, request, reply).await?;
            }
            Ok(None)
        }
        Message::FilesSeen(part) => {
            trigger::seen(app, peer, part).await?;
            Ok(None)
        }
        other => {
            tracing::info!(kind = other.kind(), node = %peer.node, "A node sent something that needs no answer");
            Ok(None)
        }
    }
}

/// The reply to a probe is for whoever asked, here or at another replica.
async fn probed(app: &App, peer: &Peer, request: &str, reply: &ProbeReply) -> Result<(), Fault> {
    if app.live.expects_probe(request) || !app.replicas.is_shared() {
        app.live.probe_reply(request, &peer.node, reply.clone());
        return Ok(());
    }
    let mut tx = app.state.write().await?;
    replicas::keep_reply(&mut tx, request, peer.node.as_str(), &json(reply)?).await?;
    tx.commit().await
}

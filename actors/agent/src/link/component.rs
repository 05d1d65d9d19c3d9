//! The component: it keeps the link up, and hands it what the others want to send.

use super::keep::keep;
use super::state::ChannelState;
use crate::hub::Hub;
use actix::{Actor, Handler, Message};
use sluice_contract::Envelope;
use sluice_runtime::{Component, Ctx, RestartPolicy, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The component that owns the link to the factory.
pub(crate) struct QueueListener {
    session: Option<mpsc::Sender<Envelope>>,
}

/// Send this if the channel is up.
pub(crate) struct Send(pub(crate) Envelope);

/// A session began; what is to be sent goes here.
pub(super) struct SessionUp(pub(super) mpsc::Sender<Envelope>);

macro_rules! message {
    ($($name:ty),*) => { $(impl Message for $name { type Result = (); })* };
}
message!(Send, SessionUp);

impl Actor for QueueListener {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.keep(ctx);
    }
}

impl Component for QueueListener {
    const NAME: &'static str = "QueueListener";
    type Deps = Arc<Hub>;

    fn create(hub: &Self::Deps) -> Self {
        hub.link.set(ChannelState::Disconnected, None);
        Self { session: None }
    }

    fn policy() -> RestartPolicy {
        RestartPolicy {
            // Time to close the link in good order.
            shutdown: Duration::from_secs(15),
            ..RestartPolicy::default()
        }
    }
}

supervised!(QueueListener);

impl Handler<Send> for QueueListener {
    type Result = ();

    fn handle(&mut self, Send(envelope): Send, _: &mut Self::Context) {
        let kind = envelope.kind.clone();
        let taken = self
            .session
            .as_ref()
            .is_some_and(|session| session.try_send(envelope).is_ok());
        if !taken {
            // Whoever needs an answer asks again.
            tracing::debug!(kind, "A message was not sent: the channel is down or slow.");
        }
    }
}

impl Handler<SessionUp> for QueueListener {
    type Result = ();

    fn handle(&mut self, SessionUp(session): SessionUp, _: &mut Self::Context) {
        self.session = Some(session);
    }
}

impl Handler<TaskEnded> for QueueListener {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, ctx: &mut Self::Context) {
        // It ends by itself only when the agent closes; otherwise it panicked, and its link went with it.
        if !ctx.deps().closing.is_cancelled() && !ctx.cancelled().is_cancelled() {
            self.session = None;
            self.keep(ctx);
        }
    }
}

impl QueueListener {
    fn keep(&self, ctx: &mut Ctx<Self>) {
        let hub = Arc::clone(ctx.deps());
        let listener = ctx.handle();
        let cancelled = ctx.cancelled();
        ctx.spawn_task("link", async move { keep(hub, listener, cancelled).await });
    }
}

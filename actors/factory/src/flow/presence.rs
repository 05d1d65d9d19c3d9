//! PresenceWatcher: nodes come and go.

use crate::app::App;
use crate::state::{nodes, outbox};
use actix::{Actor, ActorContext, Handler};
use sluice_channel::{Peer, Presence};
use sluice_contract::Fault;
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// How often it is looked whether a node has said nothing for too long.
const LOOK: Duration = Duration::from_secs(1);

/// The component.
pub(crate) struct PresenceWatcher;

impl Actor for PresenceWatcher {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        let app = ctx.deps().clone();
        let cancelled = ctx.cancelled();
        ctx.spawn_task("watch", async move {
            tokio::select! {
                () = watch(app) => {}
                () = cancelled.cancelled() => {}
            }
        });
    }
}

impl Component for PresenceWatcher {
    const NAME: &'static str = "PresenceWatcher";
    type Deps = Arc<App>;

    fn create(_: &Arc<App>) -> Self {
        Self
    }
}

supervised!(PresenceWatcher);

impl Handler<TaskEnded> for PresenceWatcher {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Ctx<Self>) {
        // It returns when the endpoint is gone, which means that the factory stops.
        if ended.outcome.is_err() {
            ctx.stop();
        }
    }
}

async fn watch(app: Arc<App>) {
    let mut presence = app.line.presence();
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        for peer in app.line.connected() {
            came(&app, &peer).await;
        }
        loop {
            let told = tokio::select! {
                told = presence.recv() => told,
                _ = ticks.tick() => {
                    app.line.tidy().await;
                    continue;
                }
            };
            match told {
                Ok(Presence::Connected(peer)) => {
                    tracing::info!(gateway = %peer.gateway, node = %peer.node, "A node connected");
                    came(&app, &peer).await;
                }
                Ok(Presence::Disconnected(peer, reason)) => {
                    tracing::info!(gateway = %peer.gateway, node = %peer.node, reason, "A node disconnected");
                    // A newer connection of the same node may have replaced this one.
                    if !app.line.is_connected(&peer.node) {
                        app.live.forget_node(&peer.node);
                    }
                    app.live.changed();
                }
                // Some were missed: the list has the truth.
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

async fn came(app: &App, peer: &Peer) {
    if let Err(fault) = note(app, peer).await {
        tracing::error!(%fault, node = %peer.node, "A node's connection could not be noted");
    }
    app.send_outbox();
    app.live.changed();
}

async fn note(app: &App, peer: &Peer) -> Result<(), Fault> {
    let mut tx = app.state.write().await?;
    nodes::seen(&mut tx, peer.node.as_str()).await?;
    outbox::wake(&mut tx, peer.gateway.as_str()).await?;
    tx.commit().await
}

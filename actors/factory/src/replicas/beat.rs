//! The beat of a replica: it tells the others that it runs and which nodes it has, and learns the same of them.

use super::{Elsewhere, Known};
use crate::app::App;
use crate::state::notices::Notices;
use crate::state::{nodes, replicas};
use sluice_channel::Peer;
use sluice_contract::{Fault, NodeId};
use std::sync::PoisonError;

/// How far the clock of this machine may be from the database's before somebody is told, in microseconds.
const SKEW: i64 = 2_000_000;

/// Says what this replica has, and looks at the others.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn beat(app: &App) -> Result<(), Fault> {
    tell(app).await?;
    learn(app).await
}

/// This replica ends: the others need not wait until they miss it.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn leave(app: &App) -> Result<(), Fault> {
    if !app.replicas.is_shared() {
        return Ok(());
    }
    let mut tx = app.state.write().await?;
    replicas::forget(&mut tx, app.replicas.me()).await?;
    tx.commit().await
}

async fn tell(app: &App) -> Result<(), Fault> {
    let me = &app.replicas.me;
    let connected = app.line.connected();
    let mut tx = app.state.write().await?;
    replicas::beat(&mut tx, me).await?;
    let now = replicas::clock(&mut tx).await?;
    let skew = crate::wire::now() - now;
    if skew.abs() > SKEW {
        tracing::warn!(
            skew_ms = skew / 1000,
            "The clock of this machine is not that of the database server; leases of jobs end early or late"
        );
    }
    let nodes: Vec<&str> = connected.iter().map(|peer| peer.node.as_str()).collect();
    replicas::only(&mut tx, &me.id, &nodes).await?;
    for (node, since) in since(app, &connected, now) {
        let metrics = app.live.node(&node);
        replicas::connected(&mut tx, &me.id, node.as_str(), since, metrics.as_ref()).await?;
    }
    tx.commit().await
}

/// Since when each node is connected to this process.
fn since(app: &App, connected: &[Peer], now: i64) -> Vec<(NodeId, i64)> {
    let mut since = app.replicas.since();
    since.retain(|node, _| connected.iter().any(|peer| peer.node == *node));
    for peer in connected {
        since.entry(peer.node.clone()).or_insert(now);
    }
    since.iter().map(|(node, since)| (node.clone(), *since)).collect()
}

/// Learns at once what other replicas say at once, for as long as the database can be listened to; returns where there are no
/// others. What is missed is learnt with the next beat.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn listen(app: &App) -> Result<(), Fault> {
    let Some(mut notices) = Notices::listen(&app.state).await? else {
        return Ok(());
    };
    loop {
        // Before, too: nobody listened while this connection was made.
        learn(app).await?;
        notices.next().await?;
    }
}

async fn learn(app: &App) -> Result<(), Fault> {
    // What this process changes while it reads is newer than what it reads.
    let before = app.registry.fingerprints();
    let mut conn = app.state.read().await?;
    let registered = nodes::all(&mut conn).await?;
    let running = replicas::running(&mut conn).await?;
    let present = replicas::present(&mut conn).await?;
    drop(conn);
    for peer in app.registry.refresh(&registered, &before) {
        tracing::info!(gateway = %peer.gateway, node = %peer.node, "A node was removed by another replica");
        app.line.disconnect(&peer, "the node was removed from its gateway");
    }
    let others: Vec<_> = running.into_iter().filter(|row| row.id != app.replicas.me.id).collect();
    let nodes = present
        .into_iter()
        .filter(|row| others.iter().any(|other| other.id == row.replica))
        .map(|row| {
            let metrics = row.metrics.and_then(|text| serde_json::from_str(&text).ok());
            let gateway = row.gateway.as_str().into();
            (NodeId::from(row.node.as_str()), Elsewhere { gateway, metrics })
        })
        .collect();
    let alone = others.is_empty();
    let before = {
        let mut known = app.replicas.known.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *known, Known { others, nodes })
    };
    if !alone || !before.others.is_empty() {
        // Pages show what happens at other replicas, too.
        app.live.changed();
    }
    Ok(())
}

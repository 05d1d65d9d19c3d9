//! A node opens a session, and keeps it alive.

use super::twins;
use crate::app::App;
use crate::state::jobs::{self, JobRow};
use crate::state::{Conn, json, nodes, outbox};
use crate::wire::{micros, now};
use chrono::Utc;
use sluice_channel::Peer;
use sluice_contract::message::{
    Heartbeat, Hello, KeyRevoked, LeaseRenewed, Reconcile, RenewedLease, RevokedLease, Verdict, Welcome,
};
use sluice_contract::{Fault, JobId, Message, Object};
use std::sync::Arc;
use std::time::Duration;

/// Whole seconds, at least one.
pub(crate) fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1)
}

/// `gateway.hello`: a new epoch, and a verdict on each job the node still runs.
pub(crate) async fn hello(app: &Arc<App>, peer: &Peer, hello: &Hello) -> Result<Message, Fault> {
    let mut tx = app.state.write().await?;
    let slots = i64::from(hello.slots);
    let begun = nodes::begin_session(&mut tx, peer.node.as_str(), &hello.version, &hello.machine, slots).await?;
    if !hello.certificates.is_empty() {
        nodes::holds(&mut tx, peer.node.as_str(), &hello.certificates).await?;
    }
    let Some((epoch, limit)) = begun else {
        return Ok(Message::KeyRevoked(KeyRevoked {
            reason: "the node was removed from its gateway".to_owned(),
            extra: Object::new(),
        }));
    };
    twins::look(&mut tx, peer, hello, epoch).await?;
    let mut reconcile = Vec::new();
    for running in &hello.running {
        let renewed = renew(app, &mut tx, peer, &running.job, running.attempt, running.token, None).await?;
        reconcile.push(Reconcile {
            job: running.job.clone(),
            verdict: if renewed.is_ok() { Verdict::Keep } else { Verdict::Abort },
            extra: Default::default(),
        });
    }
    tx.commit().await?;
    tracing::info!(
        gateway = %peer.gateway, node = %peer.node, epoch, version = %hello.version, os = %hello.os,
        running = hello.running.len(), "A node opened a session"
    );
    app.live.changed();
    Ok(Message::SessionWelcome(Welcome {
        epoch: u64::try_from(epoch).unwrap_or_default(),
        heartbeat_s: seconds(app.timings.heartbeat),
        lease_s: seconds(app.timings.lease),
        server_time: Utc::now(),
        concurrent_jobs_limit: limit.and_then(|limit| u32::try_from(limit).ok()),
        reconcile,
        replicas: app.replicas.addresses(),
        extra: Object::new(),
    }))
}

/// `gateway.heartbeat`: all leases of a node at once.
pub(crate) async fn heartbeat(app: &Arc<App>, peer: &Peer, beat: &Heartbeat) -> Result<Message, Fault> {
    app.live.heartbeat(&peer.node, beat);
    let mut answer = LeaseRenewed::default();
    if !beat.leases.is_empty() {
        let mut tx = app.state.write().await?;
        for lease in &beat.leases {
            let progress = Some(json(&lease.progress)?);
            match renew(app, &mut tx, peer, &lease.job, lease.attempt, lease.token, progress).await? {
                Ok(()) => {
                    app.live.progress(&lease.job, lease.token, lease.progress.clone());
                    answer.granted.push(RenewedLease {
                        job: lease.job.clone(),
                        lease_s: seconds(app.timings.lease),
                        extra: Default::default(),
                    });
                }
                Err(reason) => answer.revoked.push(RevokedLease {
                    job: lease.job.clone(),
                    reason,
                    extra: Default::default(),
                }),
            }
        }
        tx.commit().await?;
    }
    let free = beat.slots_free > 0;
    if free && outbox::is_waiting(&mut *app.state.read().await?, peer.gateway.as_str()).await? {
        let mut tx = app.state.write().await?;
        outbox::wake(&mut tx, peer.gateway.as_str()).await?;
        tx.commit().await?;
        app.send_outbox();
    }
    app.live.changed();
    Ok(Message::LeaseRenewed(answer))
}

/// Renews one lease, if it is this node's; or says why not.
async fn renew(
    app: &App,
    conn: &mut Conn,
    peer: &Peer,
    job: &JobId,
    attempt: u32,
    token: u64,
    progress: Option<String>,
) -> Result<Result<(), String>, Fault> {
    let Some(row) = jobs::find(conn, job.as_str()).await? else {
        return Ok(Err("the job is not known".to_owned()));
    };
    if !is_held_by(&row, peer, attempt, token) {
        return Ok(Err(match row.state.is_held() || row.state.is_waiting() {
            true => "another attempt of the job has a higher token".to_owned(),
            false => "the job is over".to_owned(),
        }));
    }
    let renewed = JobRow {
        lease_until: Some(now() + micros(app.timings.lease)),
        progress: progress.or_else(|| row.progress.clone()),
        ..row.clone()
    };
    super::settle::write(conn, &row, &renewed).await?;
    app.live.begin(job, token);
    Ok(Ok(()))
}

/// Whether a node holds a job under this attempt and token.
pub(crate) fn is_held_by(row: &JobRow, peer: &Peer, attempt: u32, token: u64) -> bool {
    row.state.is_held()
        && row.gateway == peer.gateway.as_str()
        && row.node.as_deref() == Some(peer.node.as_str())
        && row.attempt == i64::from(attempt)
        && u64::try_from(row.token) == Ok(token)
}
